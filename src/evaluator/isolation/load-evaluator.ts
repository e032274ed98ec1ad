import { createJiti } from "jiti";
import { LoopsmithError } from "../../model/errors.ts";
import type { Evaluator } from "../evaluator.ts";
import { toEvaluator, type EvaluatorLike } from "../from-langsmith.ts";
import type { IsolatedModule } from "./protocol.ts";

/**
 * Loads an evaluator from a JavaScript or TypeScript module, without a build step.
 * @throws LoopsmithError `invalid` when there is no such export, or it is no evaluator; whatever the module throws
 */
export async function loadEvaluator({ module, export: name, ...options }: IsolatedModule): Promise<Evaluator> {
  const loaded = await (/\.[cm]?tsx?$/.test(module)
    ? createJiti(module, { fsCache: false, interopDefault: false }).import<Record<string, unknown>>(module)
    : (import(module) as Promise<Record<string, unknown>>));
  if (!Object.hasOwn(loaded, name)) {
    throw new LoopsmithError("invalid", `${module} has no export "${name}"`, {
      hint: `It exports ${Object.keys(loaded).join(", ") || "nothing"}.`,
    });
  }
  return toEvaluator(loaded[name] as EvaluatorLike, options);
}
