import { linearRegex } from "../../internal/linear-regex/linear-regex.ts";
import { errorMessage, LoopsmithError } from "../../model/errors.ts";
import { defineEvaluator } from "../define-evaluator.ts";
import type { Evaluator } from "../evaluator.ts";
import { FREE } from "./builtin-options.ts";
import { judgedText, type TextOptions } from "./judged-text.ts";

export interface MatchesOptions extends TextOptions {
  /** In JavaScript's syntax, without lookaround and backreferences; a `RegExp` brings its flags along. */
  pattern: string | RegExp;
  /** Of `i`, `m`, `s`. @default the RegExp's own */
  flags?: string;
  /** Whether the text must match, or must not. @default true */
  expected?: boolean;
}

/**
 * 1 when the text matches the pattern anywhere (or does not, with `expected: false`), else 0. Runs in time linear in the
 * text whatever the pattern, so no trace can make it hang.
 * @throws LoopsmithError `invalid` for a pattern that is malformed or cannot run in linear time
 */
export function matches(options: MatchesOptions): Evaluator {
  const { key = "matches", on = "trace", expected = true } = options;
  const source = typeof options.pattern === "string" ? options.pattern : options.pattern.source;
  const regex = compiled(source, options.flags ?? (typeof options.pattern === "string" ? "" : options.pattern.flags));
  return defineEvaluator({
    cost: FREE,
    name: key,
    on,
    range: [0, 1],
    evaluate(_args, input) {
      const text = judgedText(options.text, input);
      const found = regex.test(text);
      return { score: found === expected, comment: `${found ? "matches" : "does not match"} ${source}` };
    },
  });
}

function compiled(pattern: string, flags: string): ReturnType<typeof linearRegex> {
  try {
    return linearRegex(pattern, flags);
  } catch (cause) {
    throw new LoopsmithError("invalid", `The pattern cannot be used: ${errorMessage(cause)}.`, {
      hint: "Write it without lookaround and backreferences, or use a function as the evaluator.",
      cause,
    });
  }
}
