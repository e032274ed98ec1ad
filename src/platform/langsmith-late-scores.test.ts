import { Client } from "langsmith";
import { expect, it } from "vitest";
import { newId } from "../model/id.ts";
import { langsmithLateScores } from "./langsmith-late-scores.ts";
import { rateLimiter } from "./rate-limiter.ts";

function deployment(status: number) {
  let asked = 0;
  const client = new Client({
    apiUrl: "http://some.langsmith",
    apiKey: "any",
    callerOptions: { maxRetries: 0 },
    fetchImplementation: ((input: string | URL | Request) => {
      const { pathname } = new URL(input instanceof Request ? input.url : input);
      if (pathname.endsWith("/runs/query")) asked += 1;
      return Promise.resolve(Response.json({ detail: "no" }, { status }));
    }) as typeof fetch,
  });
  const limiter = rateLimiter({ sleep: () => Promise.resolve() });
  const { scoresChanged } = langsmithLateScores(client, limiter);
  const ask = async (): Promise<number> => {
    let found = 0;
    const query = { projectId: newId(), keys: ["thumbs"], startFrom: 0, since: 0 };
    for await (const page of scoresChanged(query)) found += page.length;
    return found;
  };
  return { ask, asked: () => asked };
}

it.each([404, 501, 422])(
  "finds nothing, and stops asking, where feedback cannot be filtered by time: %i",
  async (status) => {
    const { ask, asked } = deployment(status);
    expect(await ask()).toBe(0);
    expect(await ask()).toBe(0);
    expect(asked()).toBe(1);
  },
);

it.each([
  [401, "unauthorized"],
  [503, "unavailable"],
])("says so where it cannot ask now: %i", async (status, code) => {
  const { ask, asked } = deployment(status);
  await expect(ask()).rejects.toMatchObject({ code });
  const before = asked();
  await expect(ask()).rejects.toMatchObject({ code });
  expect(asked()).toBeGreaterThan(before);
});
