import * as fc from "fast-check";
import { expect, test } from "vitest";
import { randomBinomial, randomSource } from "../internal/random.ts";
import type { FollowedPattern, IssueEvent, WindowObservation } from "../model/issue.ts";
import { followPattern, seePattern } from "./follow-pattern.ts";
import { issueRate } from "./issue-rate.ts";
import { observeWindow, observeWindows } from "./observe-window.ts";

const HOUR = 3_600_000;
const PATTERN = {
  predicates: [{ feature: "llm.model", operator: "=" as const, value: "small" }],
  sentence: '40% of failures have llm model "small"',
  exemplars: ["t1", "t2"],
};

/** Feeds hours of traffic: 100 runs an hour, 6% of the others fail; `rate` of `exposed` matching ones. */
class Life {
  state: FollowedPattern;
  events: IssueEvent[] = [];
  hour = 0;
  #random;
  constructor(seed = 1) {
    this.#random = randomSource(seed);
    this.state = followPattern(PATTERN, { from: -24 * HOUR, to: 0 }).state;
  }
  window(rate: number, exposed: number): WindowObservation {
    const failing = randomBinomial(this.#random, exposed, rate);
    const failures = failing + randomBinomial(this.#random, 100 - exposed, 0.06);
    const from = this.hour * HOUR;
    return { from, to: from + HOUR, failing, failures, passing: exposed - failing, passes: 100 - failures };
  }
  run(hours: number, rate: number, exposed = 15): this {
    for (let i = 0; i < hours; i += 1) {
      const step = observeWindow(this.state, this.window(rate, exposed));
      this.state = step.state;
      this.events.push(...step.events);
      this.hour += 1;
    }
    return this;
  }
  types(): string[] {
    return this.events.map(({ type }) => type.replace("pattern:", ""));
  }
}

test("a real pattern is confirmed by the data after it was mined, settles, is fixed, rests and comes back", () => {
  const life = new Life().run(6, 0.5);
  expect(life.types()).toEqual(["confirmed"]);
  expect(life.events[0]?.evidence).toBeGreaterThanOrEqual(20);
  life.run(90, 0.5);
  expect(life.state.state).toBe("stable");
  life.run(48, 0.03);
  expect(life.state.state).toBe("resolved");
  expect(life.state.resolvedAt).not.toBeNull();
  life.run(240, 0.03);
  expect(life.state.state).toBe("resolved");
  life.run(12, 0.5);
  expect(life.state.state).toBe("regressed");
  life.run(80, 0.5);
  expect(life.types()).toEqual(["confirmed", "stable", "shrinking", "resolved", "regressed", "stable"]);
  expect(issueRate(life.state).low).toBeLessThan(0.5);
  expect(issueRate(life.state).high).toBeGreaterThan(0.5);
});

test("a doubled rate is growing, a halved one shrinking, and neither is resolved", () => {
  const life = new Life(12).run(200, 0.25).run(40, 0.55);
  expect(life.state.state).toBe("growing");
  expect(Math.abs(life.state.since - 200 * HOUR)).toBeLessThan(12 * HOUR);
  life.run(100, 0.55).run(40, 0.27);
  expect(life.state.state).toBe("shrinking");
  life.run(200, 0.27);
  expect(life.types()).toEqual(["confirmed", "stable", "growing", "stable", "shrinking", "stable"]);
});

test("a comeback is held against where the rate came to rest, yet one that stays below a quarter is none", () => {
  const rested = (seed: number, hours: number): Life => new Life(seed).run(100, 0.5).run(60, 0.03).run(hours, 0.03);
  let low = 0;
  for (let seed = 20; seed < 40; seed += 1) {
    const life = rested(seed, 60);
    expect(life.state.state).toBe("resolved");
    // A quarter of the way from 6% to 50% is 17%.
    if (life.run(240, 0.13).state.state !== "resolved") low += 1;
  }
  expect(low).toBeLessThanOrEqual(1);

  const noticed = (life: Life): number => {
    for (let hours = 1; hours < 200; hours += 1) if (life.run(1, 0.26).state.state === "regressed") return hours;
    return 200;
  };
  const seeds = Array.from({ length: 20 }, (_, index) => 50 + index);
  const mean = (hours: number): number =>
    seeds.reduce((sum, seed) => sum + noticed(rested(seed, hours)) / seeds.length, 0);
  expect(mean(400)).toBeLessThan(0.75 * mean(0));
});

test("without exposed runs an issue is never resolved, whatever it was before", () => {
  const active = new Life(3).run(100, 0.5).run(30, 0, 0);
  expect(active.state.state).toBe("no_exposure");
  active.run(300, 0, 0);
  expect(active.types()).toEqual(["confirmed", "stable", "no_exposure"]);
  active.run(10, 0.5);
  expect(active.state.state).toBe("stable");
  // Fixed while nobody could see it: resolved only once there are runs to show it.
  active.run(48, 0, 0).run(1, 0);
  expect(active.state.state).not.toBe("resolved");
  active.run(24, 0);
  expect(active.state.state).toBe("resolved");
  const { resolvedAt } = active.state;
  active.run(30, 0, 0);
  expect(active.state.state).toBe("no_exposure");
  active.run(1, 0);
  expect(active.state).toMatchObject({ state: "resolved", resolvedAt });
  active.run(48, 0, 0).run(12, 0.5);
  expect(active.state.state).toBe("regressed");
});

test("a quiet night is not the end of exposure", () => {
  const life = new Life(4).run(50, 0.5);
  for (let day = 0; day < 5; day += 1) life.run(14, 0, 0).run(10, 0.5);
  expect(life.types()).toEqual(["confirmed", "stable"]);
});

test("a chance finding is dismissed, is left alone, and gets a new chance when mined again", () => {
  const life = new Life(5).run(24 * 8, 0.06);
  expect(life.state).toMatchObject({ state: "candidate" });
  expect(life.state.dismissedAt).not.toBeNull();
  const rest = life.state;
  expect(observeWindow(rest, life.window(0.5, 15)).state).toBe(rest);
  const again = seePattern(
    rest,
    { ...PATTERN, sentence: "new words", exemplars: ["t2", "t3"] },
    { from: 0, to: life.hour * HOUR },
  );
  expect(again.events.map(({ type }) => type)).toEqual(["pattern:new"]);
  expect(again.state).toMatchObject({ dismissedAt: null, sentence: "new words" });
  expect(again.state.links.map(({ id }) => id)).toEqual(["t1", "t2", "t3"]);
  life.state = again.state;
  life.run(8, 0.5);
  expect(life.state.state).toBe("confirmed");
});

test("of candidates that mean nothing at most 1 in 20 is confirmed, looking after every hour for a week", () => {
  let confirmed = 0;
  for (let seed = 0; seed < 200; seed += 1) {
    if (new Life(100 + seed).run(150, 0.06, 8).types().includes("confirmed")) confirmed += 1;
  }
  // Bound 5%; three standard errors of 200 lives are 4.6%.
  expect(confirmed / 200).toBeLessThan(0.097);
});

test("a window is counted once; overlap and contradictions are refused", () => {
  const life = new Life(6).run(5, 0.5);
  const { state } = life;
  const old = { ...life.window(0.5, 15), from: 4 * HOUR, to: 5 * HOUR };
  expect(observeWindow(state, old)).toEqual({ state, events: [] });
  const next = life.window(0.5, 15);
  for (const wrong of [
    { ...next, from: 4.5 * HOUR },
    { ...next, failing: next.failures + 1 },
    { ...next, exposed: 3 },
    { ...next, exposed: 101 },
    { ...next, passing: 0.5 },
    { ...next, to: next.from - 1 + 1 },
  ]) {
    expect(() => observeWindow({ ...state, observedTo: 4.6 * HOUR }, wrong)).toThrow(/cannot be counted/);
  }
});

test("clustered runs need as many times the evidence", () => {
  const life = new Life(7);
  const windows = Array.from({ length: 12 }, () => {
    life.hour += 1;
    return life.window(0.4, 10);
  });
  const confirmedAfter = (clusterSize: number): number => {
    let { state } = followPattern(PATTERN, { from: -1, to: 0 });
    return (
      1 + windows.findIndex((seen) => (state = observeWindow(state, seen, { clusterSize }).state).state !== "candidate")
    );
  };
  expect(confirmedAfter(4)).toBeGreaterThan(confirmedAfter(1));
  expect(() => observeWindow(life.state, windows[0] as WindowObservation, { clusterSize: 0 })).toThrow(
    "clusterSize is 0",
  );
});

const arbitraryHours = fc.array(
  fc.record({
    exposed: fc.constantFrom(0, 0, 1, 15, 60),
    rate: fc.constantFrom(0, 0.06, 0.3, 0.9),
    hours: fc.integer({ min: 1, max: 40 }),
  }),
  { maxLength: 12 },
);

test("histories only grow, in order of time, each line starting where the last one ended", () => {
  fc.assert(
    fc.property(arbitraryHours, fc.nat(1000), (phases, seed) => {
      const life = new Life(seed);
      for (const { exposed, rate, hours } of phases) {
        for (let i = 0; i < hours; i += 1) {
          const before = life.state;
          life.run(1, rate, exposed);
          expect(life.state.history.slice(0, before.history.length)).toEqual(before.history);
          expect(life.state.since).toBeLessThanOrEqual(life.state.decidedAt);
          if (life.state.state === "resolved" && before.state !== "resolved") expect(exposed).toBeGreaterThan(0);
        }
      }
      for (const [index, entry] of life.state.history.entries()) {
        const previous = life.state.history[index - 1];
        expect(entry.from).toBe(previous?.to ?? null);
        expect(entry.at).toBeGreaterThanOrEqual(previous?.at ?? entry.at);
      }
      expect(life.state.history.at(-1)?.to).toBe(life.state.state);
    }),
    { numRuns: 40 },
  );
});

test("a state that went through JSON behaves the same", () => {
  fc.assert(
    fc.property(arbitraryHours, fc.nat(1000), (phases, seed) => {
      const [kept, stored] = [new Life(seed), new Life(seed)];
      for (const { exposed, rate, hours } of phases) {
        kept.run(hours, rate, exposed);
        stored.run(hours, rate, exposed);
        stored.state = JSON.parse(JSON.stringify(stored.state)) as FollowedPattern;
        expect(stored.state).toEqual(kept.state);
      }
      expect(stored.events).toEqual(kept.events);
    }),
    { numRuns: 30 },
  );
});

test("one issue observed as a family of one is one issue; many need stronger evidence each", () => {
  const life = new Life(8).run(100, 0.3);
  const seen = life.window(0.9, 15);
  expect(observeWindows([{ issue: life.state, seen }])).toEqual({
    issues: [observeWindow(life.state, seen).state],
    events: observeWindow(life.state, seen).events,
  });

  const grownAt = (others: number): number => {
    const [rising, calm] = [new Life(9).run(150, 0.25), new Life(10).run(150, 0.25)];
    let issues = [rising.state, ...Array.from({ length: others }, () => calm.state)];
    for (let hours = 1; hours < 100; hours += 1) {
      const [up, flat] = [rising.window(0.42, 15), calm.window(0.25, 15)];
      issues = observeWindows(issues.map((issue, index) => ({ issue, seen: index === 0 ? up : flat }))).issues;
      rising.hour += 1;
      calm.hour += 1;
      if (issues[0]?.state === "growing") return hours;
    }
    return 100;
  };
  expect(grownAt(40)).toBeGreaterThan(grownAt(0));
});
