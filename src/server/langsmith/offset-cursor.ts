import { LoopsmithError } from "../../model/errors.ts";

/** Position of a page in a list whose cursor is an offset. @throws LoopsmithError `invalid` */
export function offsetOf(cursor: string | null | undefined): number {
  if (cursor === undefined || cursor === null || cursor === "") return 0;
  const offset = /^\d{1,9}$/.test(cursor) ? Number(cursor) : Number.NaN;
  if (Number.isInteger(offset)) return offset;
  throw new LoopsmithError("invalid", "cursor: is not one this server gave out", {
    hint: "Pass the cursor of the previous page unchanged, or leave it out to start over.",
    details: { field: "cursor" },
  });
}
