import { Client } from "langsmith";
import { expect, it } from "vitest";
import { newId } from "../model/id.ts";
import { langsmithPlatform } from "./langsmith.ts";
import { rateLimiter } from "./rate-limiter.ts";

/** A deployment without v2: three pages of runs, and no queue. */
function olderDeployment() {
  const clock = { now: 0 };
  const sleep = (ms: number): Promise<void> => {
    clock.now += ms;
    return Promise.resolve();
  };
  const asked: number[] = [];
  const answer = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    if (pathname === "/info") return Response.json({});
    asked.push(clock.now);
    if (pathname === "/annotation-queues") return Response.json([]);
    if (pathname !== "/runs/query") return Response.json({}, { status: 404 });
    const { cursor } = JSON.parse(init?.body as string) as { cursor?: string };
    const page = Number(cursor ?? 0);
    const runs = Array.from({ length: page < 2 ? 100 : 1 }, () => {
      const id = newId();
      return { id, trace_id: id, name: "ask", run_type: "chain", start_time: "2026-11-01T00:00:00Z" };
    });
    return Response.json({ runs, cursors: page < 2 ? { next: String(page + 1) } : null });
  };
  const client = new Client({
    apiUrl: "http://older.langsmith",
    apiKey: "any",
    callerOptions: { maxRetries: 0 },
    fetchImplementation: answer as typeof fetch,
  });
  const limiter = rateLimiter({ now: () => clock.now, sleep, maxPerSecond: 4 });
  return { platform: langsmithPlatform({ client, limiter }), asked };
}

it("paces every page of the v1 list", async () => {
  const { platform, asked } = olderDeployment();
  let heads = 0;
  for await (const page of platform.traceHeads({ projectId: newId(), startFrom: 0 })) heads += page.length;
  expect(heads).toBe(201);
  // The v2 query that there is none of, and three pages.
  expect(gaps(asked)).toEqual([250, 250, 250]);
});

it("paces what is no list with them", async () => {
  const { platform, asked } = olderDeployment();
  for (let call = 0; call < 3; call += 1) expect(await platform.queueSize({ queueName: "review" })).toBe(0);
  expect(gaps(asked)).toEqual([250, 250]);
});

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((at, index) => at - (times[index] ?? 0));
}
