import { isMissingRoute, statusOf, toPlatformError } from "./langsmith-errors.ts";

/**
 * @param of what is asked for: `"one"` thing by its id, which may be gone itself, or a `"list"`
 */
export type EitherGeneration = <T>(
  v2: () => AsyncIterable<T>,
  v1: () => AsyncIterable<T>,
  of?: "list" | "one",
) => AsyncGenerator<T>;

/**
 * Reads the v2 way of LangSmith's API; on the answers that mean "not here" switches to v1 for good. Where one thing was asked
 * for, a 404 may be about that: v1 is asked this once, and nothing comes where it knows no better.
 * What either throws comes out as a LoopsmithError.
 */
export function eitherGeneration(): EitherGeneration {
  let generation: "v2" | "v1" = "v2";
  return async function* (v2, v1, of = "list") {
    let mayBeGone = false;
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
        mayBeGone = of === "one" && statusOf(error) === 404;
        if (!mayBeGone) generation = "v1";
      }
    }
    try {
      yield* v1();
    } catch (error) {
      if (!mayBeGone || !isMissingRoute(error)) throw toPlatformError(error);
    }
  };
}
