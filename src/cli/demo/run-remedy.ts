import { defineRemedy } from "../../loop/remedy/declare-remedy.ts";
import { LoopsmithError } from "../../model/errors.ts";
import { stableId } from "../../model/id.ts";
import { ISSUE_STATES } from "../../model/issue.ts";
import type { Pattern } from "../../model/pattern.ts";
import { createSpan, type Span } from "../../model/trace.ts";
import type { Target } from "../../remedy/experiment.ts";
import { promoteCustom } from "../../remedy/promote/custom.ts";
import type { Proposer } from "../../remedy/proposer.ts";
import type { Section } from "./corpus.ts";
import { DEMO_PROJECT, openDemo, type DemoOptions } from "./open-demo.ts";
import { answerFrom, createRetriever, FIRST_GUESS, type PipelineConfig, type Retrieved } from "./pipeline.ts";

/** What the remedy may change: the retrieval, and (what a careless optimiser does) a table of known questions. */
interface CandidateConfig extends PipelineConfig {
  /** Questions answered by quoting the first passage, word for word. */
  memorised: string[];
}

export interface RemedyReport {
  pattern: string;
  before: { failureRate: number };
  candidates: {
    name: string;
    verdict: string | null;
    eValue: number | null;
    pMcNemar: number | null;
    pairs: number | null;
    why: string | null;
  }[];
  /** Name of the candidate that is in use now, or `null`. */
  promoted: string | null;
  after: { failureRate: number; patternSignificant: boolean };
  history: string[];
}

const BASELINE: CandidateConfig = { ...FIRST_GUESS, memorised: [] };

/** From the demo's main pattern to a fix in use: dataset, candidates, experiment, gate, promotion, and the same questions again. */
export async function runRemedy(options: DemoOptions): Promise<RemedyReport> {
  const { progress } = options;
  let pattern: Pattern | undefined;
  let inUse: { name: string; config: CandidateConfig } | null = null;
  await using demo = await openDemo(options, (sections) =>
    defineRemedy<CandidateConfig>({
      name: "better-retrieval",
      on: (issue) => pattern !== undefined && sameFeature(issue, pattern),
      // One window is all there is to see here; a loop that runs waits until the pattern was seen again.
      when: ISSUE_STATES,
      baseline: BASELINE,
      candidates: [{ list: CANDIDATES }, { propose: memorise }],
      trial: { target: pipelineTarget(sections) },
      // Enough passing questions to show that none of them gets worse.
      dataset: { controlsPerExample: 5, otherPatterns: [] },
      minExamples: 10,
      approval: "automatic",
      promote: promoteCustom<CandidateConfig>({
        name: "demo configuration",
        promote: ({ candidate }) => {
          inUse = { name: candidate.name, config: candidate.config };
          return Promise.resolve();
        },
      }),
    }),
  );
  const { store, loop } = demo;
  await demo.askAll(BASELINE);
  await demo.judge();
  const before = await loop.patterns({ window: "24h" });
  pattern = before.patterns[0];
  if (!pattern) {
    throw new LoopsmithError("not_found", "the pipeline's failures have nothing significant in common", {
      hint: "Ask more questions with --questions.",
    });
  }
  progress(`remedy for: ${pattern.sentence}`);
  const [state] = await loop.remedies.run({
    onProgress: ({ examplesDone, examplesTotal }) =>
      progress(`experiment: ${examplesDone} of ${examplesTotal} examples`),
  });
  if (!state) throw new LoopsmithError("internal", "the remedy was not taken up", { hint: "Report this as a bug." });
  const promoted = inUse as { name: string; config: CandidateConfig } | null;
  const found = pattern;

  const askedAgainAt = store.now();
  if (promoted) {
    await demo.askAll(promoted.config);
    await demo.judge();
  }
  const after = await loop.patterns({ window: { from: askedAgainAt, to: store.now() + 1 } });
  return {
    pattern: found.sentence,
    before: { failureRate: before.failures / (before.failures + before.passes) },
    candidates: state.candidates.map(({ name, verdict }) => ({
      name,
      verdict: verdict?.verdict ?? null,
      eValue: verdict?.eValue ?? null,
      pMcNemar: verdict?.pMcNemar ?? null,
      pairs: verdict?.pairs ?? null,
      why: verdict?.explanation ?? null,
    })),
    promoted: promoted?.name ?? null,
    after: {
      failureRate: after.failures / Math.max(1, after.failures + after.passes),
      patternSignificant: after.patterns.some((other) => sameFeature(other, found)),
    },
    history: state.history.map((event) => event.what),
  };
}

const CANDIDATES = [
  { name: "more chunks", config: { ...BASELINE, topK: 4 } },
  { name: "larger chunks", config: { ...BASELINE, chunkWords: 60 } },
  { name: "chunks that carry their heading", config: { ...BASELINE, withHeading: true } },
  {
    name: "larger chunks with heading and overlap",
    config: { ...BASELINE, chunkWords: 80, overlapWords: 20, topK: 4, withHeading: true },
  },
];

/** What must not pass: a configuration that knows the visible questions by heart and does nothing for any other. */
const memorise: Proposer<CandidateConfig> = async ({ baseline, examples, submit }) => {
  const memorised: string[] = [];
  for (const example of examples.list()) {
    const { question } = example.inputs;
    if (typeof question === "string") memorised.push(question);
  }
  submit({
    name: "visible questions by heart",
    config: { ...baseline, memorised },
    why: "perfect on what it was shown",
  });
};

/** The same pipeline, called by the experiment; its spans let the span-level evaluator judge the retrieval too. */
function pipelineTarget(sections: readonly Section[]): Target<CandidateConfig> {
  const retrievers = new Map<string, (question: string) => Retrieved[]>();
  return ({ config, inputs, runId }) => {
    const { memorised, ...retrieval } = config;
    const key = JSON.stringify(retrieval);
    const search = retrievers.get(key) ?? createRetriever(sections, retrieval);
    retrievers.set(key, search);
    const question = typeof inputs["question"] === "string" ? inputs["question"] : "";
    const at = Date.now();
    const documents = search(question);
    const { answer } = memorised.includes(question)
      ? { answer: documents[0]?.page_content ?? "" }
      : answerFrom(question, documents);
    const span = (name: string, kind: string, spanInputs: object, outputs: object): Span => {
      const id = stableId(runId, name);
      return createSpan({
        id,
        traceId: runId,
        parentId: runId,
        name,
        kind,
        startAt: at,
        endAt: Date.now(),
        dottedOrder: `${runId}.${id}`,
        inputs: spanInputs as Span["inputs"],
        outputs: outputs as Span["outputs"],
      });
    };
    const spans = [
      createSpan({
        id: runId,
        name: DEMO_PROJECT,
        startAt: at,
        endAt: Date.now(),
        inputs: { question },
        outputs: { answer },
      }),
      span("retrieval", "retriever", { query: question }, { documents }),
      span("answer", "llm", { question, documents }, { answer }),
    ];
    return Promise.resolve({ outputs: { answer }, costUsd: 0, spans });
  };
}

function sameFeature(a: Pick<Pattern, "predicates">, b: Pick<Pattern, "predicates">): boolean {
  return a.predicates.some((one) =>
    b.predicates.some((other) => one.feature === other.feature && one.operator === other.operator),
  );
}
