import type { EvaluationCache } from "../../evaluator/evaluation-cache.ts";
import type { Json } from "../../model/json.ts";
import type { Store } from "../../store/store.ts";
import type { EvaluatorReturn } from "../../wire/evaluator-result.ts";

/** Answers of evaluators in the store, so that all workers on it, and the process after the next restart, share paid calls. */
export function storeCache(store: Pick<Store, "evaluationGet" | "evaluationPut">): EvaluationCache {
  return {
    async get(key) {
      return ((await store.evaluationGet({ key })) ?? undefined) as EvaluatorReturn | undefined;
    },
    set: (key, result) => store.evaluationPut({ key, result: result as unknown as Json }),
  };
}
