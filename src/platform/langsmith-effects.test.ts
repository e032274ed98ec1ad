import { Client } from "langsmith";
import { expect, it } from "vitest";
import { LoopsmithError } from "../model/errors.ts";
import { newId } from "../model/id.ts";
import type { JsonObject } from "../model/json.ts";
import { langsmithEffects } from "./langsmith-effects.ts";
import { toPlatformError } from "./langsmith-errors.ts";

type Answer = (request: { method: string; path: string; body: JsonObject }) => Response | undefined;

/** The official client against a deployment that answers as told, and `{}` to everything else. */
function deployment(answer: Answer) {
  const asked: string[] = [];
  const client = new Client({
    apiUrl: "http://some.langsmith",
    apiKey: "any",
    callerOptions: { maxRetries: 0 },
    fetchImplementation: (async (input: string | URL | Request, init?: RequestInit) => {
      const request = new Request(input, init);
      const path = new URL(request.url).pathname.replace("/api/v1", "");
      const text = await request.text();
      const body = text.startsWith("{") ? (JSON.parse(text) as JsonObject) : {};
      if (path !== "/info") asked.push(`${request.method} ${path}`);
      return answer({ method: request.method, path, body }) ?? Response.json({});
    }) as typeof fetch,
  });
  return { asked, effects: langsmithEffects(client, toPlatformError) };
}

const span = { spanId: newId(), traceId: newId(), projectId: newId(), startAt: Date.now() };
const toQueue = { id: newId(), queueName: "review", span, contextSpan: span, context: { key: "ok", score: 0 } };
const error = (status: number, detail = "no"): Response => Response.json({ detail }, { status });

it("adds to a queue last, so that no retry puts back what a person took out meanwhile", async () => {
  const queueId = newId();
  let isDown = true;
  const { asked, effects } = deployment(({ method, path }) => {
    if (path === "/annotation-queues" && method === "GET") return Response.json([{ id: queueId, name: "review" }]);
    return path === "/feedback" && isDown ? error(422) : undefined;
  });
  const added = (): number =>
    asked.filter((request) => request === `POST /annotation-queues/${queueId}/runs/by-key`).length;

  await expect(effects.queueAdd(toQueue)).rejects.toMatchObject({ code: "invalid" });
  expect(added()).toBe(0);
  isDown = false;
  await effects.queueAdd(toQueue);
  expect(added()).toBe(1);
});

it("makes a queue again that was deleted since it was last used", async () => {
  const queues: JsonObject[] = [{ id: newId(), name: "review" }];
  const added: string[] = [];
  const { effects } = deployment(({ method, path, body }) => {
    if (path === "/annotation-queues" && method === "GET") return Response.json(queues);
    if (path === "/annotation-queues") {
      queues.push({ id: body["id"] ?? null, name: body["name"] ?? null });
      return Response.json(queues.at(-1));
    }
    const id = /^\/annotation-queues\/([^/]+)\/runs\/by-key$/.exec(path)?.[1];
    if (id === undefined) return undefined;
    if (!queues.some((queue) => queue["id"] === id)) return error(404, "Queue not found");
    added.push(id);
    return undefined;
  });
  await effects.queueAdd(toQueue);
  queues.length = 0;
  await effects.queueAdd(toQueue);
  expect(queues).toHaveLength(1);
  expect(added).toHaveLength(2);
  expect(added.at(-1)).toBe(queues[0]?.["id"]);
});

it("writes one tag of a run after the other", async () => {
  let tags: unknown = ["old"];
  const { effects } = deployment(({ method, path, body }) => {
    if (path !== `/runs/${span.spanId}`) return undefined;
    if (method === "PATCH") tags = body["tags"];
    return Response.json({ id: span.spanId, tags });
  });
  await Promise.all(["failed", "retrieval"].map((tag) => effects.tagAdd({ span, tag })));
  expect(tags).toEqual(["old", "failed", "retrieval"]);
});

const example = { id: newId(), datasetName: "d", inputs: {}, metadata: {}, sourceRunId: span.spanId };

it.each([
  [409, "Example with this id exists", true],
  [422, "request 40917 failed: relation exists in two shards", false],
])("takes an example for written on a conflict only: %i", async (status, detail, isWritten) => {
  const { effects } = deployment(({ method, path }) => {
    if (path === "/info") return Response.json({ instance_flags: { dataset_examples_multipart_enabled: true } });
    if (path === "/datasets") return Response.json([{ id: newId(), name: "d" }]);
    return path.endsWith("/examples") && method === "POST" ? error(status, detail) : undefined;
  });
  const written = effects.exampleAdd(example).then(
    () => true,
    () => false,
  );
  expect(await written).toBe(isWritten);
});

it("says that a score was in conflict, which may pass, or refused", async () => {
  const item = { id: newId(), runId: span.spanId, key: "ok", score: 1, startAt: span.startAt };
  const feedback = [{ ...item, source: { type: "model" as const, metadata: {} } }];
  const codeFor = (status: number): Promise<unknown> =>
    deployment(({ path }) => (path === "/feedback" ? error(status) : undefined))
      .effects.feedbackWrite({ feedback })
      .catch((thrown: unknown) => (LoopsmithError.isInstance(thrown) ? thrown.code : thrown));
  expect(await codeFor(409)).toBe("conflict");
  expect(await codeFor(422)).toBe("invalid");
});

it.each([408, 425, 503])("takes what may pass for unavailable: %i", (status) => {
  expect(toPlatformError(Object.assign(new Error("no"), { status })).code).toBe("unavailable");
});
