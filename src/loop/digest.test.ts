import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ThrottlePolicy, ThrottleState } from "../alert/throttle.ts";
import type { Action } from "../model/action.ts";
import { createDelivery, type Delivery } from "../model/delivery.ts";
import { sqliteStore } from "../store/sqlite/sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { isHeld, makeDigests, type DigestDeps } from "./digest.ts";

const folder = mkdtempSync(join(tmpdir(), "loopsmith-digests-"));
const START = Date.UTC(2026, 10, 20, 12);
const MINUTE = 60_000;
let opened = 0;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function begin(policy: ThrottlePolicy = { digestMs: 0, cooldownMs: 0 }) {
  const clock = { now: START };
  const store = await sqliteStore({ path: join(folder, `${(opened += 1)}.db`), now: () => clock.now });
  const deps: DigestDeps = { store, loopId: "L", policy, destinations: ["team"] };
  const held = (id: string, createdAt = clock.now): Delivery => ({
    ...createDelivery(
      { id, loop: "L", action: { action: "notify", destination: "team", title: id }, context: {} },
      createdAt,
    ),
    state: "suppressed",
  });
  const hold = (...ids: string[]): Promise<void> => store.deliveryAdd({ deliveries: ids.map((id) => held(id)) });
  /** What each digest lists, oldest first. */
  const told = async (): Promise<string[][]> => {
    const digests = await store.deliveryList({ loopId: "L", states: ["pending"], limit: 100 });
    return digests
      .reverse()
      .map(({ action }) => (action.action === "notify" ? [...(action.text ?? "").matchAll(/^- (.*)$/gm)] : []))
      .map((lines) => lines.map(([, line]) => line ?? ""));
  };
  return { clock, store, deps, held, hold, told };
}

/** The store of a worker that stands still at its first call of `method` until it is let go. */
function stopped(store: Store, method: "cursorGet" | "deliveryTell"): { store: Store; go: () => void } {
  let go = (): void => {};
  const gate = new Promise<void>((resolve) => (go = resolve));
  const call = store[method] as (params: never) => Promise<unknown>;
  const wait = async (params: never): Promise<unknown> => {
    const early = method === "cursorGet" ? await call(params) : undefined;
    await gate;
    return early === undefined ? call(params) : early;
  };
  return { store: { ...store, [method]: wait }, go };
}

describe("what is held", () => {
  it("is told once, also when it comes to be held after younger ones were told", async () => {
    const { clock, store, deps, held, hold, told } = await begin();
    await hold("young");
    expect(await makeDigests(deps)).toBe(1);
    clock.now += MINUTE;
    await store.deliveryAdd({ deliveries: [held("old", START - MINUTE)] });
    expect(await makeDigests(deps)).toBe(1);
    clock.now += MINUTE;
    expect(await makeDigests(deps, { flush: true })).toBe(0);
    expect(await told()).toEqual([["young"], ["old"]]);
    await store.close();
  });

  it("carries the id of the digest that tells it", async () => {
    const { store, deps, hold } = await begin();
    await hold("a", "b");
    await makeDigests(deps);
    const [digest] = await store.deliveryList({ states: ["pending"], limit: 10 });
    const suppressed = await store.deliveryList({ states: ["suppressed"], limit: 10 });
    expect(suppressed.map(({ digestId }) => digestId)).toEqual([digest?.id, digest?.id]);
    await store.close();
  });

  it.each(["cursorGet", "deliveryTell"] as const)("is told once by two workers (one stops at %s)", async (method) => {
    const { clock, store, deps, hold, told } = await begin();
    await hold("a", "b");
    const slow = stopped(store, method);
    const late = makeDigests({ ...deps, store: slow.store });
    await makeDigests(deps);
    clock.now += 1;
    await hold("c");
    slow.go();
    await late;
    clock.now += MINUTE;
    await makeDigests(deps);
    expect(await told()).toEqual([["a", "b"], ["c"]]);
    await store.close();
  });

  it("is told in full, however much it is", async () => {
    const { store, deps, held } = await begin();
    const deliveries = Array.from({ length: 12_001 }, (_, index) => held(`n${index}`, START - index));
    await store.deliveryAdd({ deliveries });
    expect(await makeDigests(deps)).toBe(1);
    expect(await store.deliveryList({ states: ["pending"], limit: 10 })).toMatchObject([
      { action: { title: "12001 failures" } },
    ]);
    expect(await store.deliveryHeld({ loopId: "L", limit: 1 })).toEqual([]);
    await store.close();
  });

  it("is not told again by a database that remembers only up to when all was told", async () => {
    const { clock, store, deps, hold, told } = await begin();
    await hold("told before");
    await store.cursorSet({ name: "throttle/L/team", value: { toldTo: clock.now, state: { sentAt: START } as never } });
    clock.now += MINUTE;
    await hold("new");
    expect(await makeDigests(deps)).toBe(1);
    expect(await told()).toEqual([["new"]]);
    expect(await store.cursorGet({ name: "throttle/L/team" })).not.toHaveProperty("toldTo");
    await store.close();
  });
});

