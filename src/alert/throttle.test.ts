import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Action } from "../model/action.ts";
import { digestDueAt, digestText, isNotifying, takeDigest, throttle, THROTTLE_START } from "./throttle.ts";
import type { Digest, ThrottlePolicy, ThrottleState } from "./throttle.ts";

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const notify: Action = { action: "notify", destination: "slack" };
const queue: Action = { action: "add_to_annotation_queue", queueName: "q" };
const webhook: Action = { action: "webhook", url: "https://example.com" };

const item = (at: number) => ({ id: `d${at}`, at, summary: `trace ${at}` });

test("1,000 matches in 5 minutes make one digest, and every one of them is on record", () => {
  let state = THROTTLE_START;
  const digestIds = new Set<string>();
  const digests: Digest[] = [];
  for (let now = 0; now < 20 * MINUTE; now += 300) {
    if (now < 5 * MINUTE) {
      const step = throttle({}, state, "k", notify, item(now));
      expect(step.decision.do).toBe("hold");
      if (step.decision.do === "hold") digestIds.add(step.decision.digestId);
      state = step.state;
    }
    const taken = takeDigest({}, state, "k", now);
    state = taken.state;
    if (taken.digest) digests.push(taken.digest);
  }
  expect(digests).toHaveLength(1);
  expect(digests[0]).toMatchObject({ count: 1000, unlisted: 990, to: 5 * MINUTE });
  expect([...digestIds]).toEqual([digests[0]?.id]);
  expect(digestText(digests[0] as Digest).split("\n")).toEqual([
    "1000 matches in 5 min",
    ...Array.from({ length: 10 }, (_, i) => `- trace ${i * 300}`),
    "- and 990 more, all recorded",
  ]);
});

test("what records is never held", () => {
  for (const action of [queue, webhook]) {
    const { state, decision } = throttle({}, THROTTLE_START, "k", action, item(1));
    expect(decision).toEqual({ do: "deliver" });
    expect(state).toBe(THROTTLE_START);
  }
  expect(isNotifying(webhook, { notifying: ["notify", "webhook"] })).toBe(true);
  expect(throttle({ notifying: ["webhook"] }, THROTTLE_START, "k", webhook, item(1)).decision.do).toBe("hold");
});

test("the cooldown holds the next digest, the ceiling holds it until tomorrow, and both tell what they held", () => {
  const policy: ThrottlePolicy = { digestMs: MINUTE, cooldownMs: 10 * MINUTE, dailyCeiling: 2 };
  let state: ThrottleState = THROTTLE_START;
  const add = (at: number): void => {
    state = throttle(policy, state, "k", notify, item(at)).state;
  };
  const take = (): Digest | null => {
    const due = digestDueAt(policy, state) ?? 0;
    expect(takeDigest(policy, state, "k", due - 1).digest).toBeNull();
    const step = takeDigest(policy, state, "k", due);
    state = step.state;
    return step.digest;
  };
  add(0);
  expect(take()).toMatchObject({ to: MINUTE, count: 1, remaining: 1 });
  add(2 * MINUTE);
  add(5 * MINUTE);
  const last = take();
  expect(last).toMatchObject({ to: 11 * MINUTE, count: 2, remaining: 0 });
  expect(digestText(last as Digest)).toContain("last message of today");
  add(30 * MINUTE);
  add(31 * MINUTE);
  expect(take()).toMatchObject({ to: DAY, count: 2, remaining: 1 });
  expect(digestDueAt(policy, state)).toBeNull();
});

test("nothing is lost or told twice, and no limit is broken, whatever comes", () => {
  const policies = fc.record({
    digestMs: fc.constantFrom(0, MINUTE, 30 * MINUTE),
    cooldownMs: fc.constantFrom(0, 10 * MINUTE, 8 * 60 * MINUTE),
    dailyCeiling: fc.integer({ min: 1, max: 4 }),
    listed: fc.nat(3),
  });
  fc.assert(
    fc.property(policies, fc.array(fc.nat(2 * 60 * MINUTE), { maxLength: 120 }), (policy, gaps) => {
      let state: ThrottleState = THROTTLE_START;
      let now = 0;
      const digests: Digest[] = [];
      const promised = new Map<string, number>();
      for (const gap of gaps) {
        now += gap;
        const taken = takeDigest(policy, state, "k", now);
        if (taken.digest) digests.push(taken.digest);
        const { state: next, decision } = throttle(policy, taken.state, "k", notify, {
          ...item(now),
          id: `${promised.size}-${now}`,
        });
        if (decision.do === "hold") promised.set(decision.digestId, (promised.get(decision.digestId) ?? 0) + 1);
        state = JSON.parse(JSON.stringify(next)) as ThrottleState;
      }
      const waiting = state.held?.count ?? 0;
      expect(digests.reduce((sum, { count }) => sum + count, 0) + waiting).toBe(gaps.length);
      for (const digest of digests) {
        expect(promised.get(digest.id)).toBe(digest.count);
        expect(digest.items.length + digest.unlisted).toBe(digest.count);
        expect(digest.items.length).toBeLessThanOrEqual(policy.listed);
      }
      const perDay = new Map<number, number>();
      for (const [index, { to }] of digests.entries()) {
        perDay.set(Math.floor(to / DAY), (perDay.get(Math.floor(to / DAY)) ?? 0) + 1);
        if (index > 0) expect(to - (digests[index - 1]?.to ?? 0)).toBeGreaterThanOrEqual(policy.cooldownMs);
      }
      for (const count of perDay.values()) expect(count).toBeLessThanOrEqual(policy.dailyCeiling);
    }),
    { numRuns: 200 },
  );
});

test("a policy that makes no sense is refused", () => {
  expect(() => throttle({ dailyCeiling: 0 }, THROTTLE_START, "k", notify, item(0))).toThrow("dailyCeiling is 0");
});
