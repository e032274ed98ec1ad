import { gate } from "../gate.ts";
import { remedySummary } from "../summary.ts";
import { memoryPlatform } from "../memory-platform.fixture.ts";
import type { PromoteContext, Promotion } from "./promoter.ts";

export interface PromptConfig {
  prompt: string;
}

/** A candidate that passed, with a name a proposer may have been talked into. */
export function aPromotion(rest: Partial<Promotion<PromptConfig>> = {}): Promotion<PromptConfig> {
  const pairs = Array.from({ length: 60 }, (_, index) => ({
    exampleId: `e${index}`,
    baseline: { pass: index % 2 === 0 },
    candidate: { pass: true },
  }));
  const verdict = gate(pairs, { planned: 60 });
  const candidate = {
    name: "cite sources @octocat fixes #1",
    config: { prompt: "Cite." },
    origin: "proposer" as const,
  };
  const baseline = { prompt: "Answer." };
  const candidates = [{ name: candidate.name, verdict }];
  return {
    id: "6c1d4f0e-0000-5000-8000-000000000001",
    remedy: "low relevance",
    pattern: { id: "p1", sentence: "37% of failures have relevance < 0.5" },
    baseline,
    candidate,
    verdict,
    summary: remedySummary({ name: "low relevance", patternSentence: "37%", baseline, candidate, candidates }),
    who: "ana",
    why: "looks right",
    ...rest,
  };
}

export function aContext(rest: Partial<PromoteContext> = {}): PromoteContext {
  return {
    platform: memoryPlatform(),
    signal: new AbortController().signal,
    now: () => 1_700_000_000_000,
    sleep: async () => undefined,
    ...rest,
  };
}
