import { LoopsmithError, type ErrorCode } from "../../model/errors.ts";

/** One item of a request that was left out, and why. The others went through. */
export interface RejectedItem {
  /** Which: `post.<id>`, `patch.<id>`, `feedback.<id>`, `attachment.<id>.<name>`, or `post[3]` where there is no id. */
  item: string;
  /** The id it carries, empty when it carries none. */
  id: string;
  code: ErrorCode;
  /** The field that is wrong, as it is called on the wire. */
  field: string;
  message: string;
  hint: string;
}

/** An error in one field of a run or a feedback. */
export function fieldError(
  field: string,
  message: string,
  hint = "Correct the field and send the item again.",
): LoopsmithError {
  return new LoopsmithError("invalid", `${field}: ${message}`, { hint, details: { field } });
}

/** The item as left out for `error`; anything but an error of ours is a bug and is thrown on. */
export function rejectedItem(item: string, id: string, error: unknown): RejectedItem {
  if (!LoopsmithError.isInstance(error)) throw error;
  const field = error.details["field"];
  return {
    item,
    id,
    code: error.code,
    field: typeof field === "string" ? field : "",
    message: error.message,
    hint: error.hint,
  };
}
