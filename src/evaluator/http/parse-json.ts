import { describeValue } from "../../internal/describe-value.ts";
import { LoopsmithError } from "../../model/errors.ts";

/**
 * JSON of an answer, or an error that shows what came instead.
 * @throws LoopsmithError `unavailable`
 */
export function parseJson(text: string, who: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LoopsmithError("unavailable", `${who} answered something that is not JSON: ${describeValue(text)}.`, {
      hint: "Check that the URL points at the right server, and not at a web page.",
      cause,
    });
  }
}
