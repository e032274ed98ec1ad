import * as fc from "fast-check";
import { expect, test } from "vitest";
import { randomBinomial, randomSource } from "../internal/random.ts";
import type { AlertInput, AlertNotification, AlertRule, AlertState, AlertTransition } from "../model/alert.ts";
import { evaluateAlert, muteAlert, relearnAlert, resumeAlert, startAlert, unmuteAlert } from "./evaluate-alert.ts";
import { evaluateAlerts } from "./evaluate-alerts.ts";
import { notifyActions, sampleNotification } from "./notification.ts";
import { previewAlert } from "./preview-alert.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const rate: AlertRule = {
  name: "failures",
  condition: { kind: "failure_rate" },
  destinations: ["slack", "pager"],
};

/** Evaluates a rule every five minutes. */
class Watch {
  state: AlertState;
  now = 0;
  notifications: AlertNotification[] = [];
  transitions: AlertTransition[] = [];
  readonly rule: AlertRule;
  #random;
  constructor(rule: AlertRule, seed = 1) {
    this.rule = rule;
    this.state = startAlert(rule, 0);
    this.#random = randomSource(seed);
  }
  step(input: AlertInput, stepMs = 5 * MINUTE): this {
    this.now += stepMs;
    const step = evaluateAlert(this.rule, this.state, input, this.now);
    this.state = step.state;
    this.notifications.push(...step.notifications);
    this.transitions.push(...step.transitions);
    return this;
  }
  /** Hours of 8 traces per five minutes at a failure rate. */
  run(hours: number, failureRate: number): this {
    for (let i = 0; i < hours * 12; i += 1) {
      this.step({ traces: { failing: randomBinomial(this.#random, 8, failureRate), total: 8 } });
    }
    return this;
  }
  kinds(): string[] {
    return this.notifications.map(({ kind }) => kind);
  }
}

test("learns what is usual, fires when the rate doubles, reminds, and resolves when it is back", () => {
  const watch = new Watch(rate).run(4, 0.05);
  expect(watch.state.phase).toBe("learning");
  watch.run(200, 0.05);
  expect(watch.transitions.map(({ from, to }) => `${from}>${to}`)).toEqual(["learning>ok"]);
  watch.run(24, 0.12);
  expect(watch.state).toMatchObject({ phase: "firing", cause: "condition", episode: 1 });
  const fired = watch.notifications[0];
  expect(fired).toMatchObject({ kind: "fired", title: "failures fires", severity: "ticket", rule: "failures" });
  expect(fired?.text).toMatch(
    /^Failure rate is 1\d(\.\d)?% \(\d+ of \d+ traces\) since 1970-01-0\d \d\d:\d\d UTC, against [45](\.\d)?% in \d+ traces before$/,
  );
  const [, ...rest] = watch.notifications;
  expect(rest.length).toBeGreaterThan(2);
  for (const [index, reminder] of rest.entries()) {
    expect(reminder.kind).toBe("reminder");
    expect(reminder.at - (watch.notifications[index]?.at ?? 0)).toBe(4 * HOUR);
  }
  watch.run(48, 0.05);
  expect(watch.state).toMatchObject({ phase: "ok", cause: null });
  expect(watch.kinds().at(-1)).toBe("resolved");
  expect(new Set(watch.notifications.map(({ id }) => id)).size).toBe(watch.notifications.length);
});

test("a rate between usual and raised does not make it flap", () => {
  const watch = new Watch({ ...rate, condition: { kind: "failure_rate", baseline: 0.05 } }, 3)
    .run(60, 0.05)
    .run(24 * 20, 0.115);
  expect(watch.transitions.filter(({ to }) => to === "firing")).toHaveLength(1);
  expect(watch.state.phase).toBe("firing");
});

test("the same evaluation gives the same ids, so a repeated delivery is recognised", () => {
  const watch = new Watch(rate).run(100, 0.05);
  const storm = { traces: { failing: 40, total: 40 } };
  const [first, second] = [0, 1].map(() => evaluateAlert(rate, watch.state, storm, watch.now + MINUTE));
  expect(first).toEqual(second);
  expect(first?.notifications).toHaveLength(1);
  expect(
    notifyActions(first?.notifications[0] as AlertNotification).map((action) => [
      action.destination,
      action.data?.["alert_id"],
    ]),
  ).toEqual([
    ["slack", first?.notifications[0]?.id],
    ["pager", first?.notifications[0]?.id],
  ]);
});

test("waits for the minimum of samples, however bad they look", () => {
  const rule: AlertRule = { ...rate, condition: { kind: "failure_rate", baseline: 0.05 }, minimumSamples: 30 };
  const watch = new Watch(rule);
  for (let i = 0; i < 29; i += 1) watch.step({ traces: { failing: 1, total: 1 } });
  expect(watch.state.phase).toBe("ok");
  watch.step({ traces: { failing: 1, total: 1 } });
  expect(watch.state.phase).toBe("firing");
});

test("muting holds messages, counts them, and tells once it is lifted; the record goes on", () => {
  const watch = new Watch(rate).run(200, 0.05);
  watch.state = muteAlert(watch.state, { why: "known" });
  watch.run(24, 0.2);
  expect(watch.kinds()).toEqual([]);
  expect(watch.transitions.at(-1)?.to).toBe("firing");
  expect(watch.state.suppressed).toBeGreaterThan(0);
  const { suppressed } = watch.state;
  watch.state = unmuteAlert(watch.state);
  watch.step({ traces: { failing: 2, total: 8 } });
  expect(watch.notifications[0]).toMatchObject({ kind: "reminder" });
  expect(watch.notifications[0]?.text).toContain(`${suppressed} earlier notifications were muted.`);
  expect(watch.state.suppressed).toBe(0);
  watch.state = muteAlert(watch.state, { until: watch.now + HOUR });
  watch.run(1, 0.2);
  expect(watch.kinds()).toHaveLength(1);
});

test("relearning takes the present for normal and keeps ids apart", () => {
  const watch = new Watch(rate).run(100, 0.05).run(24, 0.2);
  const { id } = watch.notifications[0] as AlertNotification;
  watch.state = relearnAlert(rate, watch.state, watch.now);
  watch.run(100, 0.2);
  expect(watch.state.phase).toBe("ok");
  watch.run(10, 0.6);
  expect(watch.state).toMatchObject({ phase: "firing", episode: 2 });
  expect(watch.notifications.filter((sent) => sent.id === id)).toHaveLength(1);
});

test("a stored state is resumed, unless the rule watches something else now", () => {
  const watch = new Watch(rate).run(100, 0.05).run(10, 0.5);
  expect(resumeAlert(rate, undefined, 5)).toEqual(startAlert(rate, 5));
  expect(resumeAlert(rate, watch.state, 5)).toBe(watch.state);
  const burn: AlertRule = { name: rate.name, condition: { kind: "burn_rate", objective: 0.9 } };
  const resumed = resumeAlert(burn, watch.state, watch.now);
  expect(resumed).toMatchObject({ phase: "learning", condition: "burn_rate", episode: 1 });
  expect(() => evaluateAlert(burn, resumed, { traces: { failing: 1, total: 9 } }, watch.now + 1)).not.toThrow();
});

test("what silence means is the rule's choice", () => {
  const end = (noData: AlertRule["noData"], before: number): Watch => {
    const watch = new Watch({ ...rate, noData, renotifyEveryMs: null }).run(100, 0.05).run(before, 0.4);
    for (let i = 0; i < 30; i += 1) watch.step({ traces: { failing: 0, total: 0 } }, HOUR);
    return watch;
  };
  const kinds = (noData: AlertRule["noData"], before: number): string[] => {
    const watch = end(noData, before);
    const silent = watch.state.phase;
    watch.step({ traces: { failing: before > 0 ? 4 : 0, total: 8 } });
    return [...watch.kinds(), silent, watch.state.phase];
  };
  expect(kinds("report", 0)).toEqual(["no_data", "data_back", "no_data", "ok"]);
  expect(kinds("report", 6)).toEqual(["fired", "no_data", "data_back", "no_data", "firing"]);
  expect(kinds("keep", 0)).toEqual(["ok", "ok"]);
  expect(kinds("keep", 6)).toEqual(["fired", "firing", "firing"]);
  expect(kinds("ok", 0)).toEqual(["ok", "ok"]);
  expect(kinds("ok", 6)).toEqual(["fired", "resolved", "ok", "ok"]);
  expect(kinds("alert", 0)).toEqual(["fired", "resolved", "firing", "ok"]);
  expect(kinds("alert", 6)).toEqual(["fired", "firing", "firing"]);
  expect(end("alert", 0).state).toMatchObject({ cause: "no_data" });
  // What was learned before the silence is still known after it.
  expect(end("ok", 6).state.memory).toMatchObject({ reference: { looks: 5 } });
});

test("an impossible input, a clock that runs backwards and a foreign state are refused", () => {
  const state = startAlert(rate, 100);
  for (const input of [
    { traces: { failing: 3, total: 2 } },
    { traces: { failing: -1, total: 2 } },
    { lagMs: Number.NaN },
  ]) {
    expect(() => evaluateAlert(rate, state, input, 200)).toThrow("cannot be evaluated");
  }
  expect(() => evaluateAlert(rate, state, {}, 99)).toThrow("cannot be evaluated");
  const lag: AlertRule = { name: "lag", condition: { kind: "lag", aboveMs: 1 } };
  expect(() => evaluateAlert(lag, state, { lagMs: 5 }, 200)).toThrow("is one of failure_rate");
});

test("rules that make no sense name the option", () => {
  const start =
    (condition: AlertRule["condition"], more: Partial<AlertRule> = {}) =>
    () =>
      startAlert({ name: "r", condition, ...more }, 0);
  expect(start({ kind: "failure_rate", baseline: 5 })).toThrow("baseline is 5");
  expect(start({ kind: "failure_rate", falseAlarmEveryMs: 0 })).toThrow("falseAlarmEveryMs is 0");
  expect(start({ kind: "burn_rate", objective: 99 })).toThrow("objective is 99");
  expect(
    start({ kind: "burn_rate", objective: 0.9, windows: [{ longMs: 1, shortMs: 2, factor: 1, severity: "page" }] }),
  ).toThrow("shortMs is 2");
  expect(start({ kind: "lag", aboveMs: 5, resolveBelowMs: 6 })).toThrow("resolveBelowMs is 6");
  expect(start({ kind: "pattern", on: [] })).toThrow("on is []");
  expect(start({ kind: "spend", aboveUsd: 1 }, { renotifyEveryMs: -1 })).toThrow("renotifyEveryMs is -1");
});

test("a state that went through JSON behaves the same", () => {
  const rules: AlertRule[] = [
    rate,
    { name: "slo", condition: { kind: "burn_rate", objective: 0.9 } },
    { name: "health", condition: { kind: "evaluator_health" }, noData: "alert" },
    { name: "lag", condition: { kind: "lag", aboveMs: HOUR } },
    { name: "spend", condition: { kind: "spend", aboveUsd: 10 }, noData: "ok" },
  ];
  const input = fc.record({
    traces: fc.tuple(fc.nat(60), fc.nat(60)).map(([failing, passing]) => ({ failing, total: failing + passing })),
    evaluators: fc.nat(20).map((errors) => ({ judge: { errors, calls: 20 } })),
    lagMs: fc.nat(3 * HOUR),
    spendUsd: fc.nat(3),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...rules),
      fc.array(fc.tuple(input, fc.boolean(), fc.integer({ min: 1, max: 30 * HOUR })), { maxLength: 40 }),
      (rule, steps) => {
        const [kept, stored] = [new Watch(rule), new Watch(rule)];
        for (const [what, silent, stepMs] of steps) {
          kept.step(silent ? {} : what, stepMs);
          stored.step(silent ? {} : what, stepMs);
          stored.state = JSON.parse(JSON.stringify(stored.state)) as AlertState;
          expect(stored.state).toEqual(kept.state);
        }
        expect(stored.notifications).toEqual(kept.notifications);
        for (const [index, { from }] of kept.transitions.entries())
          expect(from).toBe(kept.transitions[index - 1]?.to ?? "learning");
      },
    ),
    { numRuns: 100 },
  );
});

test("preview replays history with the same outcome as living through it", () => {
  const random = randomSource(9);
  const series = Array.from({ length: 12 * 200 }, (_, i) => ({
    at: (i + 1) * 5 * MINUTE,
    input: { traces: { failing: randomBinomial(random, 8, i > 12 * 150 && i < 12 * 170 ? 0.3 : 0.05), total: 8 } },
  }));
  const preview = previewAlert(rate, series, 0);
  const lived = new Watch(rate);
  for (const { input } of series) lived.step(input);
  expect(preview.notifications).toEqual(lived.notifications);
  expect(preview.state).toEqual(lived.state);
  expect(preview.fired).toBe(1);
  expect(preview.firingMs).toBeGreaterThan(15 * HOUR);
  expect(preview.firingMs).toBeLessThan(30 * HOUR);
});

test("a test message says that it is one, and each has its own id", () => {
  const [a, b] = [sampleNotification(rate, 1), sampleNotification(rate, 2)];
  expect(a).toMatchObject({
    kind: "test",
    title: "Test of failures",
    destinations: ["slack", "pager"],
    data: { test: true },
  });
  expect(a.text).toContain("Nothing is wrong");
  expect(a.id).not.toBe(b.id);
});

test("a family of rules shares one allowance of false alarms; one rule alone is unchanged", () => {
  const known: AlertRule = { ...rate, condition: { kind: "failure_rate", baseline: 0.1, falseAlarmEveryMs: DAY } };
  const random = randomSource(21);
  const rules = Array.from({ length: 30 }, (_, index) => ({ ...known, name: `loop ${index}` }));
  let [alone, family] = [0, 1].map(() => rules.map((rule) => startAlert(rule, 0))) as [AlertState[], AlertState[]];
  for (let now = 5 * MINUTE; now <= 4 * DAY; now += 5 * MINUTE) {
    const inputs = rules.map(() => ({ traces: { failing: randomBinomial(random, 8, 0.1), total: 8 } }));
    alone = alone.map((state, i) => evaluateAlert(rules[i] as AlertRule, state, inputs[i] as AlertInput, now).state);
    const members = family.map((state, i) => ({ rule: rules[i] as AlertRule, state, input: inputs[i] as AlertInput }));
    family = evaluateAlerts(members, now).map((step) => step.state);
  }
  const alarms = (states: AlertState[]): number => states.reduce((sum, { episode }) => sum + episode, 0);
  // 30 rules alone are allowed 30 alarms a day, the family one.
  expect(alarms(alone)).toBeGreaterThan(10);
  expect(alarms(family)).toBeLessThanOrEqual(4);

  const state = new Watch(rate).run(100, 0.05).state;
  const input = { traces: { failing: 30, total: 40 } };
  expect(evaluateAlerts([{ rule: rate, state, input }], state.evaluatedAt + 1)).toEqual([
    evaluateAlert(rate, state, input, state.evaluatedAt + 1),
  ]);
});

test("false alarms stay within the allowance, and use enough of it to be worth having", () => {
  const rule: AlertRule = {
    ...rate,
    condition: { kind: "failure_rate", baseline: 0.1, falseAlarmEveryMs: DAY, falseResolveEveryMs: HOUR },
    renotifyEveryMs: null,
  };
  const watch = new Watch(rule, 17).run(24 * 100, 0.1);
  expect(watch.state.episode).toBeLessThanOrEqual(100);
  expect(watch.state.episode).toBeGreaterThan(15);
});
