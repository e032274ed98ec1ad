import { LoopsmithError } from "../model/errors.ts";
import type { Threshold } from "../model/score.ts";
import type { LoopEmitter } from "./events.ts";

/** Traces after which a key that nobody returned is told of; those of a finite run may be fewer. */
const FIRST_TRACES = 20;

/**
 * Tells once, as an `error` event, of pass marks for feedback keys that no evaluator returns: such a loop fails nothing.
 * Which keys evaluators return is known only from the traces they judged. Returns what tells at the end of a finite run.
 */
export function watchThresholdKeys(emitter: LoopEmitter, threshold: Threshold): () => void {
  const missing = new Set(typeof threshold === "number" ? [] : Object.keys(threshold));
  if (missing.size === 0) return () => undefined;
  const returned = new Set<string>();
  let traces = 0;
  let told = false;
  const tell = (): void => {
    if (told || traces === 0 || missing.size === 0) return;
    told = true;
    const names = [...missing].map((key) => `"${key}"`).join(", ");
    const error = new LoopsmithError("invalid", `no evaluator returned ${names} on the first ${traces} traces`, {
      hint: `Nothing fails by it. The keys of the scores are: ${[...returned].join(", ")}.`,
      details: { option: "threshold" },
    });
    emitter.emit("error", { error, during: "judge" });
  };
  emitter.on("trace:judged", ({ verdict: { scores } }) => {
    if (told || missing.size === 0 || scores.length === 0) return;
    traces += 1;
    for (const { key } of scores) {
      returned.add(key);
      missing.delete(key);
    }
    if (traces >= FIRST_TRACES) tell();
  });
  return tell;
}
