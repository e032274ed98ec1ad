import { expect, it, vi } from "vitest";
import { deliveryContext } from "../../test/servers/delivery-context.ts";
import { oneAtATime } from "./one-at-a-time.ts";

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

it("runs tasks of one key in order and without overlap, other keys beside them, failures in between", async () => {
  const inTurn = oneAtATime();
  const log: string[] = [];
  const task = (key: string, name: string, fails = false) =>
    inTurn(key, deliveryContext(), async () => {
      log.push(`${name} starts`);
      await pause(10);
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const results = await Promise.allSettled([task("k", "a"), task("k", "b", true), task("k", "c"), task("other", "d")]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  const ofK = log.filter((line) => !line.startsWith("d"));
  expect(ofK).toEqual(["a starts", "a ends", "b starts", "b ends", "c starts", "c ends"]);
  expect(log.indexOf("d starts")).toBeLessThan(log.indexOf("a ends"));
});

it("counts the wait against the deadline, so that a queue behind a hung receiver ends together", async () => {
  vi.useFakeTimers();
  const inTurn = oneAtATime();
  const hang = () =>
    inTurn("k", deliveryContext(), ({ signal }) => {
      signal.throwIfAborted();
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    });
  const all = Promise.allSettled(Array.from({ length: 16 }, hang));
  await vi.advanceTimersByTimeAsync(60_000);
  vi.useRealTimers();
  expect((await all).map(({ status }) => status)).toEqual(Array.from({ length: 16 }, () => "rejected"));
});
