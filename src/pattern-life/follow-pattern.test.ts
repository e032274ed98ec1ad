import { expect, test } from "vitest";
import { linkIssue } from "./act-on-issue.ts";
import { followPattern, seePattern } from "./follow-pattern.ts";

const mined = (...exemplars: string[]) => ({
  predicates: [{ feature: "llm.model", operator: "=" as const, value: "small" }],
  sentence: "s",
  exemplars,
});

test("a new issue is a candidate from the end of the window it was mined in", () => {
  const { state, events } = followPattern(mined("t1"), { from: 0, to: 7 });
  expect(state).toMatchObject({
    state: "candidate",
    firstSeenAt: 7,
    observedTo: 7,
    links: [{ kind: "trace", id: "t1", at: 7 }],
  });
  expect(state.history).toEqual([
    { at: 7, from: null, to: "candidate", why: "mined from a window of traces", who: "loopsmith" },
  ]);
  expect(events).toMatchObject([{ type: "pattern:new", issueId: state.id, muted: false }]);
});

test("seeing it again renews exemplars, keeps the newest fifty, and never drops what a person linked", () => {
  let { state } = followPattern(mined("t0"), { from: 0, to: 7 });
  state = linkIssue(state, { kind: "dataset", id: "d" }, { who: "ana", at: 8 });
  state = linkIssue(state, { kind: "trace", id: "mine", label: "look at this" }, { who: "ana", at: 9 });
  for (let i = 1; i <= 80; i += 1)
    state = seePattern(state, mined(`t${i}`, `t${i - 1}`), { from: 0, to: 10 + i }).state;
  const traces = state.links.filter(({ kind }) => kind === "trace").map(({ id }) => id);
  expect(traces).toHaveLength(50);
  expect(traces[0]).toBe("mine");
  expect(traces.at(-1)).toBe("t80");
  expect(new Set(traces).size).toBe(50);
  expect(state.links.some(({ id }) => id === "d")).toBe(true);
  expect(state.state).toBe("candidate");
});
