import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import { withDeadline } from "./deadline.ts";
import { unlessAborted } from "./unless-aborted.ts";

/** Work that makes an error of its own of the abort. */
const heeding = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) =>
    signal.addEventListener("abort", () => reject(new Error("its own")), { once: true }),
  );
const deaf = (): Promise<never> => new Promise(() => {});

it("rejects with the reason, when time is up and when it is stopped", async () => {
  await expect(withDeadline({ timeoutMs: 5 }, heeding)).rejects.toMatchObject({
    name: "TimeoutError",
    message: "no answer within 5 ms",
  });
  await expect(withDeadline({ timeoutMs: 5, late: () => "late" }, heeding)).rejects.toBe("late");
  const caller = new AbortController();
  const stopped = withDeadline({ stop: caller.signal, timeoutMs: 60_000 }, heeding);
  caller.abort("stopped");
  await expect(stopped).rejects.toBe("stopped");
  await expect(withDeadline({ stop: caller.signal, timeoutMs: 60_000 }, async () => 1)).rejects.toBe("stopped");
});

it("keeps what was done all the same, and hands on what was thrown before", async () => {
  const cut = (signal: AbortSignal): Promise<string> =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve("half"), { once: true }));
  expect(await withDeadline({ timeoutMs: 5 }, cut)).toBe("half");
  const failing = async (): Promise<never> => {
    throw new Error("broken");
  };
  await expect(withDeadline({ timeoutMs: 60_000 }, failing)).rejects.toThrow("broken");
});

it("ends work that does not heed its signal, and leaves nothing on the one it was stopped by", async () => {
  const { signal } = new AbortController();
  const call = (): Promise<unknown> =>
    withDeadline({ stop: signal, timeoutMs: 5, late: () => "late" }, (own) => unlessAborted(own, deaf));
  await expect(call()).rejects.toBe("late");
  expect(await withDeadline({ stop: signal, timeoutMs: 60_000 }, (own) => unlessAborted(own, () => 1))).toBe(1);
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

it("rejects work that throws at once, and starts none when it is too late", async () => {
  const caller = new AbortController();
  const thrown = unlessAborted(caller.signal, () => {
    throw new Error("at once");
  });
  await expect(thrown).rejects.toThrow("at once");
  caller.abort("stopped");
  let started = false;
  await expect(unlessAborted(caller.signal, () => (started = true))).rejects.toBe("stopped");
  expect(started).toBe(false);
});
