import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hashShare } from "../internal/hash-share.ts";
import { LoopsmithError } from "../model/errors.ts";
import { stableId } from "../model/id.ts";
import { createBudget } from "./budget.ts";
import type { Target, Trial } from "./experiment.ts";
import { memoryJournal } from "./experiment-journal.ts";
import type { ExperimentOptions, ExperimentProgress } from "./experiment-options.ts";
import { killedExperiment, undisturbedExperiment } from "./killed-experiment.fixture.ts";
import { memoryPlatform } from "./memory-platform.fixture.ts";
import type { RemedyExample } from "./remedy-example.ts";
import { runExperiment } from "./run-experiment.ts";

interface Config {
  topK: number;
}

function examples(count: number, rest: Partial<RemedyExample> = {}): RemedyExample[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${rest.control ? "control" : "example"}-${index}`,
    inputs: { index },
    split: "held_out",
    control: false,
    slices: [],
    sourceTraceId: `trace-${index}`,
    sourceRunId: `run-${index}`,
    ...rest,
  }));
}

/** Answers well on the more examples the larger `topK` is. */
const retrieval: Target<Config> = async ({ config, exampleId }) => ({
  outputs: { ok: hashShare(`luck ${config.topK}`, exampleId) < config.topK / 10 },
  costUsd: 0.01,
});

function trial(target: Target<Config> = retrieval, rest: Partial<Trial<Config>> = {}): Trial<Config> {
  return {
    target,
    maxCostUsd: 0.02,
    evaluators: [
      {
        name: "correct",
        version: "1",
        async evaluate({ run }) {
          return { scores: [{ key: "correct", score: run.outputs?.["ok"] === true ? 1 : 0 }] };
        },
      },
    ],
    threshold: { correct: 0.5 },
    ...rest,
  };
}

function options(rest: Partial<ExperimentOptions<Config>> = {}): ExperimentOptions<Config> {
  return {
    name: "retrieval",
    dataset: { id: "dataset", version: "3" },
    examples: examples(200),
    baseline: { name: "baseline", config: { topK: 4 } },
    candidates: [
      { name: "wider", config: { topK: 7 } },
      { name: "narrower", config: { topK: 1 } },
      { name: "a bit wider", config: { topK: 5 } },
    ],
    trial: trial(),
    platform: memoryPlatform(),
    sleep: async () => undefined,
    ...rest,
  };
}

describe("runExperiment", () => {
  it("judges every candidate against the baseline on the same examples", async () => {
    const { status, candidates, baseline } = await runExperiment(options());
    expect(status).toBe("complete");
    expect(candidates.map(({ arm, verdict }) => [arm.name, verdict?.verdict])).toEqual([
      ["wider", "PASS"],
      ["narrower", "FAIL"],
      ["a bit wider", "INCONCLUSIVE"],
    ]);
    // Three candidates share alpha.
    expect(candidates[0]?.verdict?.bar).toBeCloseTo(60);
    expect(baseline).toMatchObject({ runs: 200, verdict: null });
    expect(baseline.passRate).toBeCloseTo(0.4, 1);
  });

  it("stops paying for a candidate once its verdict is in, and for all once all are", async () => {
    const { candidates } = await runExperiment(options({ concurrency: 4 }));
    expect(candidates[0]?.runs).toBeLessThan(120);
    expect(candidates[2]?.runs).toBe(200);
    const clear = await runExperiment(
      options({ candidates: [{ name: "best", config: { topK: 10 } }], concurrency: 2 }),
    );
    expect(clear.baseline.runs).toBeLessThan(60);
    expect(clear.calls.paid).toBe(2 * (clear.baseline.runs + (clear.candidates[0]?.runs ?? 0)));
  });

  it("comes to the same verdict whatever the concurrency", async () => {
    const verdicts = await Promise.all(
      [1, 7, 40].map(async (concurrency) =>
        (await runExperiment(options({ concurrency }))).candidates.map((arm) => arm.verdict),
      ),
    );
    const quality = verdicts.map((list) => list.map((verdict) => ({ ...verdict, limits: [] })));
    expect(quality[1]).toEqual(quality[0]);
    expect(quality[2]).toEqual(quality[0]);
  });

  it("never has more paid calls in flight than asked", async () => {
    let [now, most] = [0, 0];
    const target: Target<Config> = async (call) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return retrieval(call);
    };
    await runExperiment(options({ trial: trial(target), concurrency: 3, repetitions: 2, examples: examples(20) }));
    expect(most).toBe(3);
  });

  it("writes every run and score to the platform as an experiment of its arm", async () => {
    const platform = memoryPlatform();
    await runExperiment(options({ platform, repetitions: 2, examples: examples(10), gate: false }));
    const found = await platform.experimentFind({ nameOrId: "retrieval: wider" });
    expect(found).toMatchObject({ datasetId: "dataset", metadata: { loopsmith: { role: "candidate", arm: "wider" } } });
    const runs = await platform.resultList({ experimentId: found?.id ?? "" });
    expect(runs).toHaveLength(20);
    expect(runs[0]).toMatchObject({ costUsd: 0.01, error: null, scores: [{ key: "correct", evaluator: "correct" }] });
    expect(new Set(runs.map((run) => `${run.exampleId} ${run.repetition}`)).size).toBe(20);
  });

  it("keeps the verdict with the experiment", async () => {
    const platform = memoryPlatform();
    await runExperiment(options({ platform }));
    const found = await platform.experimentFind({ nameOrId: "retrieval: wider" });
    expect(found?.metadata).toMatchObject({ loopsmith_gate: { verdict: "PASS", deferred: null } });
  });

  it("averages repetitions into one pair", async () => {
    const flaky: Target<Config> = async ({ config, repetition }) => ({
      outputs: { ok: config.topK > 4 || repetition === 0 },
    });
    const { candidates } = await runExperiment(
      options({ trial: trial(flaky), repetitions: 3, candidates: [{ name: "wider", config: { topK: 7 } }] }),
    );
    expect(candidates[0]?.verdict).toMatchObject({ verdict: "PASS", losses: 0 });
    expect(candidates[0]?.verdict?.baseline).toBeCloseTo(1 / 3);
  });

  it("counts a target that throws or hangs as failing, and an evaluator that throws as unknown", async () => {
    const broken: Target<Config> = async ({ config, signal }) => {
      if (config.topK === 7) throw new TypeError("bad config");
      if (config.topK === 1) await new Promise((_resolve, reject) => signal.addEventListener("abort", reject));
      return { outputs: { ok: true } };
    };
    const moody = trial(broken, { timeoutMs: 5 });
    const result = await runExperiment(
      options({
        trial: {
          ...moody,
          evaluators: [
            {
              name: "correct",
              version: "1",
              async evaluate({ run, example }) {
                if (example.inputs["index"] === 0) throw new Error("no");
                return { scores: [{ key: "correct", score: run.error === null ? 1 : 0 }] };
              },
            },
          ],
        },
        examples: examples(12),
      }),
    );
    expect(result.candidates.map((arm) => arm.passRate)).toEqual([0, 0, 1]);
    expect(result.candidates[2]).toMatchObject({ runs: 12, verdict: { pairs: 11, missing: 1 } });
  });

  it("defers when the budget is used up, and goes on from the journal without paying twice", async () => {
    const journal = memoryJournal();
    const given = options({
      journal,
      gate: false,
      candidates: [{ name: "wider", config: { topK: 7 } }],
      examples: examples(50),
    });
    const first = await runExperiment({ ...given, budget: createBudget(0.3) });
    expect(first).toMatchObject({ status: "deferred" });
    expect(first.reason).toContain("budget of $0.3");
    expect(first.spentUsd).toBeLessThanOrEqual(0.3 + 1e-9);
    const second = await runExperiment(given);
    expect(second).toMatchObject({ status: "complete", baseline: { runs: 50 } });
    expect(second.calls.resumed).toBe(first.calls.paid);
    expect(second.calls.paid + first.calls.paid).toBe(200);
    expect(second.calls.repeated).toBe(0);
    expect(await journal.spentUsd()).toBeCloseTo(1);
  });

  it("retries a provider that is busy, and defers rather than blame the candidate when it stays away", async () => {
    const tries = new Map<string, number>();
    const busy: Target<Config> = async (call) => {
      const count = (tries.get(call.runId) ?? 0) + 1;
      tries.set(call.runId, count);
      if (count === 1) throw Object.assign(new Error("slow down"), { status: 429 });
      return retrieval(call);
    };
    expect(await runExperiment(options({ trial: trial(busy), examples: examples(10) }))).toMatchObject({
      status: "complete",
    });
    const away: Target<Config> = async () => {
      throw new TypeError("fetch failed", { cause: Object.assign(new Error(), { code: "ECONNREFUSED" }) });
    };
    const outcome = await runExperiment(options({ trial: trial(away), examples: examples(10) }));
    expect(outcome).toMatchObject({ status: "deferred", baseline: { runs: 0 } });
  });

  it("keeps the first plan when the dataset has grown meanwhile", async () => {
    const journal = memoryJournal();
    const one = { candidates: [{ name: "a bit wider", config: { topK: 5 } }], journal };
    const first = await runExperiment(options({ ...one, examples: examples(50) }));
    const grown = await runExperiment(options({ ...one, examples: examples(200) }));
    const fresh = await runExperiment(options({ ...one, journal: memoryJournal(), examples: examples(200) }));
    expect(first.candidates[0]?.verdict?.pairs).toBe(50);
    expect(grown.candidates[0]?.verdict?.pairs).toBeGreaterThan(50);
    // The aimed half of the stake was spent by the plan of 50 and has nothing to say after it.
    expect(grown.candidates[0]?.verdict?.eValue).not.toBe(fresh.candidates[0]?.verdict?.eValue);
  });

  it("runs examples that were added later behind the others, so that the old ones are not looked at in a new order", async () => {
    const journal = memoryJournal();
    const orderOf = async (count: number): Promise<string[]> => {
      const seen: string[] = [];
      const target: Target<Config> = async (call) => {
        if (call.config.topK === 4) seen.push(call.exampleId);
        return retrieval(call);
      };
      await runExperiment(
        options({ journal, examples: examples(count), concurrency: 1, gate: false, trial: trial(target) }),
      );
      return seen;
    };
    const first = await orderOf(30);
    const added = await orderOf(60);
    expect(added).toHaveLength(30);
    expect(added.some((id) => first.includes(id))).toBe(false);
    const order = (await journal.get(stableId("plan", "retrieval"))) as unknown as {
      result: { order: string[]; planned: number };
    };
    expect(order.result.order).toEqual([...first, ...added]);
    expect(order.result.planned).toBe(30);
  });

  it("reports progress, and stops on its signal", async () => {
    const seen: ExperimentProgress[] = [];
    await runExperiment(options({ examples: examples(20), onProgress: (progress) => void seen.push(progress) }));
    expect(seen.map((progress) => progress.examplesDone)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    const controller = new AbortController();
    const stopped = runExperiment(
      options({
        signal: controller.signal,
        onProgress: ({ examplesDone }) => void (examplesDone === 5 && controller.abort()),
      }),
    );
    await expect(stopped).rejects.toThrow("aborted");
  });

  it("refuses arms that are the same", async () => {
    const twice = { candidates: [{ name: "same", config: { topK: 4 } }] };
    const caught: unknown = await runExperiment(options(twice)).catch((error: unknown) => error);
    expect(LoopsmithError.isInstance(caught) && caught.code).toBe("invalid");
  });
});

describe("an experiment killed with SIGKILL", () => {
  // Seven processes: on a busy machine they take their time, and only hanging is a failure.
  it(
    "goes on: same verdict, nothing paid twice beyond calls in flight, nothing written twice",
    { timeout: 300_000 },
    async () => {
      const directory = await mkdtemp(join(tmpdir(), "loopsmith-kill-"));
      try {
        const alone = await undisturbedExperiment();
        expect(alone.verdict.verdict).toBe("PASS");
        const points = Array.from({ length: 6 }, (_, index) => 40 + index * 310);
        const killed = await killedExperiment(directory, points);
        expect(killed.kills).toBe(6);
        expect(killed.verdict).toEqual(JSON.parse(JSON.stringify(alone.verdict)));
        expect(killed.distinct).toBeGreaterThanOrEqual(alone.verdict.pairs * 4);
        expect(Math.max(...killed.inFlight)).toBeLessThanOrEqual(8);
        const inFlight = killed.inFlight.reduce((sum, calls) => sum + calls, 0);
        expect(killed.payments - killed.distinct).toBeLessThanOrEqual(inFlight);
        expect(killed.journalUsd).toBeGreaterThanOrEqual(killed.chargedUsd - 1e-9);
        expect(killed.feedback.distinct).toBe(killed.feedback.total);
        expect(killed.feedback.total).toBe((killed.runs[0] ?? 0) + (killed.runs[1] ?? 0));
      } finally {
        await rm(directory, { recursive: true });
      }
    },
  );
});
