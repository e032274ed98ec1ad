import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LoopsmithError } from "../model/errors.ts";
import type { ErrorCode } from "../model/errors.ts";
import type { Evaluator, EvaluatorTarget } from "./evaluator.ts";
import { toEvaluator } from "./from-langsmith.ts";
import { runEvaluator } from "./run-evaluator.ts";
import { targetsOf } from "./targets.ts";
import { traceFixture } from "./trace.fixture.ts";

const target = targetsOf({ on: "trace" }, traceFixture())[0] as EvaluatorTarget;
const evaluatorOf = (evaluate: Evaluator["evaluate"]): Evaluator => ({
  name: "e",
  version: "1",
  on: "trace",
  evaluate,
});
const raise = (value: unknown): Evaluator =>
  evaluatorOf(() => {
    throw value;
  });

describe("runEvaluator", () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  beforeEach(() => process.on("unhandledRejection", note));
  afterEach(async () => {
    await new Promise(setImmediate);
    process.off("unhandledRejection", note);
    expect(unhandled.splice(0)).toEqual([]);
  });

  it("returns normalised scores", async () => {
    const scores = await runEvaluator(
      toEvaluator(() => true, { name: "ok" }),
      target,
    );
    expect(scores).toEqual([{ key: "ok", score: 1, spanId: "root", evaluator: "ok", evaluatorVersion: "1" }]);
  });

  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  it.each([
    [new Error("boom"), /boom/],
    ["text", /"text"/],
    [undefined, /undefined/],
    [cyclic, /not serialisable/],
    [1n, /bigint/],
  ])("turns throwing %s into evaluator_failed", async (thrown, message) => {
    const attempt = runEvaluator(raise(thrown), target);
    await expect(attempt).rejects.toMatchObject({
      name: "LoopsmithError",
      code: "evaluator_failed",
      details: { evaluator: "e", reason: "threw", retryable: false },
    });
    await expect(attempt).rejects.toThrow(message);
  });

  it("turns rejecting and rubbish into evaluator_failed", async () => {
    const rejects = evaluatorOf(() => Promise.reject(new TypeError("no answer")));
    await expect(runEvaluator(rejects, target)).rejects.toThrow(/Evaluator "e" threw: no answer/);
    const rubbish = evaluatorOf(async () => "nonsense" as never);
    await expect(runEvaluator(rubbish, target)).rejects.toMatchObject({ details: { reason: "rubbish" } });
    const stray = evaluatorOf(async () => [
      { key: "k", score: 1, spanId: "elsewhere", evaluator: "e", evaluatorVersion: "1" },
    ]);
    await expect(runEvaluator(stray, target)).rejects.toThrow(/elsewhere/);
  });

  it("stops waiting at the timeout, aborts the signal, and swallows what the evaluator does later", async () => {
    let seen: AbortSignal | undefined;
    let fail: (error: Error) => void = () => {};
    const hangs = evaluatorOf(({ signal }) => {
      seen = signal;
      return new Promise((_resolve, reject) => {
        fail = reject;
      });
    });
    await expect(runEvaluator(hangs, target, { timeoutMs: 5 })).rejects.toMatchObject({
      code: "evaluator_failed",
      message: expect.stringContaining("within 5 ms"),
      details: { reason: "timeout", retryable: true },
    });
    expect(seen?.aborted).toBe(true);
    fail(new Error("too late"));
  });

  it("ends early when the caller aborts, before and during the call", async () => {
    const evaluate = vi.fn(() => new Promise<never>(() => {}));
    const controller = new AbortController();
    const running = runEvaluator(evaluatorOf(evaluate), target, { signal: controller.signal });
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: "evaluator_failed", details: { reason: "aborted" } });
    const late = runEvaluator(evaluatorOf(evaluate), target, { signal: controller.signal });
    await expect(late).rejects.toMatchObject({ details: { reason: "aborted" } });
    expect(evaluate).toHaveBeenCalledTimes(1);
  });

  it.each<[ErrorCode, boolean]>([
    ["rate_limited", true],
    ["unavailable", true],
    ["timeout", true],
    ["invalid", false],
  ])("keeps the hint of a %s error and tells whether to retry", async (code, retryable) => {
    const thrown = new LoopsmithError(code, "provider said no", { hint: "Wait." });
    await expect(runEvaluator(raise(thrown), target)).rejects.toMatchObject({
      code: "evaluator_failed",
      hint: "Wait.",
      details: { retryable, code },
    });
  });

  it("lets budget_exhausted through, since that work is only deferred", async () => {
    const thrown = new LoopsmithError("budget_exhausted", "daily budget used up", { hint: "Wait." });
    await expect(runEvaluator(raise(thrown), target)).rejects.toBe(thrown);
  });
});
