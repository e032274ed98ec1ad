import type { Client } from "langsmith";
import type { ReadRun } from "../wire/from-run.ts";
import type { RateLimiter } from "./rate-limiter.ts";

export type RunQuery = Parameters<Client["runs"]["query"]>[0];

/** The limiter tries again; two who do would ask a server that is overrun up to eighteen times. */
export const ONCE = { maxRetries: 0 } as const;

/** Every page of a v2 query, each paced and tried again by itself, so that a refusal in the middle starts nothing over. */
export async function* runPages(client: Client, limiter: RateLimiter, query: RunQuery): AsyncGenerator<ReadRun[]> {
  let page = await limiter.run(() => client.runs.query(query, ONCE));
  for (;;) {
    yield (page.items ?? []) as ReadRun[];
    if (!page.hasNextPage()) return;
    const last = page;
    page = await limiter.run(() => last.getNextPage());
  }
}

/** Runs of a page of v1. */
const V1_PAGE = 100;

/**
 * The v1 list, paced page by page too. The client's iterator ends with a request that failed, so that nothing is tried again
 * here; the client has done so by then.
 */
export async function* v1Runs(
  client: Client,
  limiter: RateLimiter,
  query: Parameters<Client["listRuns"]>[0],
): AsyncGenerator<ReadRun> {
  const runs = client.listRuns(query)[Symbol.asyncIterator]();
  for (let seen = 0; ; seen += 1) {
    const take = (): Promise<IteratorResult<unknown>> => runs.next();
    const next = seen % V1_PAGE === 0 ? await limiter.run(take, undefined, 1) : await take();
    if (next.done) return;
    yield next.value as ReadRun;
  }
}
