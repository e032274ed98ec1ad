import { expect, it } from "vitest";
import { eitherGeneration } from "./either-generation.ts";

/** Fails before its first item. */
const refused = (status: number) => (): AsyncIterable<string> => ({
  [Symbol.asyncIterator]: () => ({
    next: () => Promise.reject(Object.assign(new Error(`Received status [${status}]`), { status })),
  }),
});
const gives = (item: string) =>
  async function* (): AsyncGenerator<string> {
    yield item;
  };
async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

it.each([404, 405, 501])("switches to v1 for good where lists of v2 are missing: %i", async (status) => {
  const eitherWay = eitherGeneration();
  expect(await all(eitherWay(refused(status), gives("v1")))).toEqual(["v1"]);
  expect(await all(eitherWay(gives("v2"), gives("v1")))).toEqual(["v1"]);
});

it("does not take one thing that is gone for a missing route", async () => {
  const eitherWay = eitherGeneration();
  expect(await all(eitherWay(refused(404), gives("v1"), "one"))).toEqual(["v1"]);
  expect(await all(eitherWay(refused(404), refused(410), "one"))).toEqual([]);
  expect(await all(eitherWay(gives("v2"), gives("v1")))).toEqual(["v2"]);
});

it("passes on what is neither", async () => {
  const eitherWay = eitherGeneration();
  await expect(all(eitherWay(refused(503), gives("v1"), "one"))).rejects.toMatchObject({
    code: "unavailable",
  });
  await expect(all(eitherWay(refused(404), refused(429), "one"))).rejects.toMatchObject({
    code: "rate_limited",
  });
});
