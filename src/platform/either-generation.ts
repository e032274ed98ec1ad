import { isMissingRoute, toPlatformError } from "./langsmith-errors.ts";

export type EitherGeneration = <T>(v2: () => AsyncIterable<T>, v1: () => AsyncIterable<T>) => AsyncGenerator<T>;

/**
 * Reads the v2 way of LangSmith's API; on the answers that mean "not here" switches to v1 for good.
 * What either throws comes out as a LoopsmithError.
 */
export function eitherGeneration(): EitherGeneration {
  let generation: "v2" | "v1" = "v2";
  return async function* (v2, v1) {
    if (generation === "v2") {
      let began = false;
      try {
        for await (const item of v2()) {
          began = true;
          yield item;
        }
        return;
      } catch (error) {
        if (began || !isMissingRoute(error)) throw toPlatformError(error);
        generation = "v1";
      }
    }
    try {
      yield* v1();
    } catch (error) {
      throw toPlatformError(error);
    }
  };
}
