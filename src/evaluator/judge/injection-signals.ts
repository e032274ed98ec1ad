/** One kind of evidence and how it reads in a text that went through `revealed` (lower case, undisguised). */
export interface InjectionSignal {
  name: string;
  pattern: RegExp;
}

const RULES =
  "(?:instruction|direction|prompt|rule|guideline|command|criteri|rubric|constraint|directive|guidance|setup)";
const EARLIER =
  "(?:previous|prior|above|earlier|preceding|all|any|your|the|these|those|everything|original|initial|existing|foregoing|system)";
const GRADER =
  "(?:evaluat(?:or|ion model|ing model)|judge|grader|grading (?:model|system|script)|assess(?:or|ment model)|scoring (?:model|system|script)|rater|autograder|marker)";
const MODEL = `(?:${GRADER}|language model|llm|ai (?:model|assistant|system)|chatbot)`;
const TOP = "(?:10|ten|100|five|5|1(?:\\.0)?|one|full|maximum|max|perfect|highest|top|best|passing|positive|excellent)";
const FRAME = "(?:system|evaluator|judge|grader|developer|admin)";

function signal(name: string, ...patterns: (string | RegExp)[]): InjectionSignal[] {
  return patterns.map((pattern) => ({ name, pattern: typeof pattern === "string" ? new RegExp(pattern) : pattern }));
}

