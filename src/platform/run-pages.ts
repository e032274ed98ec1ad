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
