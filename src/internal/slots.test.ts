import { expect, it } from "vitest";
import { createSlots } from "./slots.ts";

it("runs no more than its limit at once, in the order they came, and goes on after a failure", async () => {
  const slots = createSlots(2);
  const started: number[] = [];
  let [running, most] = [0, 0];
  const work = async (index: number): Promise<void> => {
    started.push(index);
    most = Math.max(most, (running += 1));
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (index === 1) throw new Error("the second one fails");
  };
  const results = await Promise.allSettled(Array.from({ length: 6 }, (_, index) => slots(() => work(index))));
  expect(started).toEqual([0, 1, 2, 3, 4, 5]);
  expect(most).toBe(2);
  expect(results.filter(({ status }) => status === "rejected")).toHaveLength(1);
});
