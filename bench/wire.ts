// Reads bodies as a server does, without writing anything: node --import ./scripts/ts.mjs bench/wire.ts [--json]
import { randomUUID } from "node:crypto";
import { ingestBatch, ingestMultipart, type IngestBatch } from "../src/wire/ingest.ts";
import { CONTENT_TYPE, multipartBody, type FixturePart } from "../src/wire/multipart.fixture.ts";

const SPANS = 100;
const SECONDS = 3;

interface Run {
  main: Record<string, unknown>;
  payloads: Record<string, unknown>;
}

/** A span of about 2 KB, as the JavaScript client sends it. */
function run(traceId: string, index: number): Run {
  const id = index === 0 ? traceId : randomUUID();
  const own = `20261123T162013${String(105_001 + index).padStart(6, "0")}Z${id}`;
  const llm = index % 3 === 1;
  return {
    main: {
      session_name: "bench",
      id,
      trace_id: traceId,
      name: llm ? "ChatOpenAI" : "retrieval",
      run_type: llm ? "llm" : "retriever",
      start_time: "2026-11-23T16:20:13.105001Z",
      end_time: 1_795_450_813_138 + index,
      child_runs: [],
      dotted_order: index === 0 ? own : `20261123T162013105001Z${traceId}.${own}`,
      ...(index === 0 ? {} : { parent_run_id: traceId }),
      tags: ["bench", "production"],
    },
    payloads: {
      inputs: {
        question: "What does the settle window do?",
        context: "A trace is settled when it is quiet. ".repeat(12),
      },
      outputs: {
        answer: 'It waits for "late" spans.\n'.repeat(12),
        ...(llm ? { usage_metadata: { input_tokens: 320, output_tokens: 44, total_tokens: 364 } } : {}),
      },
      extra: {
        metadata: {
          ls_provider: "openai",
          ls_model_name: "gpt-4o",
          thread_id: "t-1",
          revision_id: "abc",
          tier: "gold",
        },
        runtime: {
          library: "langsmith",
          runtime: "node",
          sdk: "langsmith-js",
          sdk_version: "0.12.0",
          platform: "linux",
        },
      },
    },
  };
}

function asMultipart(runs: readonly Run[]): Buffer {
  return multipartBody(
    runs.flatMap(({ main, payloads }): FixturePart[] => [
      { name: `post.${String(main["id"])}`, body: JSON.stringify(main) },
      ...Object.entries(payloads).map(([name, value]) => ({
        name: `post.${String(main["id"])}.${name}`,
        body: JSON.stringify(value),
      })),
    ]),
  );
}

async function rate(body: Uint8Array, read: () => Promise<IngestBatch>): Promise<Record<string, number>> {
  const first = await read();
  if (first.spans.length !== SPANS || first.rejected.length > 0) throw new Error(JSON.stringify(first.rejected));
  for (const until = performance.now() + 500; performance.now() < until;) await read();
  let rounds = 0;
  const cpu = process.cpuUsage();
  const start = performance.now();
  while (performance.now() - start < SECONDS * 1000) {
    await read();
    rounds += 1;
  }
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(cpu);
  const spans = rounds * SPANS;
  return {
    spansPerSecond: Math.round(spans / seconds),
    megabytesPerSecond: Math.round((rounds * body.byteLength) / seconds / 1e6),
    cpuMicrosPerSpan: Math.round(((used.user + used.system) / spans) * 10) / 10,
    bytesPerSpan: Math.round(body.byteLength / SPANS),
  };
}

const traceId = randomUUID();
const runs = Array.from({ length: SPANS }, (_, index) => run(traceId, index));
const multipart = asMultipart(runs);
const batch = Buffer.from(JSON.stringify({ post: runs.map(({ main, payloads }) => ({ ...main, ...payloads })) }));
const result = {
  multipart: await rate(multipart, () => ingestMultipart(multipart, CONTENT_TYPE)),
  batch: await rate(batch, () => ingestBatch(batch)),
};
if (process.argv.includes("--json")) process.stdout.write(`${JSON.stringify(result)}\n`);
else console.table(result);
