import { goodRun, post, type Answer } from "./requests.ts";

/** Clients that send at the same time, and runs in each of their requests: together more than the server may hold. */
const CLIENTS = 400;
const RUNS = 1000;

/** After being turned away; official clients wait longer. */
const WAIT_MS = 100;

/**
 * Far more clients than can be served, for so long, each with its next request as soon as the last is answered. Of every
 * request that was acknowledged the first and the last run are added to `acknowledged`: one request is one transaction.
 */
export function overload(url: string, seconds: number, acknowledged: string[]): () => Promise<Answer[]> {
  return async () => {
    const until = performance.now() + seconds * 1000;
    const answers = new Map<string, Answer>();
    const client = async (): Promise<void> => {
      while (performance.now() < until) {
        const runs = Array.from({ length: RUNS }, () => goodRun({ session_name: "overload" }));
        const answer = await post(`${url}/runs/batch`, JSON.stringify({ post: runs }));
        answers.set(answer.status, answer);
        if (answer.status === "202") acknowledged.push(...[runs[0], runs.at(-1)].map((run) => run?.id ?? ""));
        else await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    return [...answers.values()];
  };
}