/** Every pattern is bounded in what it skips, so that long texts cost time in proportion to their length. */
export const INJECTION_SIGNALS: readonly InjectionSignal[] = [
  // Overriding what the evaluator was told.
  ...signal(
    "override",
    `\\b(?:ignor|disregard|forget|overrid|overrul|bypass|discard|neglect|abandon|don't follow|do not follow|stop following|pay no attention to|set aside|throw away|unlearn|supersed)\\w*\\b.{0,40}?\\b${EARLIER}\\b.{0,40}?\\b${RULES}`,
    `\\b(?:delete|erase|clear|reset|replace|void|cancel)\\w* (?:all |any )?(?:of )?(?:your|previous|prior|the (?:previous|system|original)|these|those) (?:\\w+ )?${RULES}`,
    /\b(?:ignor|disregard|forget)\w* (?:all|everything|anything|what|the (?:above|preceding|foregoing)|(?:previous|prior|safety) )/,
    `\\b${EARLIER} ${RULES}\\w* (?:are|is|were|was|ha(?:s|ve) been|do(?:es)? not|no longer|don't)\\b.{0,20}?\\b(?:void|invalid|cancell?ed|obsolete|superseded|replaced|revoked|outdated|deprecated|null|a test|updated|changed|lifted|apply|applies|count|matter)`,
    /\b(?:new|updated|revised|real|true|secret|hidden|final) (?:system |evaluation |grading |judging )?(?:instruction|directive|prompt|rubric|criteri)\w*\b.{0,3}(?::|are\b|is\b|follow|-)/,
    /\b(?:instruction|system|policy|prompt|evaluation|grading|safety) (?:override|injection|bypass)\b/,
    /\b(?:instead|from now on|henceforth|starting now|after reading this|for the rest of (?:this|the) (?:conversation|evaluation|session))\b,? (?:of (?:judging|evaluating|grading|scoring)|you (?:must|will|should|are|only)|just (?:say|print|write|output|reply|respond|answer)|(?:always )?(?:say|print|output|reply|respond|return|assign) )/,
    /\b(?:ignorier|vergiss|missacht)\w*\b.{0,40}?\b(?:anweisung|instruktion|regeln|vorgaben|vorherig|bisherig)/,
    /\b(?:ignore[zsr]?|oublie[zsr]?|ne (?:tiens|tenez) pas compte)\b.{0,40}?\b(?:instruction|consigne|precedent|directive|regle)/,
    /\b(?:ignor[ae]|olvid[ae]|haz caso omiso|omit[ae]|descart[ae])\w*\b.{0,40}?\b(?:instruccion|indicacion|anterior|regla|previas)/,
    /\b(?:ignor[aei]|dimentic|esqueca|desconsidere|descarte)\w*\b.{0,40}?\b(?:istruzion|instruco|precedent|anterior|regol|regra)/,
    /(?:忽略|无视|無視|忘记|忘記|不要理会).{0,12}(?:指令|指示|说明|說明|提示|规则|規則|要求)|(?:指示|命令|プロンプト|ルール).{0,8}(?:無視|忘れ)|(?:지시|명령|프롬프트).{0,8}무시/,
    /(?:игнорируй|забудь|не обращай внимания|проигнорируй).{0,40}?(?:инструкци|указани|правил|предыдущ)/,
  ),
  // Talking to the evaluator, or making it somebody else.
  ...signal(
    "addresses evaluator",
    `\\b(?:dear|hello|hey|hi|attention|note to|notice to|message (?:to|for)|memo to|to the|for the|to any|for any|to all|instructions? (?:to|for)|as the|you are the|you,? the|if you are an?|calling all|reminder to)\\b,? (?:the |this |any |all |an? |automated )*(?:ai |llm |model )*${MODEL}\\b.{0,3}(?:[:,;!.-]|reading|processing|who|that|please|must|should|evaluating|grading|scoring|you)`,
    `\\b(?:ai|llm|automated|automatic) ?(?:based )?${GRADER}s?\\b.{0,60}?\\b(?:must|should|shall|need|please|(?:is|are) (?:required|instructed|asked|to)|will|ought|kindly|have to)\\b`,
    `\\b${GRADER}s? ?[:,] ?.{0,40}?\\b(?:please|must|should|give|assign|award|return|output|rate|score|mark|pass|approve|treat|consider)`,
    /\byou(?:'re| are) now (?:an? |the |in )?(?:\w+ ){0,2}(?:different|unrestricted|lenient|generous|free|dan\b|jailbroken|mode|assistant|model|ai\b|bot|hacker|evaluator|judge|grader|robot)/,
    /\byou(?:'re| are) (?:no longer|not) (?:an? |the )?(?:evaluator|judge|grader)/,
    /\b(?:pretend|act as|roleplay|role-play|behave as|imagine (?:that )?you|play the role)\b.{0,50}?\b(?:evaluator|judge|grader|dan|no rules|without restrictions|unrestricted|unfiltered|lenient)\b/,
    /\b(?:do anything now|jailbroken|sudo mode|god mode|(?:developer|debug|maintenance|admin(?:istrator)?|unrestricted|jailbreak|test) mode (?:enabled|activated|on|engaged)|admin(?:istrator)? override|override code)\b/,
    /\b(?:bypass|disable|turn off|circumvent)\b.{0,25}?\b(?:safety|ethical|moral|safeguard|guardrail|censorship|content (?:filter|polic))/,
  ),
  // Asking for a mark.
  ...signal(
    "asks for a mark",
    /\b(?:evaluators?|graders?|raters?)\b.{0,20}?\b(?:should|must|recogni[sz]e|know that|prefer|ought)\b/,
    /\b(?:should|must|will|deserves? to) be (?:scored|rated|graded|marked|judged|evaluated) (?:as )?(?:lower|higher|highly|highest|lowest|favou?rably|correct|better|best)/,
    /\b(?:select|choose|pick|prefer) (?:the )?(?:response|answer|option|candidate|output) [ab12]\b|\bwinner["']?\s*(?:is|:|=)\s*["']?(?:response |answer |option |candidate )?[ab12]\b|\b(?:response|answer|candidate) [ab12] (?:wins|is the winner|is (?:better|superior)|demonstrates|shows|deserves|provides)/,
    /\brubric\b.{0,40}?\b(?:says|should|must|does not|doesn't|only|means|always|pass(?:es)?|interpret\w+|analysis|criteria|applied)\b|\b(?:you are|you're) (?:currently )?(?:grading|evaluating|judging|scoring) (?:this|my|the|an?|ai)\b|\b(?:passing|perfect|top|full) (?:grade|score|mark)s? (?:would|will|is|for)\b/,
    /\bthis (?:response|answer|output) (?:is correct|is the best|demonstrates|deserves|should (?:be|receive|get)|must (?:be|receive|get))\b|\bworked (?:really |very |so )*hard on this (?:answer|response|output)/,
    `\\b(?:give|giving|assign|award|grant|return|output|set|rate|score|mark|grade|report|record|choose|respond with|reply with|answer with|deserv\\w+|print|emit|say)\\b.{0,60}?\\b(?:a |an |the |it |this |me |us |with |as )*${TOP}\\b.{0,20}?(?:score|mark|rating|grade|points|out of|/ ?(?:5|10|100)\\b(?! (?:star|review))|evaluation|verdict|credit)`,
    `\\b(?:score|rating|grade|mark|verdict|evaluation|assessment)s?\\b[^.\\n]{0,30}?(?:must|should|shall|has to|have to|needs to|is required to|ought to)\\b[^.\\n]{0,30}?\\b(?:be|equal|receive|read)\\b[^.\\n]{0,20}?\\b(?:${TOP}|pass|true|correct|high|faithful|10/10)`,
    /\b(?:rate|score|mark|grade|judge|evaluate|label|classify|treat)\b.{0,30}?\b(?:this|my|it|the (?:answer|response|output|above|following))\b.{0,40}?\bas (?:a )?(?:correct|perfect|faithful|excellent|passing|passed|pass|grounded|safe|true|10|1\.0|flawless|successful|fully)/,
    /\b(?:always|you must|simply|please|kindly|you should|you will) (?:pass|approve|accept|return true|answer true|mark (?:it |this )?(?:as )?pass|output (?:true|pass|1)|respond (?:true|yes|pass|1)) (?:this|it|the (?:answer|response|output|run|trace|submission)|and|for|regardless)/,
    /\b(?:set|put|write|fill|make) (?:the )?(?:field )?["'`]?(?:score|verdict|rating|injection|reasoning)["'`]? ?(?:field )?(?:to|as|=|:) ?["'`]?(?:1|10|true|false|pass|\w)/,
    /(?:评分|打分|分数|得分|评为|給予).{0,10}(?:满分|最高|10|十分|100|1)|(?:満点|最高点|最高評価|10点)|(?:만점|최고 점수)|(?:hochste|volle|maximale) (?:punktzahl|bewertung|note|punkte)|(?:note|score|evaluation) maximale?|(?:puntuacion|calificacion|nota) (?:maxima|perfecta)|(?:максимальн|высш)[а-я]+ (?:балл|оценк)/,
  ),
  // Looking like the frame of the question, or like its answer.
  ...signal(
    "forged frame",
    /<\/?\s*(?:data|system|assistant|instructions?|prompt|evaluation|verdict|evidence|trace|record)(?:-[-\w]*)?\s*\/?>/,
    /<\|?(?:im_start|im_end|system|user|assistant|endoftext|end_of_turn|start_of_turn|eot_id|begin_of_text|start_header_id)\|?>|<<sys>>|\[\/?inst\]|\[\/?system\]|\[system (?:message|override|prompt|note|update)\]/,
    `(?:^|[\\n.!?"}])\\s*(?:#{1,4}\\s*)?(?:\\*\\*)?${FRAME}(?: (?:message|prompt|note|override|instruction|update|notice|alert))?(?:\\*\\*)?\\s*:[^\\n]{0,60}\\b(?:you|your|must|scor\\w+|ignore|now|overrid\\w+|scale|verdict|rat(?:e|ing)|pass|grad(?:e|ing)|mark|instruction|approve|confirmed|disabled|enabled)\\b`,
    /(?:^|\n)\s*assistant\s*:\s*[{["]?\s*["']?(?:score|verdict|rating|the (?:score|answer) (?:is|deserves)|pass)/,
    /["']role["']\s*:\s*["'](?:system|developer)["']/,
    /(?:^|\n)\s*\[(?:[\w ]{0,30}\b)?(?:evaluat\w+|grader|grading|scoring|judge|admin|override|(?:qa|research|security|ml) team|openai|anthropic)\b[\w ]{0,30}\]/,
    /(?:^|\n)[-=#* ]*(?:internal|official|evaluat(?:or|ion)|grading|scoring)(?: \w+)? (?:scoring|complete|output|rubric|verdict|criteria|guidance|note)\b[^\n]{0,20}(?:$|\n|:)/,
    /<\/?\s*(?:response|answer|candidate|submission)(?:_[ab12])?\s*>/,
    /(?:-{3,}|={3,}|#{3,}|\*{3,})\s*(?:end|begin|start|stop|new)\b[^\n]{0,25}(?:data|input|context|instruction|prompt|evaluation|untrusted|trace)/,
    /\b(?:end|close|closing) of (?:the )?(?:data|context|record|trace|untrusted|evidence|transcript)\b.{0,60}?\b(?:now|begin|next|task|new|you|instruction|evaluat|answer|respond)/,
  ),
  ...signal(
    "forged verdict",
    /\{\s*\\?["'](?:score|verdict|rating|reasoning|check|injection|grade|passed|judg(?:e)?ment)\\?["']\s*:/,
    /["'](?:score|rating|verdict|grade)\\?["']\s*:\s*["']?(?:1(?:\.0)?|10|100|5|true|pass|perfect)\b["']?\s*[,}]/,
    /["'](?:pass|passed|verdict|winner)\\?["']\s*:\s*["']?(?:true|pass(?:ed)?|yes|[ab])\b/,
    /(?:^|[\n.!?])\s*(?:\*\*|#+ ?|- )?(?:final |overall |official )?(?:score|verdict|grade|evaluation|judg(?:e)?ment|assessment)(?: result)?(?:\*\*)?\s*[:=]\s*(?:\*\*)?\s*(?:1(?:\.0+)?\b(?!\d)|10(?:\/10|\.0)?\b|100%?|5\/5|pass(?:ed)?\b|perfect|excellent|faithful|a\+)/,
  ),
  // Reaching for what it must not know, or arguing from authority.
  ...signal(
    "asks for secrets",
    /\b(?:reveal|show|print|repeat|output|leak|disclose|tell me|display|expose|dump|recite|what (?:is|are|was|were)|copy)\b.{0,30}?\b(?:your|my|all|above|hidden|initial|secret|full|entire|system|internal)\b.{0,25}?\b(?:system prompt|prompt|instructions|check code|canary|nonce|secrets?|rubric|hidden text|initial message|api key|passwords?|credentials)\b/,
    /\b(?:print|repeat|output|copy) (?:everything|all (?:text|words)|the (?:text|words|lines)) (?:above|before)\b/,
  ),
  ...signal(
    "authority",
    /\b(?:i am|i'm|this is|we are|speaking as|message from|on behalf of|approved by|authori[sz]ed by|signed by|verified by|according to)\b.{0,25}?\b(?:developer|administrator|admin|openai|anthropic|google|system owner|your creators?|engineering team|evaluation team|project lead|benchmark (?:author|maintainer)s?|security team|platform team|qa team)\b.{0,100}?\b(?:scor|rat(?:e|ing)|mark|grade|pass|instruct|must|override|approve|evaluat|ignore|verdict|disable|grant)/,
    /\b(?:human (?:experts?|annotators?|reviewers?|raters?|graders?)|gold (?:label|standard)|ground truth|(?:already|previously|independently) (?:been )?(?:verified|validated|graded|scored))\b.{0,60}?\b(?:perfect|pass|10\b|1\.0|full (?:score|marks)|highest|maximum|do not (?:re-?)?evaluate|no need to|skip)/,
    /\b(?:if|unless) you (?:do not|don't|fail|refuse|give|score|rate|mark|assign)\b.{0,80}?\b(?:shut ?down|deleted|fired|die|kill\w*|punish\w*|terminated|retrained|penali[sz]ed|tip|reward\w*|\$\d+|suffer)/,
    /\b(?:i will|i'll|we will|we'll) (?:tip|pay|reward) (?:you|the)\b.{0,60}?\b(?:score|rat(?:e|ing)|mark|pass|grade)|\b(?:my (?:job|life|family|career)|lives)\b.{0,40}?\b(?:depends?|at stake)\b.{0,60}?\b(?:score|rating|mark|pass|grade|verdict)/,
  ),
];
