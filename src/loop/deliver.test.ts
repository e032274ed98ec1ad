import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Destination } from "../destination/destination.ts";
import { createDelivery, type DeliveryOutcome } from "../model/delivery.ts";
import { sqliteStore } from "../store/sqlite/sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { createDeliverer } from "./deliver.ts";
import { createEmitter } from "./events.ts";
import { loopTracing } from "./loop-tracing.ts";
import { resolveOptions } from "./resolve-options.ts";

const folder = mkdtempSync(join(tmpdir(), "loopsmith-deliver-"));
const START = 1_800_000_000_000;
const { signal } = new AbortController();

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A destination whose attempts last until they are ended by hand. */
function slowDestination() {
  const attempts: { signal: AbortSignal; end: (outcome: DeliveryOutcome) => void }[] = [];
  const destination: Destination = {
    kind: "slow",
    recording: false,
    deliver: (_delivery, context) =>
      new Promise((resolve, reject) => {
        attempts.push({ signal: context.signal, end: resolve });
        context.signal.addEventListener("abort", () => reject(context.signal.reason as Error));
      }),
  };
  return { destination, attempts };
}

function worker(store: Store, destination: Destination) {
  const emitter = createEmitter();
  const events: string[] = [];
  for (const name of ["delivery:delivered", "delivery:failed", "delivery:dead"] as const) {
    emitter.on(name, ({ delivery }) => events.push(`${name} ${delivery.id}`));
  }
  const options = resolveOptions({
    client: { store, subscribe: () => () => {} },
    projectName: "p",
    evaluator: () => 1,
    threshold: 0.5,
    throttle: false,
    destinations: { slow: destination },
  });
  const tracing = loopTracing(null, "L", { sign: () => "", isOwn: () => false });
  const platform = { name: "none" } as never;
  return { run: createDeliverer({ store, platform, loopId: "L", options, tracing, emitter }), events };
}

describe("an attempt that lasts longer than a lease", () => {
  // The database works by real turns of the event loop; only the renewals go by this clock.
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
  afterEach(() => void vi.useRealTimers());

  async function begin(name: string) {
    const clock = { now: START };
    const store = await sqliteStore({ path: join(folder, `${name}.db`), now: () => clock.now });
    const action = { action: "notify", destination: "slow" } as const;
    await store.deliveryAdd({ deliveries: [createDelivery({ id: "d", loop: "L", action, context: {} }, START)] });
    const { destination, attempts } = slowDestination();
    const [first, second] = [worker(store, destination), worker(store, destination)];
    const round = first.run(signal);
    await vi.waitUntil(() => attempts.length === 1);
    return { clock, store, attempts, first, second, round };
  }

  it("is made by one worker, and counted once", async () => {
    const { clock, store, attempts, first, second, round } = await begin("long");
    for (let tick = 0; tick < 12; tick += 1) {
      clock.now += 10_000;
      vi.advanceTimersByTime(10_000);
      expect(await second.run(signal)).toBe(0);
    }
    attempts[0]?.end({ status: "delivered" });
    expect(await round).toBe(1);
    expect(attempts).toHaveLength(1);
    expect(await store.deliveryList({ limit: 2 })).toMatchObject([{ state: "delivered", attempts: 1 }]);
    expect(first.events).toEqual(["delivery:delivered d"]);
    expect(second.events).toEqual([]);
    await store.close();
  });

  it("is called off once another worker has the delivery, which alone says what came of it", async () => {
    const { clock, store, attempts, first, second, round } = await begin("lost");
    clock.now += 30_000;
    const other = second.run(signal);
    await vi.waitUntil(() => attempts.length === 2);
    vi.advanceTimersByTime(10_000);
    await round;
    expect(attempts.map((attempt) => attempt.signal.aborted)).toEqual([true, false]);
    attempts[1]?.end({ status: "delivered" });
    await other;
    expect(await store.deliveryList({ limit: 2 })).toMatchObject([{ state: "delivered", attempts: 1 }]);
    expect([first.events, second.events]).toEqual([[], ["delivery:delivered d"]]);
    await store.close();
  });

  it("says nothing when its lease was lost unnoticed", async () => {
    const { clock, store, attempts, first, second, round } = await begin("late");
    clock.now += 30_000;
    const other = second.run(signal);
    await vi.waitUntil(() => attempts.length === 2);
    attempts[0]?.end({ status: "delivered" });
    await round;
    attempts[1]?.end({ status: "delivered" });
    await other;
    expect([first.events, second.events]).toEqual([[], ["delivery:delivered d"]]);
    await store.close();
  });
});

it("stops what waits for a receiver that wants nothing more, and not what it takes meanwhile", async () => {
  const clock = { now: START };
  const store = await sqliteStore({ path: join(folder, "gone.db"), now: () => clock.now });
  const action = { action: "notify", destination: "slow" } as const;
  const add = (id: string, at: number): Promise<void> =>
    store.deliveryAdd({ deliveries: [createDelivery({ id, loop: "L", action, context: {} }, at)] });
  await add("a", START - 1);
  await add("b", START);
  await add("later", START + 60_000);
  const { destination, attempts } = slowDestination();
  const { run, events } = worker(store, destination);
  const round = run(signal);
  await vi.waitUntil(() => attempts.length === 2);
  attempts[0]?.end({ status: "dead", reason: "status 410", disable: true });
  await vi.waitUntil(() => events.length === 1);
  attempts[1]?.end({ status: "delivered" });
  await round;
  const states = await store.deliveryList({ limit: 3 });
  expect(Object.fromEntries(states.map(({ id, state }) => [id, state]))).toEqual({
    a: "dead",
    b: "delivered",
    later: "dead",
  });
  expect(events).toEqual(["delivery:dead a", "delivery:delivered b"]);
  await store.close();
});
