import { expect } from "vitest";
import type { SpanWrite } from "../../model/span-write.ts";
import { ingestMultipart, ingestRun, type IngestBatch, type IngestOptions } from "../ingest.ts";
import { CONTENT_TYPE, multipartBody, type FixturePart } from "../multipart.fixture.ts";

export const TRACE = "018f0000-0000-7000-8000-000000000001";
export const CHILD = "018f0000-0000-7000-8000-000000000002";
export const ROOT_ORDER = `20261123T162013105001Z${TRACE}`;
export const CHILD_ORDER = `${ROOT_ORDER}.20261123T162013205002Z${CHILD}`;

export const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
export const json = (value: unknown): Buffer => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

export function root(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { id: TRACE, trace_id: TRACE, dotted_order: ROOT_ORDER, name: "rag", run_type: "chain", ...fields };
}

export function multipart(parts: readonly FixturePart[], options?: IngestOptions): Promise<IngestBatch> {
  return ingestMultipart(multipartBody(parts), CONTENT_TYPE, options);
}

export async function posted(fields: unknown, options?: IngestOptions): Promise<SpanWrite> {
  const { spans, rejected } = await ingestRun("post", json(fields), options);
  expect(rejected).toEqual([]);
  return spans[0]!;
}

export async function refused(fields: unknown, op: "post" | "patch" = "post"): Promise<[string, string]> {
  const { spans, rejected } = await ingestRun(op, json(fields));
  expect(spans).toEqual([]);
  expect(rejected).toHaveLength(1);
  return [rejected[0]!.field, rejected[0]!.message];
}
