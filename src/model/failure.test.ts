import { expect, it } from "vitest";
import { failureContext, type Failure } from "./failure.ts";

it("carries what a trace says cut, so that no destination refuses it for its length", () => {
  const long = "😀".repeat(12_500);
  const evidence = Array.from({ length: 50 }, () => ({ kind: "error" as const, text: long, weight: 1 }));
  const failure: Failure = {
    id: "f",
    loop: "l",
    traceId: "t",
    revision: 1,
    key: "k",
    score: 0,
    threshold: 0.5,
    scores: [],
    culprit: { spanId: "s", name: long, kind: long, score: 1, evidence },
    runnersUp: [],
    method: "evidence",
    reason: { id: "r", label: long },
  };
  const context = failureContext(failure);
  expect(JSON.stringify(context).length).toBeLessThan(6_500);
  expect(context).toMatchObject({ culprit: { name: `${"😀".repeat(99)}…` } });
  expect(failure.culprit?.name).toBe(long);
});
