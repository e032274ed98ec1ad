import { expect, test } from "vitest";
import type { FollowedPattern, WindowObservation } from "../model/issue.ts";
import { assignIssue, linkIssue, muteIssue, noteIssue, unmuteIssue } from "./act-on-issue.ts";
import { issueMatches } from "./exposure.ts";
import { followPattern } from "./follow-pattern.ts";
import { mergeIssues } from "./merge-issues.ts";
import { observeWindow } from "./observe-window.ts";

const follow = (value: string, to = 10): FollowedPattern =>
  followPattern(
    { predicates: [{ feature: "m", operator: "=", value }], sentence: value, exemplars: [value] },
    { from: 0, to },
  ).state;
const ana = { who: "ana", at: 20 };
const strong: WindowObservation = { from: 30, to: 40, failing: 20, failures: 22, passing: 5, passes: 78 };

test("every act leaves its line, with who and why; doing nothing leaves none", () => {
  const issue = follow("a");
  let state = assignIssue(issue, "bo", ana);
  state = noteIssue(state, "looks like the index", { who: "bo", at: 21 });
  state = linkIssue(state, { kind: "dataset", id: "d1" }, { who: "bo", at: 22 });
  state = muteIssue(state, { until: 86_400_000, why: "known" }, { who: "bo", at: 23 });
  expect(state.history.slice(1).map(({ at, who, why }) => `${at} ${who}: ${why}`)).toEqual([
    "20 ana: assigned to bo",
    "21 bo: note changed",
    "22 bo: linked to dataset d1",
    "23 bo: muted until 1970-01-02T00:00:00.000Z: known",
  ]);
  expect(state).toMatchObject({ assignee: "bo", note: "looks like the index", state: "candidate" });
  expect(assignIssue(state, "bo", ana)).toBe(state);
  expect(noteIssue(state, state.note, ana)).toBe(state);
  expect(linkIssue(state, { kind: "dataset", id: "d1" }, ana)).toBe(state);
  expect(unmuteIssue(issue, ana)).toBe(issue);
  expect(issue.history).toHaveLength(1);
});

test("a clock that runs backwards does not turn the history round", () => {
  const state = noteIssue(assignIssue(follow("a"), "bo", { who: "ana", at: 50 }), "x", { who: "ana", at: 40 });
  expect(state.history.map(({ at }) => at)).toEqual([10, 50, 50]);
});

test("muted issues are followed, their events say so, until the term ends or it is lifted", () => {
  const muted = (until: number | null): boolean | undefined =>
    observeWindow(muteIssue(follow("a"), { until }, ana), strong).events[0]?.muted;
  expect(muted(null)).toBe(true);
  expect(muted(41)).toBe(true);
  expect(muted(40)).toBe(false);
  const lifted = unmuteIssue(muteIssue(follow("a"), {}, ana), ana);
  expect(observeWindow(lifted, strong).events[0]).toMatchObject({ type: "pattern:confirmed", muted: false });
});

test("merging keeps both histories, hands over predicates and links, and stops counting the source", () => {
  const confirmed = observeWindow(follow("b", 5), strong).state;
  const { source, target, events } = mergeIssues(confirmed, follow("a"), { who: "ana", at: 50 });
  expect(source.mergedInto).toBe(target.id);
  expect(source.history.at(-1)).toMatchObject({ who: "ana", why: `merged into ${target.id}` });
  expect(target.history.at(-1)).toMatchObject({ from: "candidate", to: "confirmed", who: "ana" });
  expect(target).toMatchObject({ state: "confirmed", firstSeenAt: 5, observedTo: 40 });
  expect(target.links.map(({ id }) => id)).toEqual(["a", "b", source.id]);
  expect(issueMatches(target, { m: "b" })).toBe(true);
  expect(events.map(({ type }) => type)).toEqual(["pattern:merged"]);
  expect(observeWindow(source, { ...strong, from: 60, to: 70 })).toEqual({ state: source, events: [] });

  const third = follow("c");
  expect(() => mergeIssues(source, third, ana)).toThrow("was merged into");
  expect(() => mergeIssues(third, source, ana)).toThrow("was merged into");
  expect(() => mergeIssues(third, third, ana)).toThrow("into itself");
});
