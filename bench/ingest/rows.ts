import { toSpanRow, type SpanRowWrite } from "../../src/store/sql/span-row.ts";
import { ingestMultipart } from "../../src/wire/ingest.ts";
import { bodyTemplate, CONTENT_TYPE } from "./bodies.ts";

const template = bodyTemplate();

/** One column of a span's row. */
export type Column = Exclude<keyof SpanRowWrite, "op">;

/** The rows of one request, as the store writes them. */
export async function nextRows(): Promise<SpanRowWrite[]> {
  const body = Buffer.from(template.fill());
  const { spans } = await ingestMultipart(body, CONTENT_TYPE, { receivedAt: Date.now() });
  return spans.map((span) => toSpanRow(span, "00000000-0000-4000-8000-000000000000"));
}

export async function columns(): Promise<Column[]> {
  const [sample] = await nextRows();
  if (!sample) throw new Error("the body holds no spans");
  return Object.keys(sample).filter((name): name is Column => name !== "op");
}

export function valuesOf(row: SpanRowWrite, names: readonly Column[]): (string | number | Uint8Array | null)[] {
  return names.map((name) => row[name] ?? (name === "status" ? "success" : null));
}
