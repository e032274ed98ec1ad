import { expect, test } from "vitest";
import { readAtMost } from "./read-at-most.ts";

test("reads a body of the most bytes allowed, and an empty one", async () => {
  expect(String(await readAtMost(new Response("four"), 4))).toBe("four");
  expect(String(await readAtMost(new Response(null), 4))).toBe("");
});

test("gives an endless body up at the first byte too many, and cancels it", async () => {
  let cancelled = false;
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(3)),
    cancel: () => void (cancelled = true),
  });
  expect(await readAtMost(new Response(endless), 4)).toBeNull();
  expect(cancelled).toBe(true);
});
