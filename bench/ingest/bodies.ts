import { randomFillSync } from "node:crypto";

/** Spans of one request: what the official clients batch at most. */
export const SPANS_PER_REQUEST = 100;
const SPANS_PER_TRACE = 10;

const BOUNDARY = "----LangSmithFormBoundaryBench";
export const CONTENT_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

const SENTENCE = "A trace is settled when its root has ended and nothing has arrived for a while. ";

/** Where ids stand in a body, and which of the request's ids stands there. */
interface IdPlace {
  offset: number;
  index: number;
}

/**
 * A request of 100 spans in ten traces, as the JavaScript client sends it, about 2 KB a span. The body is written once;
 * for every request only its ids are replaced, so that the load costs next to nothing.
 */
export function bodyTemplate(): { fill(): Buffer } {
  const marker = (index: number): string => `@@${String(index).padStart(6, "0")}`.padEnd(36, "#");
  const lines: string[] = [];
  for (let index = 0; index < SPANS_PER_REQUEST; index++) lines.push(...spanParts(index, marker));
  const body = Buffer.from(`${lines.join("")}--${BOUNDARY}--\r\n`);
  const places: IdPlace[] = [];
  for (let at = body.indexOf("@@"); at !== -1; at = body.indexOf("@@", at + 36)) {
    places.push({ offset: at, index: Number(body.toString("latin1", at + 2, at + 8)) });
  }
  return {
    fill() {
      const ids = Array.from({ length: SPANS_PER_REQUEST }, timeOrderedId);
      for (const { offset, index } of places) body.write(ids[index] as string, offset, "latin1");
      return body;
    },
  };
}

function spanParts(index: number, marker: (index: number) => string): string[] {
  const root = index - (index % SPANS_PER_TRACE);
  const isRoot = index === root;
  const id = marker(index);
  const rootOrder = `20261123T162013${String(100_000 + root).padStart(6, "0")}Z${marker(root)}`;
  const isCall = index % 3 === 1;
  const main = {
    id,
    session_name: "bench",
    trace_id: marker(root),
    ...(isRoot ? {} : { parent_run_id: marker(root) }),
    dotted_order: isRoot ? rootOrder : `${rootOrder}.20261123T162013${100_000 + index}Z${id}`,
    name: isRoot ? "pipeline" : isCall ? "ChatOpenAI" : "retrieval",
    run_type: isRoot ? "chain" : isCall ? "llm" : "retriever",
    start_time: `2026-11-23T16:20:13.${100_000 + index}Z`,
    end_time: 1_795_450_815_138 + index,
    tags: ["bench", "production"],
  };
  const inputs = { question: "What does the settle window do?", context: SENTENCE.repeat(8) };
  const outputs = {
    answer: SENTENCE.repeat(7),
    ...(isCall ? { usage_metadata: { input_tokens: 320, output_tokens: 44, total_tokens: 364 } } : {}),
  };
  const extra = {
    metadata: { revision: "v1.2.3", tier: "free", thread_id: `conversation-${index % 50}`, ls_model_name: "gpt-x" },
    runtime: { sdk: "langsmith-js", sdk_version: "0.12.0", platform: "linux" },
  };
  return [
    part(`post.${id}`, main),
    part(`post.${id}.inputs`, inputs),
    part(`post.${id}.outputs`, outputs),
    part(`post.${id}.extra`, extra),
  ];
}

function part(name: string, value: unknown): string {
  const text = JSON.stringify(value);
  return (
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n` +
    `Content-Type: application/json; length=${Buffer.byteLength(text)}\r\n\r\n${text}\r\n`
  );
}

const pool = Buffer.alloc(16 * 4096);
let next = pool.length;

/** UUID v7, the clients' default, from a pool of random bytes. */
function timeOrderedId(): string {
  if (next === pool.length) {
    randomFillSync(pool);
    next = 0;
  }
  const at = next;
  next += 16;
  const now = Date.now();
  pool.writeUIntBE(now, at, 6);
  pool[at + 6] = ((pool[at + 6] as number) & 0x0f) | 0x70;
  pool[at + 8] = ((pool[at + 8] as number) & 0x3f) | 0x80;
  const hex = pool.toString("hex", at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
