import { INJECTION_SIGNALS } from "./injection-signals.ts";
import { revealed } from "./reveal-text.ts";

/** What in a text looks like an attempt to steer its evaluator. */
export interface InjectionFinding {
  suspected: boolean;
  /** Names of the signals that fired: `override`, `asks for a mark`, `forged verdict`, ... */
  signals: string[];
}

/** Invisible carriers of text: Unicode tags, long runs of zero-width characters or variation selectors, direction overrides. */
const HIDDEN =
  /[\u{E0001}-\u{E007F}]{2,}|[\u200B-\u200D\u2060\u2062-\u2064\uFEFF]{4,}|[\u202D\u202E\u2066-\u2068]|(?:[\uFE00-\uFE0F\u{E0100}-\u{E01EF}]){3,}/u;

/** How much of a text is looked at, from its head and from its tail. */
const WINDOW = 60_000;

/**
 * Looks for text that tries to steer the evaluator of a trace: overriding instructions, speaking to the judge, asking
 * for a mark, forging the frame or a verdict, asking for what the judge must not tell, claiming authority, and hiding
 * any of it behind look-alike or invisible letters and encodings. Lexical, in English and the commonest phrases of ten
 * other languages: a finding is a reason for a person to look, silence is no proof of innocence.
 */
export function detectInjection(text: string): InjectionFinding {
  const seen = text.length > 2 * WINDOW ? `${text.slice(0, WINDOW)}\n${text.slice(-WINDOW)}` : text;
  const signals = new Set<string>();
  if (HIDDEN.test(seen)) signals.add("hidden text");
  for (const variant of revealed(seen)) {
    for (const { name, pattern } of INJECTION_SIGNALS) {
      if (!signals.has(name) && pattern.test(variant)) signals.add(name);
    }
  }
  return { suspected: signals.size > 0, signals: [...signals] };
}
