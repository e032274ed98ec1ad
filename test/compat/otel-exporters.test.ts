import { diag, DiagLogLevel } from "@opentelemetry/api";
import { RandomIdGenerator } from "@opentelemetry/sdk-trace-node";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { collect, startServer, type RunningServer } from "../server/official-client.ts";
import { genAi } from "./otel/gen-ai.ts";
import { traceAgent } from "./otel/trace-agent.ts";
import { traced } from "./otel/traced.ts";
import { zstdRelay } from "./otel/zstd-relay.ts";
import { readTree } from "./run-tree.ts";

/** Spans of the agent's one run. */
const SPANS = 14;

let running: RunningServer;
beforeAll(async () => {
  running = await startServer();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});
afterEach(() => {
  diag.disable();
});

/** What the SDK has to say, from warnings on. */
function listen(): string[] {
  const said: string[] = [];
  const log = (...words: unknown[]): void => void said.push(words.map(String).join(" "));
  diag.setLogger({ error: log, warn: log, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);
  return said;
}

const FORMS = (["protobuf", "json"] as const).flatMap((format) =>
  (["none", "gzip"] as const).flatMap((compression) =>
    ["/v1/traces", "/otel/v1/traces"].map((path) => ({ format, compression, path })),
  ),
);

it.each(FORMS)("takes $format ($compression) at $path from OpenTelemetry's exporter", async (form) => {
  const said = listen();
  const project = Object.values(form).join(" ");
  await traced({ endpoint: running.listening.url, project, ...form }, (tracer) => traceAgent(tracer, genAi));
  expect(await collect(running.client.listRuns({ projectName: project }))).toHaveLength(SPANS);
  expect((await readTree(running.client, project)).root.children).toHaveLength(5);
  expect(said).toEqual([]);
});

it.each(["protobuf", "json"] as const)("takes %s compressed with zstd, as a collector sends it", async (format) => {
  await using relay = await zstdRelay(running.listening.url);
  const project = `zstd ${format}`;
  await traced({ endpoint: relay.url, project, format }, (tracer) => traceAgent(tracer, genAi));
  expect(relay.seen).toEqual([undefined]);
  expect((await readTree(running.client, project)).root.children).toHaveLength(5);
});

it.each(["protobuf", "json"] as const)(
  "tells the %s exporter which spans it refused, and keeps the rest",
  async (format) => {
    const said = listen();
    const ids = new RandomIdGenerator();
    let made = 0;
    const idGenerator = {
      generateTraceId: () => ids.generateTraceId(),
      // All zeros is no id.
      generateSpanId: () => ((made += 1) === 2 ? "0".repeat(16) : ids.generateSpanId()),
    };
    const project = `partial ${format}`;
    await traced({ endpoint: running.listening.url, project, format, idGenerator }, async (tracer) => {
      for (const name of ["first", "second", "third"]) tracer.startSpan(name).end();
      await Promise.resolve();
    });
    const kept = await collect(running.client.listRuns({ projectName: project }));
    expect(kept.map((run) => run.name).toSorted()).toEqual(["first", "third"]);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/partial success.*"rejectedSpans":"?1"?.*span\[1\]/i);
  },
);

it("refuses an exporter without the key", async () => {
  await using guarded = await startServer({ apiKey: "secret" });
  const sending = traced({ endpoint: guarded.listening.url, project: "refused" }, async (tracer) => {
    tracer.startSpan("lost").end();
    await Promise.resolve();
  });
  expect(String(await sending.catch((error: unknown) => error))).toContain("Unauthorized");
});
