import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Predicate } from "../model/pattern.ts";
import { followPattern } from "./follow-pattern.ts";
import { findFollowed, issueId, predicateDistance } from "./identity.ts";
import { mergeIssues } from "./merge-issues.ts";

const low = (value: number): Predicate => ({ feature: "retrieval.relevance", operator: "<", value });
const model: Predicate = { feature: "llm.model", operator: "=", value: "small" };
const follow = (predicates: Predicate[], to = 10) =>
  followPattern({ predicates, sentence: "", exemplars: [] }, { from: 0, to }).state;

test("order and looser duplicates do not change the id; values do", () => {
  expect(issueId([low(0.5), model])).toBe(issueId([model, low(0.5), low(0.7)]));
  expect(issueId([low(0.5), model])).not.toBe(issueId([low(0.4), model]));
});

test("a threshold that moves slightly is the same pattern, one that moves far or turns round is not", () => {
  const issue = follow([low(0.5), model]);
  for (const value of [0.45, 0.5, 0.55]) expect(findFollowed([issue], [model, low(value)])).toBe(issue);
  for (const value of [0.44, 0.56]) expect(findFollowed([issue], [model, low(value)])).toBeUndefined();
  expect(findFollowed([issue], [model, { ...low(0.5), operator: ">=" }])).toBeUndefined();
  expect(findFollowed([issue], [low(0.5)])).toBeUndefined();
  expect(findFollowed([issue], [{ ...model, value: "large" }, low(0.5)])).toBeUndefined();
  const slow = (value: number): Predicate => ({ feature: "latency_ms", operator: ">=", value });
  expect(findFollowed([follow([slow(2000)])], [slow(2300)])).toBeDefined();
  expect(findFollowed([follow([slow(2000)])], [slow(2500)])).toBeUndefined();
  expect(findFollowed([follow([slow(2000)])], [slow(2500)], { scale: () => 10_000 })).toBeDefined();
});

test("identity stays anchored: many small steps do not carry an issue away", () => {
  const issue = follow([low(0.5)]);
  const followed = [0.53, 0.55, 0.58].map((value) => findFollowed([issue], [low(value)])?.id);
  expect(followed).toEqual([issue.id, issue.id, undefined]);
});

test("the nearest wins, then the oldest, and merged issues answer with their successor", () => {
  const [a, b, c] = [follow([low(0.5)], 10), follow([low(0.56)], 20), follow([low(0.4)], 30)] as const;
  expect(findFollowed([a, b, c], [low(0.54)])).toBe(b);
  expect(findFollowed([b, { ...a, id: "twin", firstSeenAt: 99 }, a], [low(0.5)])).toBe(a);
  const { source, target } = mergeIssues(a, c, { who: "ana", at: 50 });
  expect(findFollowed([source, target], [low(0.51)])).toBe(target);
});

test("distance is symmetric, 0 on itself, and within 0 to 1 where patterns are the same", () => {
  const predicates = fc.array(
    fc.oneof(
      fc.record({
        feature: fc.constantFrom("a", "b"),
        operator: fc.constantFrom("<" as const, ">=" as const),
        value: fc.double({ min: -3, max: 3, noNaN: true }),
      }),
      fc.record({
        feature: fc.constantFrom("a", "c"),
        operator: fc.constant("=" as const),
        value: fc.constantFrom("x", true),
      }),
      fc.record({ feature: fc.constant("d"), operator: fc.constant("missing" as const), value: fc.constant(null) }),
    ),
    { minLength: 1, maxLength: 3 },
  );
  fc.assert(
    fc.property(predicates, predicates, (a, b) => {
      const distance = predicateDistance(a, b);
      expect(predicateDistance(b, a)).toBe(distance);
      expect(predicateDistance(a, a)).toBe(0);
      if (distance !== null) {
        expect(distance).toBeGreaterThanOrEqual(0);
        expect(distance).toBeLessThanOrEqual(1 + 1e-6);
      }
      if (issueId(a) === issueId(b)) expect(distance).toBe(0);
    }),
  );
});
