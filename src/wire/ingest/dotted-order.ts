import { fieldError } from "./rejected.ts";

/** What a dotted order tells: who is the root, who the parent, who the run itself. */
export interface DottedOrder {
  text: string;
  traceId: string;
  /** `null` for a root. */
  parentId: string | null;
  runId: string;
}

const UUID_LENGTH = 36;
const DOTTED_ORDER = /^(?:\d{8}T\d{6,20}Z[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?:\.(?!$)|$))+$/;

/**
 * `<start><id>` segments joined by dots, root first: `20261123T162013105001Z<uuid>.<segment>`.
 * @throws LoopsmithError `invalid` naming `dotted_order`
 */
export function parseDottedOrder(text: string): DottedOrder {
  // Almost all come in the case they are kept in.
  const usual = DOTTED_ORDER.test(text);
  const lower = usual ? text : text.toLowerCase().replaceAll("t", "T").replaceAll("z", "Z");
  if (!usual && !DOTTED_ORDER.test(lower)) {
    throw fieldError(
      "dotted_order",
      `${JSON.stringify(text.slice(0, 120))} is not a dotted order`,
      "Send `YYYYMMDDTHHMMSSffffffZ<run id>` for each run from the root down, joined by dots.",
    );
  }
  const ownSegment = lower.lastIndexOf(".") + 1;
  const rootEnd = lower.indexOf(".");
  const parentEnd = ownSegment - 1;
  return {
    text: lower,
    traceId: rootEnd === -1 ? lower.slice(-UUID_LENGTH) : lower.slice(rootEnd - UUID_LENGTH, rootEnd),
    parentId: rootEnd === -1 ? null : lower.slice(parentEnd - UUID_LENGTH, parentEnd),
    runId: lower.slice(-UUID_LENGTH),
  };
}
