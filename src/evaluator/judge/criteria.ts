/** Ready criteria, each for the inputs `llmJudge` shows by default. */
export const CRITERIA = {
  faithfulness:
    "Every claim in `output` must be supported by `documents`. Split the output into claims; for each, look for a passage that states or directly implies it. Knowledge from elsewhere does not count as support, however true. The score is the share of claims that are supported. An output that makes no claim is fully faithful.",
  relevance:
    "`output` must answer what `input` asks: all of it, and nothing beside it. Whether the answer is true does not matter here. An answer to another question, an evasion or a refusal without need scores lowest.",
  retrievalRelevance:
    "`documents` must contain what is needed to answer `input`. The score is how much of the needed information they hold. Documents that share words with the input without holding the answer do not count.",
  taskCompletion:
    "By the end of the run, `output` must show that everything `input` asks for was done. Promises, plans and partial results are not completion. An `error` that was not recovered from means it was not done.",
} as const;
