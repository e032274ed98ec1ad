import { expect, test } from "vitest";
import { collectGarbageSoon } from "./collect-garbage.ts";

test("what nobody holds any more is gone soon, though the heap is far from full", async () => {
  const waste = new WeakRef(Array.from({ length: 1_000_000 }, () => 7));
  collectGarbageSoon();
  collectGarbageSoon();
  await expect.poll(() => waste.deref() === undefined, { timeout: 20_000 }).toBe(true);
});
