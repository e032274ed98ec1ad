import { createHash } from "node:crypto";
import { canonicalJson } from "../internal/canonical-json.ts";
import type { EvaluatorTarget } from "./evaluator.ts";
import type { EvaluatorResult, EvaluatorReturn } from "../wire/evaluator-result.ts";

/** Remembers what an evaluator said about the same declared inputs. Share one across processes to share paid calls. */
export interface EvaluationCache {
  /** What was set under the key, or `undefined`. A rejection fails the evaluation before anything is paid. */
  get(key: string): Promise<EvaluatorReturn | undefined>;
  /** Keeps an answer. A rejection loses it, so that the next call is paid again; the evaluation goes on. */
  set(key: string, result: EvaluatorReturn): Promise<void>;
}

export interface MemoryCacheOptions {
  /** Entries kept; the least recently used goes first. @default 10_000 */
  max?: number;
}

/** A cache in this process's memory. */
export function memoryCache(options: MemoryCacheOptions = {}): EvaluationCache {
  const { max = 10_000 } = options;
  const entries = new Map<string, EvaluatorReturn>();
  return {
    async get(key) {
      const found = entries.get(key);
      if (found === undefined) return undefined;
      // Re-inserting moves the entry to the young end of the Map's order.
      entries.delete(key);
      entries.set(key, found);
      return found;
    },
    async set(key, result) {
      entries.delete(key);
      entries.set(key, result);
      const [oldest] = entries.keys();
      if (entries.size > max && oldest !== undefined) entries.delete(oldest);
    },
  };
}

/** sha256 over evaluator, version and inputs, or `null` for inputs that have no JSON form (they are not cached). */
function cacheKey(name: string, version: string, inputs: unknown): string | null {
  try {
    return createHash("sha256")
      .update(canonicalJson([name, version, inputs]))
      .digest("hex");
  } catch {
    return null;
  }
}

/**
 * Where answers are remembered: in a cache of the caller's, in this process's memory (`true`, 10,000 of them), or in the store
 * of the loop that asks (`"shared"`; in memory where no loop does).
 */
export type CacheOption = EvaluationCache | "shared" | boolean;

/** What was asked, of whom, and by whom. */
export interface Question {
  name: string;
  version: string;
  inputs: unknown;
  input: Pick<EvaluatorTarget, "sharedCache">;
}

/**
 * Looks in the cache first; equal calls under way at the same time share one computation. What `compute` throws is not
 * remembered, nor what names spans, which are of one trace, nor what `keep` says no to once it is there. A cache that cannot
 * be written costs the next call; one that cannot be read fails the evaluation, before anything is paid.
 */
export function remembering(
  option: CacheOption = false,
): (
  question: Question,
  compute: () => Promise<EvaluatorReturn>,
  keep?: (result: EvaluatorReturn) => boolean,
) => Promise<EvaluatorReturn> {
  if (option === false) return (_question, compute) => compute();
  const own = typeof option === "object" ? option : memoryCache();
  const underWay = new Map<string, Promise<EvaluatorReturn>>();
  return ({ name, version, inputs, input }, compute, keep = () => true) => {
    const key = cacheKey(name, version, inputs);
    if (key === null) return compute();
    const shared = underWay.get(key);
    if (shared) return shared.then(free);
    const cache = option === "shared" ? (input.sharedCache ?? own) : own;
    const lookUp = async (): Promise<EvaluatorReturn> => {
      const found = await cache.get(key);
      if (found !== undefined) return free(found);
      const result = await compute();
      try {
        if (keep(result) && !namesSpans(result)) await cache.set(key, result);
      } catch {
        // An answer that cannot be remembered is paid for all the same, and counts.
      }
      return result;
    };
    const call = lookUp().finally(() => underWay.delete(key));
    underWay.set(key, call);
    return call;
  };
}

function namesSpans(result: EvaluatorReturn): boolean {
  if (typeof result === "number" || typeof result === "boolean") return false;
  const results = isList(result) ? result : "results" in result ? result.results : [result];
  return results.some(({ spanId, targetRunId }) => (spanId ?? targetRunId) !== undefined);
}

/** A remembered answer costs nothing. */
function free(result: EvaluatorReturn): EvaluatorReturn {
  if (typeof result === "number" || typeof result === "boolean") return result;
  if (isList(result)) return result.map(withoutCost);
  return "results" in result ? { results: result.results.map(withoutCost) } : withoutCost(result);
}

function withoutCost(result: EvaluatorResult): EvaluatorResult {
  const { cost: _paidAlready, ...rest } = result;
  return rest;
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(result: unknown): result is readonly EvaluatorResult[] {
  return Array.isArray(result);
}
