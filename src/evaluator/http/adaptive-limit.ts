import { LoopsmithError } from "../../model/errors.ts";

/** How many calls may be under way at once; learns from the provider (additive increase, multiplicative decrease). */
export interface AdaptiveLimit {
  /** Waits for a place, runs, frees the place. A `rate_limited` outcome halves the limit, a success raises it slowly. */
  run<T>(call: () => Promise<T>): Promise<T>;
}

/** @param max the most calls at once, and where it starts */
export function adaptiveLimit(max: number): AdaptiveLimit {
  let limit = max;
  let underWay = 0;
  const waiting: (() => void)[] = [];
  const admit = (): void => {
    while (underWay < Math.max(1, Math.floor(limit)) && waiting.length > 0) {
      underWay++;
      waiting.shift()?.();
    }
  };
  return {
    async run(call) {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        admit();
      });
      try {
        const result = await call();
        limit = Math.min(max, limit + 1 / limit);
        return result;
      } catch (error) {
        if (LoopsmithError.isInstance(error) && error.code === "rate_limited") limit = Math.max(1, limit / 2);
        throw error;
      } finally {
        underWay--;
        admit();
      }
    },
  };
}