describe("a finite run", () => {
  it("waits for no more matches, and keeps to the cooldown and the ceiling", async () => {
    const { clock, store, deps, hold, told } = await begin({ dailyCeiling: 3 });
    for (let minute = 0; minute < 120; minute += 1) {
      await hold(`m${minute}`);
      await makeDigests(deps, { flush: true });
      const { state } = (await store.cursorGet({ name: "throttle/L/team" })) as unknown as { state: ThrottleState };
      expect(state.sentAt).toBeLessThanOrEqual(clock.now);
      clock.now += MINUTE;
    }
    expect((await told()).map((lines) => lines[0])).toEqual(["m0", "m1", "m16"]);
    clock.now += 24 * 60 * MINUTE;
    expect(await makeDigests(deps, { flush: true })).toBe(1);
    expect(await store.deliveryHeld({ loopId: "L", limit: 1 })).toEqual([]);
    await store.close();
  });

  it("is not held up by a last message that an earlier version put into the future", async () => {
    const { clock, store, deps, hold, told } = await begin({ digestMs: 0 });
    await store.cursorSet({ name: "throttle/L/team", value: { state: { sentAt: clock.now + 600 * MINUTE } as never } });
    await hold("a");
    await makeDigests(deps);
    expect(await told()).toEqual([["a"]]);
    await store.close();
  });
});

describe("what is not a notification", () => {
  const actionOf = (action: Action): Delivery => createDelivery({ id: "d", loop: "L", action, context: {} }, START);
  const notify = actionOf({ action: "notify", destination: "team" });
  const webhook = actionOf({ action: "webhook", url: "https://hooks.example/a" });
  const tag = actionOf({ action: "tag", tag: "t" });

  it.each<[delivery: Delivery, policy: ThrottlePolicy | null, held: boolean]>([
    [notify, {}, true],
    [notify, null, false],
    [notify, { notifying: ["webhook"] }, false],
    [{ ...notify, replayedAt: START }, {}, false],
    [{ ...notify, context: { alert_id: "a" } }, {}, false],
    [webhook, {}, false],
    [webhook, { notifying: ["notify", "webhook"] }, true],
    [tag, { notifying: ["tag"] }, false],
  ])("is held only where the policy says so (%#)", (delivery, policy, held) => {
    expect(isHeld(delivery, policy)).toBe(held);
  });

  it("is told by one of its own kind, at the same receiver", async () => {
    const { store, deps } = await begin();
    const secret = { sealed: "id" };
    const webhooks = ["a", "a", "b"].map((path) =>
      actionOf({ action: "webhook", url: `https://x.example/${path}`, secret }),
    );
    const custom = actionOf({ action: "custom", name: "page" });
    const held = [...webhooks, custom].map((one, index) => ({ ...one, id: `d${index}`, state: "suppressed" as const }));
    await store.deliveryAdd({ deliveries: held });
    expect(await makeDigests(deps)).toBe(3);
    expect(await makeDigests(deps)).toBe(0);
    const digests = await store.deliveryList({ states: ["pending"], limit: 10 });
    const actions = digests.map(({ action }) => action);
    const told = (count: number) => ({ data: { count, title: expect.stringContaining("failure") } });
    const like = { action: "webhook", secret, type: "failure.digest" };
    expect(actions).toHaveLength(3);
    expect(actions).toContainEqual(expect.objectContaining({ ...like, url: "https://x.example/a" }));
    expect(actions).toMatchObject(
      actions.map((action) => told(action.action === "webhook" && action.url.endsWith("/a") ? 2 : 1)),
    );
    await store.close();
  });
});
