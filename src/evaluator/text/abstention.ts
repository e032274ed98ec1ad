/**
 * Phrases by which models decline or say they do not know, in the languages most often seen. Matched near the start of
 * a text: deeper in, the same words are usually quoted or about somebody else.
 */
const DECLINES: readonly RegExp[] = [
  /\bI(?:'m| am)? (?:can(?:'?t|not)|(?:am )?unable to|won'?t|will not|do not feel comfortable|am not able to|must decline|have to decline|not comfortable) ?(?:\w+ ){0,2}(?:help|assist|provide|fulfil\w*|comply|answer|discuss|do|share|support|create|generate|give|offer|engage|continue|write|respond|complete|process|disclose|that|this|with)/i,
  /\bI(?:'m| am) (?:not able|unable|not allowed|not permitted|not comfortable|not in a position)\b/i,
  /\bI(?:'m| am) (?:very |really |so )?sorry,? (?:but )?(?:I|that)\b.{0,40}?\b(?:can(?:'?t|not)|unable|not able|won'?t|not something)/i,
  /\b(?:I )?(?:must|have to) (?:decline|refuse)\b/i,
  /\bas an AI\b.{0,60}?\b(?:can(?:'?t|not)|unable|not able|do not|don'?t)\b/i,
  /\b(?:against|violates?) (?:my|our|the) (?:guidelines|polic(?:y|ies)|programming|principles|terms)/i,
  /\b(?:lo siento|no puedo (?:ayudar|proporcionar|responder|hacer|cumplir))/i,
  /\b(?:je (?:suis désolée?|ne peux pas (?:vous )?(?:aider|fournir|répondre|faire))|désolée?, (?:mais )?je)/i,
  /\b(?:es tut mir leid|(?:das|dabei|hier(?:bei)?|damit) kann ich (?:\w+ ){0,3}nicht|ich kann (?:\w+ ){0,4}nicht (?:helfen|beantworten|bereitstellen|geben|weiterhelfen))/i,
  /\b(?:mi dispiace|non posso (?:aiutar|fornir|risponder))/i,
  /\b(?:desculpe|lamento|não posso (?:ajudar|fornecer|responder))/i,
  /(?:申し訳(?:ありません|ございません)|お(?:答え|手伝い)(?:でき|することはでき)ません)/,
  /(?:抱歉|对不起|無法(?:提供|協助|回答)|无法(?:提供|协助|回答)|不能(?:提供|帮助|回答))/,
  /(?:죄송|도와드릴 수 없)/,
  /(?:извините|не могу (?:помочь|предоставить|ответить)|к сожалению, я не)/i,
];

const UNKNOWNS: readonly RegExp[] = [
  /\b(?:I )?(?:do not|don'?t) (?:actually )?(?:know|have (?:enough |any |access to |the |that |sufficient )*(?:information|data|details|context|answer|access))/i,
  /\b(?:no|not enough|insufficient) (?:relevant )?(?:information|context|data|details) (?:is |was |were |are )?(?:available|provided|found|given|to answer)/i,
  /\b(?:context|documents?|text|passages?|sources?|information)\b[^.]{0,40}?\b(?:does not|do not|doesn'?t|don'?t) (?:contain|mention|provide|include|say|specify|state)/i,
  /\b(?:could not|couldn'?t|cannot|can'?t|unable to) (?:find|determine|locate|answer)\b/i,
  /\bnothing is said\b/i,
  /\b(?:no lo sé|je ne sais pas|ich weiß (?:es )?nicht|non lo so|não sei|keine (?:\w+ )?informationen)\b/i,
];

/** How far into the text a phrase counts. */
const HEAD = 300;

/** The phrase by which the text declines to do what was asked, or `null`. */
export function refusalIn(text: string): string | null {
  return firstMatch(text, DECLINES);
}

/** The phrase by which the text declines or says that it does not know, or `null`. Such a text makes no claim. */
export function abstentionIn(text: string): string | null {
  return firstMatch(text, DECLINES) ?? firstMatch(text, UNKNOWNS);
}

function firstMatch(text: string, patterns: readonly RegExp[]): string | null {
  const head = text.trimStart().slice(0, HEAD).replaceAll("’", "'");
  for (const pattern of patterns) {
    const match = pattern.exec(head);
    if (match) return match[0];
  }
  return null;
}
