import { newId } from "../../src/model/id.ts";
import type { FeedbackWrite, SpanWrite } from "../../src/model/span-write.ts";
import type { Store } from "../../src/store/store.ts";

const SPANS_PER_TRACE = 10;
const TRACES_PER_BATCH = 100;
const SENTENCE = "A trace is settled when its root has ended and nothing has arrived for a while. ";
const encoder = new TextEncoder();
const bytes = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

/** Start of the oldest trace; traces follow each other every 100 ms. */
export const START = Date.parse("2026-11-01T00:00:00Z");
const EVERY_MS = 100;

/** Adds traces of ten spans of about 2 KB until the store holds `target` spans; tells the time of the newest. */
export async function fill(store: Store, from: number, target: number): Promise<number> {
  for (let trace = from / SPANS_PER_TRACE; trace * SPANS_PER_TRACE < target; trace += TRACES_PER_BATCH) {
    const spans: SpanWrite[] = [];
    const feedback: FeedbackWrite[] = [];
    for (let index = trace; index < trace + TRACES_PER_BATCH; index++) {
      const root = addTrace(spans, index);
      if (index % 20 === 0) {
        feedback.push({ id: newId(), runId: root.id, traceId: root.id, key: "quality", score: (index % 100) / 100 });
      }
    }
    await store.spanIngest({ spans, feedback });
  }
  return START + (target / SPANS_PER_TRACE) * EVERY_MS;
}

function addTrace(spans: SpanWrite[], index: number): SpanWrite {
  const startAt = START + index * EVERY_MS;
  const rootId = newId();
  const stamp = new Date(startAt).toISOString().replace(/[-:.Z]/g, "");
  const order = `${stamp}000Z${rootId}`;
  let root: SpanWrite | undefined;
  for (let at = 0; at < SPANS_PER_TRACE; at++) {
    const id = at === 0 ? rootId : newId();
    const isCall = at % 3 === 1;
    const failed = at === 4 && index % 100 === 0;
    const write: SpanWrite = {
      op: "post",
      id,
      traceId: rootId,
      parentId: at === 0 ? null : rootId,
      dottedOrder: at === 0 ? order : `${order}.${stamp}${String(at).padStart(3, "0")}Z${id}`,
      projectName: "bench",
      name: at === 0 ? "pipeline" : isCall ? "ChatOpenAI" : index % 500 === 0 && at === 5 ? "rare" : "retrieval",
      kind: at === 0 ? "chain" : isCall ? "llm" : "retriever",
      startAt: startAt + at,
      endAt: startAt + at + ((index * 7 + at) % 3000),
      ...(failed ? { error: "TimeoutError: no answer" } : {}),
      inputs: bytes({ question: `What does the settle window do (${index})?`, context: SENTENCE.repeat(9) }),
      outputs: bytes({ answer: SENTENCE.repeat(8) }),
      extra: bytes({ metadata: { tier: index % 10 === 0 ? "paid" : "free", customer: `c${index % 1000}` } }),
      metadata: { tier: index % 10 === 0 ? "paid" : "free", customer: `c${index % 1000}` },
      tags: index % 50 === 0 ? ["canary"] : ["stable"],
      ...(isCall ? { usage: { promptTokens: 300, completionTokens: 40, totalTokens: 340 }, model: "gpt-x" } : {}),
    };
    spans.push(write);
    root ??= write;
  }
  return root as SpanWrite;
}
