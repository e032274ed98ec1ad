import type { Client } from "langsmith";
import type { Paced } from "./rate-limiter.ts";

/** A feedback as the client reads it. */
export type ReadFeedback = Awaited<ReturnType<Client["readFeedback"]>>;

/** So many ids fit into the query of a request. */
const RUNS_A_REQUEST = 100;

/** All feedback on these runs, under these keys only where some are given; asked for in turns, a hundred runs each. */
export async function feedbackOfRuns(
  client: Client,
  paced: Paced,
  { runIds, feedbackKeys }: { runIds: readonly string[]; feedbackKeys?: string[] },
): Promise<ReadFeedback[]> {
  const found: ReadFeedback[] = [];
  for (let at = 0; at < runIds.length; at += RUNS_A_REQUEST) {
    const query = { runIds: runIds.slice(at, at + RUNS_A_REQUEST), ...(feedbackKeys && { feedbackKeys }) };
    const page = await paced(async () => {
      const items: ReadFeedback[] = [];
      for await (const item of client.listFeedback(query)) items.push(item);
      return items;
    });
    found.push(...page);
  }
  return found;
}
