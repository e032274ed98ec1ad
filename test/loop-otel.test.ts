import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  BatchSpanProcessor,
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
  type ReadableSpan,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-node";
import { afterEach, expect, it } from "vitest";
import { defineEvaluator } from "../src/evaluator/index.ts";
import { createFeedbackLoop, type FeedbackLoop } from "../src/loop.ts";
import type { FeedbackLoopOptions } from "../src/loop/options.ts";
import { childWrite, json, rootWrite } from "./contract/span-writes.ts";
import { startServer, type RunningServer } from "./server/official-client.ts";

const SECRET_TEXT = "the customer's own words";

afterEach(() => {
  trace.disable();
  context.disable();
});

function provider(...spanProcessors: SpanProcessor[]): NodeTracerProvider {
  const made = new NodeTracerProvider({ spanProcessors });
  made.register();
  return made;
}

async function send({ server }: RunningServer, answer: string): Promise<string> {
  const now = Date.now();
  const root = rootWrite({ startAt: now, endAt: now + 5, outputs: json({ answer }), inputs: json({ q: SECRET_TEXT }) });
  await server.store.spanIngest({ spans: [root, childWrite(root, { startAt: now + 1, endAt: now + 2 })] });
  return root.id;
}

function open(running: RunningServer, options: Partial<FeedbackLoopOptions>): FeedbackLoop {
  return createFeedbackLoop({
    client: running.server,
    projectName: "contract",
    evaluator: defineEvaluator({ name: "good", evaluate: ({ outputs }) => outputs["answer"] === "good" }),
    threshold: 0.5,
    settleMs: 0,
    retryMs: 1,
    maxAttempts: 1,
    learn: false,
    throttle: false,
    onFailure: () => ({ action: "add_to_annotation_queue", queueName: "review" }),
    ...options,
  });
}

it("traces every step of a judged trace, and tells nothing of what stands in it", async () => {
  const exporter = new InMemorySpanExporter();
  const made = provider(new SimpleSpanProcessor(exporter));
  await using running = await startServer();
  const [bad, good] = [await send(running, SECRET_TEXT), await send(running, "good")];
  const judge = defineEvaluator({
    name: "good",
    evaluate: ({ outputs }) => {
      made.getTracer("judge").startSpan("model call").end();
      return outputs["answer"] === "good";
    },
  });
  const broken = defineEvaluator({
    name: "broken",
    evaluate: ({ outputs }) => {
      throw new Error(`cannot read ${JSON.stringify(outputs)}`);
    },
  });
  await using loop = open(running, { tracer: made.getTracer("loopsmith"), evaluator: [judge, broken] });
  await loop.runOnce();

  const spans = exporter.getFinishedSpans();
  const of = (id: string): ReadableSpan[] => spans.filter(({ attributes }) => attributes["loopsmith.trace_id"] === id);
  const names = (id: string): string[] =>
    of(id)
      .map(({ name }) => name.replace("loopsmith.", ""))
      .toSorted();
  expect(names(bad)).toEqual(["blame", "deliver", "evaluate", "evaluate", "judge", "read", "record"]);
  expect(names(good)).toEqual(["evaluate", "evaluate", "judge", "read", "record"]);
  for (const id of [bad, good]) {
    const root = of(id).find(({ name }) => name === "loopsmith.judge");
    expect(root?.parentSpanContext).toBeUndefined();
    const below = of(id).filter((span) => span !== root);
    expect(below.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
      below.map(() => root?.spanContext().spanId),
    );
  }
  const evaluations = of(bad).filter(({ name }) => name === "loopsmith.evaluate");
  const [failed, worked] = ["broken", "good"].map((name) =>
    evaluations.find(({ attributes }) => attributes["loopsmith.evaluator"] === name),
  );
  expect(failed).toMatchObject({
    status: { code: SpanStatusCode.ERROR },
    attributes: { "error.type": "evaluator_failed" },
  });
  expect(worked?.status.code).toBe(SpanStatusCode.UNSET);
  // What an evaluator traces by itself stands below its own span.
  const inner = spans
    .filter(({ name }) => name === "model call")
    .map(({ parentSpanContext }) => parentSpanContext?.spanId);
  expect(inner).toContain(worked?.spanContext().spanId);
  const told = spans.map(({ name, attributes, events, status }) => ({ name, attributes, events, status }));
  expect(JSON.stringify(told)).not.toContain("customer");
  await made.shutdown();
});

it("never judges the loop's own spans when they are sent to the project it watches", async () => {
  await using running = await startServer();
  const headers = { "Langsmith-Project": "contract" };
  const exporter = new OTLPTraceExporter({ url: `${running.listening.url}/otel/v1/traces`, headers });
  const made = provider(new BatchSpanProcessor(exporter));
  await send(running, "bad");
  await using loop = open(running, { tracer: made.getTracer("loopsmith") });
  for (let round = 0; round < 3; round += 1) {
    await loop.runOnce();
    await made.forceFlush();
  }
  await loop.runOnce();
  expect((await loop.status()).traces).toMatchObject({ decided: 1, skipped: 1, settling: 0 });
  await made.shutdown();
});
