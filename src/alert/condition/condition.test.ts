import { expect, test } from "vitest";
import type { AlertInput, AlertRule } from "../../model/alert.ts";
import type { IssueEvent, IssueEventType } from "../../model/issue.ts";
import { previewAlert } from "../preview-alert.ts";
import { addToBuckets, sumBuckets } from "./buckets.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Messages of a rule fed at even steps, as `kind@step`. */
function messages(rule: AlertRule, inputs: readonly AlertInput[], stepMs = 5 * MINUTE): string[] {
  const series = inputs.map((input, index) => ({ at: (index + 1) * stepMs, input }));
  return previewAlert({ renotifyEveryMs: null, ...rule }, series, 0).notifications.map(
    ({ kind, at }) => `${kind}@${at / stepMs}`,
  );
}
const traces = (failing: number, total: number): AlertInput => ({ traces: { failing, total } });
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

test("buckets slide: full ones count whole, the oldest by what the window still covers", () => {
  const bucket = { bucketMs: 10, keepMs: 30 };
  let buckets: ReturnType<typeof addToBuckets> = [];
  for (const now of [5, 10, 15, 25, 35]) buckets = addToBuckets(buckets, now, { part: 1, whole: 2 }, bucket);
  expect(buckets).toEqual([
    { at: 0, part: 2, whole: 4 },
    { at: 10, part: 1, whole: 2 },
    { at: 20, part: 1, whole: 2 },
    { at: 30, part: 1, whole: 2 },
  ]);
  expect(sumBuckets(buckets, 35, 30, 10)).toEqual({ part: 4, whole: 8 });
  expect(sumBuckets(buckets, 35, 15, 10)).toEqual({ part: 2, whole: 4 });
  expect(addToBuckets(buckets, 100, { part: 0, whole: 0 }, bucket)).toEqual([]);
});

test("burn rate pages when both windows burn, not for a blip, and is over when the short one cools", () => {
  const rule: AlertRule = { name: "slo", condition: { kind: "burn_rate", objective: 0.99 } };
  const calm = times(36, traces(0, 50));
  // One bad five minutes: the hour stays under 14.4 times the budget.
  expect(messages(rule, [...calm, traces(20, 50), ...calm])).toEqual([]);
  // 30% failing is 30 times the budget; the hour reaches 14.4 times after half of it.
  const [fired, ...rest] = messages(rule, [...calm, ...times(12, traces(15, 50)), ...calm]);
  expect(fired).toBe("fired@42");
  expect(rest).toHaveLength(1);
  expect(rest[0]).toMatch(/^resolved@/);
  const { notifications } = previewAlert(
    rule,
    [...calm, ...times(12, traces(15, 50))].map((input, i) => ({ at: (i + 1) * 5 * MINUTE, input })),
    0,
  );
  expect(notifications[0]).toMatchObject({ severity: "page" });
  expect(notifications[0]?.text).toMatch(
    /^Error budget of 1% burns at 1[45]\.?\d* times the planned rate over 60 min and 5 min \(limit 14\.4\)/,
  );
});

test("a slow burn makes a ticket, and too few failures make nothing", () => {
  const rule: AlertRule = { name: "slo", condition: { kind: "burn_rate", objective: 0.99 } };
  const slow = Array.from({ length: 24 }, () => traces(4, 100));
  const { notifications } = previewAlert(
    rule,
    slow.map((input, i) => ({ at: (i + 1) * HOUR, input })),
    0,
  );
  expect(notifications[0]).toMatchObject({ kind: "fired", severity: "ticket" });
  const calm = times(6, traces(0, 1));
  expect(messages(rule, [...calm, traces(2, 6)])).toEqual([]);
  expect(messages(rule, [...calm, traces(3, 3)])).toEqual([]);
  expect(messages(rule, [...calm, traces(3, 6)])).toEqual(["fired@7"]);
  // Before half of the window was watched nothing is said about it.
  expect(messages(rule, [traces(30, 60)])).toEqual([]);
});

test("evaluator health watches one evaluator or all, against its error share", () => {
  const input = (judge: number, rules: number): AlertInput => ({
    evaluators: { judge: { errors: judge, calls: 20 }, rules: { errors: rules, calls: 20 } },
  });
  const broken = [...times(20, input(0, 0)), ...times(20, input(6, 0))];
  const health: AlertRule = { name: "health", condition: { kind: "evaluator_health", evaluator: "judge" } };
  expect(messages(health, broken)[0]).toMatch(/^fired@2[2-5]$/);
  expect(messages({ ...health, condition: { kind: "evaluator_health", evaluator: "rules" } }, broken)).toEqual([]);
  expect(messages({ ...health, condition: { kind: "evaluator_health" } }, broken)[0]).toMatch(/^fired@2\d$/);
});

test("lag has to last, and has to fall well below before it is over", () => {
  const rule: AlertRule = { name: "lag", condition: { kind: "lag", aboveMs: HOUR } };
  const lag = (...minutes: number[]): AlertInput[] => minutes.map((m) => ({ lagMs: m * MINUTE }));
  expect(messages(rule, lag(10, 70, 10, 70, 30))).toEqual([]);
  expect(messages(rule, lag(10, 70, 70, 59, 50, 47, 70, 70))).toEqual(["fired@3", "resolved@6", "fired@8"]);
});

test("spend is summed over a sliding window", () => {
  const rule: AlertRule = { name: "spend", condition: { kind: "spend", aboveUsd: 10 } };
  const hours = [...times(24, { spendUsd: 0.4 }), ...times(4, { spendUsd: 0.65 }), ...times(24, { spendUsd: 0 })];
  expect(messages(rule, hours, HOUR)).toEqual(["fired@26", "resolved@35"]);
});

test("pattern events are told one by one, muted ones not, and close with their issue", () => {
  const event = (type: IssueEventType, issueId: string, muted = false): IssueEvent => ({
    type,
    issueId,
    sentence: `about ${issueId}`,
    at: 1,
    from: null,
    to: "confirmed",
    why: "because",
    evidence: 30,
    muted,
  });
  const rule: AlertRule = { name: "patterns", condition: { kind: "pattern" } };
  const input = (...patterns: IssueEvent[]): AlertInput => ({ patterns });
  const steps = [
    input(event("pattern:new", "a")),
    input(event("pattern:confirmed", "a")),
    input(event("pattern:confirmed", "m", true)),
    input(event("pattern:regressed", "b"), event("pattern:growing", "c")),
    input(event("pattern:stable", "a"), event("pattern:resolved", "b")),
    input(event("pattern:no_exposure", "c")),
    input(),
  ];
  expect(messages(rule, steps)).toEqual(["fired@2", "fired@4", "resolved@6"]);
  const only: AlertRule = { ...rule, condition: { kind: "pattern", issueIds: ["b"], on: ["pattern:regressed"] } };
  expect(messages(only, steps)).toEqual(["fired@4", "resolved@5"]);
  const { notifications } = previewAlert(
    rule,
    steps.map((step, i) => ({ at: i + 1, input: step })),
    0,
  );
  expect(notifications[1]?.text).toBe("regressed: about b (because)\ngrowing: about c (because)");
});
