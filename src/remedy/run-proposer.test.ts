import { describe, expect, it } from "vitest";
import { LoopsmithError } from "../model/errors.ts";
import { budgetWithin, createBudget } from "./budget.ts";
import { collectCandidates } from "./candidates.ts";
import { buildDataset } from "./dataset.ts";
import { aSource, LOW_RELEVANCE } from "./dataset.fixture.ts";
import { memoryJournal } from "./experiment-journal.ts";
import type { FailureNote, Proposer, ProposerContext, ProposerDeps } from "./proposer.ts";
import { runProposer } from "./run-proposer.ts";
import { sealDataset } from "./sealed-dataset.ts";

interface Config {
  topK: number;
}

const sources = Array.from({ length: 60 }, (_, index) => aSource(index, true));
const { examples } = buildDataset("proposer", LOW_RELEVANCE, sources);
const sealed = sealDataset(examples);
const notes: FailureNote[] = sources.map((source) => ({
  traceId: source.traceId,
  outputs: { answer: `wrong ${source.traceId}` },
  key: "faithfulness",
  score: 0.1,
  comment: `comment on ${source.traceId}`,
  attribution: {
    culprit: {
      spanId: "s",
      name: "retrieval",
      kind: "retriever",
      score: 1,
      evidence: [{ kind: "score", text: `low in ${source.traceId}`, weight: 1 }],
    },
    runnersUp: [],
    method: "evidence",
  },
}));

function deps(rest: Partial<ProposerDeps<Config>> = {}): ProposerDeps<Config> & { calls: () => number } {
  let calls = 0;
  return {
    calls: () => calls,
    name: "remedy",
    pattern: {
      sentence: "90% of failures have relevance < 0.5",
      predicates: LOW_RELEVANCE.predicates,
      share: 0.9,
      riskRatio: 4,
      exemplars: sources.slice(0, 20).map((source) => source.traceId),
    },
    examples: sealed.visible,
    notes,
    trial: {
      async target({ config }) {
        calls += 1;
        return { outputs: { ok: config.topK > 4 }, costUsd: 0.01 };
      },
      maxCostUsd: 0.01,
      evaluators: [
        {
          name: "ok",
          version: "1",
          evaluate: async ({ run }) => ({
            scores: [{ key: "ok", score: Number(run.outputs?.["ok"]), comment: "judged" }],
          }),
        },
      ],
      threshold: 0.5,
    },
    journal: memoryJournal(),
    budget: createBudget(10),
    ...rest,
  };
}

async function codeOf(work: Promise<unknown>): Promise<string | null> {
  const caught: unknown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  return LoopsmithError.isInstance(caught) ? caught.code : null;
}

describe("a proposer", () => {
  it("sees the visible failures with their culprits and evidence, and may try configurations on them", async () => {
    const propose: Proposer<Config> = async ({ baseline, failures, evaluate, pattern }) => {
      expect(pattern.sentence).toContain("relevance");
      expect(failures[0]?.culprit).toMatchObject({
        name: "retrieval",
        evidence: [expect.stringContaining("low in trace-")],
      });
      const wider = { topK: baseline.topK * 2 };
      const results = await evaluate(wider, { exampleIds: failures.slice(0, 5).map((failure) => failure.exampleId) });
      expect(results).toHaveLength(5);
      expect(results[0]).toMatchObject({ pass: true, outputs: { ok: true }, comments: ["judged"] });
      return [{ config: wider, why: "Retrieval misses." }];
    };
    const candidates = await collectCandidates({ topK: 4 }, [{ propose }], { proposer: deps() });
    expect(candidates).toMatchObject([{ name: "topK=8", origin: "proposer", why: "Retrieval misses." }]);
  });

  it("finds nothing of the gate's split anywhere in what it gets", async () => {
    let seen = "";
    await runProposer(
      async (context: ProposerContext<Config>) => {
        seen = JSON.stringify([context, context.examples.list()]);
      },
      { topK: 4 },
      deps(),
    );
    for (const { sourceTraceId } of sealed.visible.list()) expect(seen).toMatch(new RegExp(`${sourceTraceId}\\b`));
    for (const { id, sourceTraceId } of sealed.heldOut) {
      expect(seen).not.toContain(id);
      expect(seen).not.toMatch(new RegExp(`${sourceTraceId}\\b`));
    }
  });

  it.each([
    ["lists the gate's split", async ({ examples }: ProposerContext<Config>) => void examples.list("held_out")],
    [
      "evaluates on the gate's examples",
      async ({ evaluate }: ProposerContext<Config>) =>
        void (await evaluate({ topK: 9 }, { exampleIds: [sealed.heldOut[0]?.id ?? ""] })),
    ],
  ])("gets `forbidden` when it %s", async (_name, leak) => {
    let caught: unknown;
    const watching: Proposer<Config> = async (context) => {
      await leak(context).catch((error: unknown) => {
        caught = error;
        throw error;
      });
    };
    expect(await codeOf(runProposer(watching, { topK: 4 }, deps()))).toBe("evaluator_failed");
    expect(LoopsmithError.isInstance(caught) && caught.code).toBe("forbidden");
  });

  it("pays once for the same configuration on the same example, and for the same call of its own", async () => {
    const given = deps();
    let own = 0;
    const twice: Proposer<Config> = async ({ evaluate, pay }) => {
      await evaluate({ topK: 8 });
      await evaluate({ topK: 8 });
      for (let time = 0; time < 2; time += 1) {
        await pay({ key: "reflect", maxUsd: 0.5, run: async () => ({ result: { advice: `${++own}` }, usd: 0.2 }) });
      }
    };
    await runProposer(twice, { topK: 4 }, given);
    expect(given.calls()).toBe(sealed.visible.size);
    expect(own).toBe(1);
    expect(given.budget.spentUsd).toBeCloseTo(sealed.visible.size * 0.01 + 0.2);
  });

  it("keeps what was submitted when the budget runs out, its own and not the whole", async () => {
    const whole = createBudget(1);
    const greedy: Proposer<Config> = async ({ evaluate, submit }) => {
      for (let topK = 5; ; topK += 1) {
        submit({ config: { topK } });
        await evaluate({ topK });
      }
    };
    const proposals = await runProposer(
      greedy,
      { topK: 4 },
      deps({ budget: budgetWithin(whole, 0.5), concurrency: 1 }),
    );
    expect(proposals.length).toBeGreaterThanOrEqual(2);
    expect(whole.spentUsd).toBeLessThanOrEqual(0.5 + 1e-9);
    expect(whole.spentUsd).toBeGreaterThan(0.4);
  });

  it("knows after a restart what it had spent", async () => {
    const journal = memoryJournal();
    const trying: Proposer<Config> = async ({ evaluate, budget, submit }) => {
      await evaluate({ topK: 8 });
      submit({ config: { topK: Math.round(budget.spentUsd * 100) } });
    };
    const first = await runProposer(trying, { topK: 4 }, deps({ journal, budget: createBudget(1) }));
    const again = deps({ journal, budget: createBudget(1) });
    expect(await runProposer(trying, { topK: 4 }, again)).toEqual(first);
    expect(again.calls()).toBe(0);
  });

  it("is ended when it hangs", async () => {
    const hanging: Proposer<Config> = () => new Promise(() => undefined);
    expect(await codeOf(runProposer(hanging, { topK: 4 }, deps({ timeoutMs: 10 })))).toBe("evaluator_failed");
  });
});
