import { spanLatencyMs } from "../model/trace.ts";
import type { Step } from "./execution-order.ts";
import { isSource } from "./symptom/span-nature.ts";
import { textProfiles } from "./text-profile.ts";
import type { TextProfile } from "./text-profile.ts";

/** What the earlier rungs say of each step, 0 to 1, aligned with the steps; missing rungs say 0. */
export interface RungScores {
  evidence: readonly number[];
  spectrum?: readonly number[];
  deviation?: readonly number[];
}

/** Names of the columns of `stepFeatures`. The order is part of every stored ranker. */
export const FEATURES = [
  "position",
  "position from end",
  "relative position",
  "depth",
  "leaf",
  "children",
  "model call",
  "source",
  "same name before",
  "share of name",
  "new name",
  "previous is source",
  "next is source",
  "error",
  "error before",
  "error next",
  "errors so far",
  "length",
  "length against trace",
  "length against name",
  "code",
  "list",
  "questions",
  "digits",
  "to question",
  "to answer",
  "to previous",
  "to past",
  "to future",
  "novelty",
  "adopted",
  "new numbers",
  "assumes",
  "concludes",
  "plans",
  "fails to find",
  "corrects",
  "latency against trace",
  "tokens against trace",
  "evidence",
  "spectrum",
  "deviation",
] as const;

/**
 * One row of numbers a step (`steps[0]`, the root, included) for the learned ranker: where the step stands, what it is,
 * what its words look like, and what the other rungs say. Nothing here knows a project's names, so a small forest can
 * learn from few confirmations. Word lists are English; other languages leave those columns at 0.
 */
export function stepFeatures(steps: readonly Step[], rungs: RungScores): number[][] {
  const profiles = textProfiles(steps);
  const lengths = profiles.map((profile) => Math.log1p(profile.text.length));
  const latencies = steps.map((step) => Math.log1p(spanLatencyMs(step.span) ?? 0));
  const tokens = steps.map((step) => Math.log1p(step.span.usage.completionTokens ?? 0));
  const againstTrace = {
    length: standardised(lengths),
    latency: standardised(latencies),
    tokens: standardised(tokens),
  };
  const againstName = standardisedByName(steps, lengths);
  const byName = new Map<string, number>();
  for (const step of steps) byName.set(step.span.name, (byName.get(step.span.name) ?? 0) + 1);
  const seen = new Map<string, number>();
  const depths: number[] = [];
  const count = steps.length;
  let errors = 0;
  return steps.map((step, i) => {
    const { span, parent, children } = step;
    const profile = profiles[i]!;
    const before = seen.get(span.name) ?? 0;
    seen.set(span.name, before + 1);
    depths.push(parent < 0 ? 0 : depths[parent]! + 1);
    const failed = isError(step);
    const soFar = errors;
    if (failed) errors++;
    return [
      Math.log1p(i),
      Math.log1p(count - 1 - i),
      count > 2 ? (i - 1) / (count - 2) : 0,
      Math.log1p(depths[i]!),
      flag(children.length === 0),
      Math.log1p(children.length),
      flag(span.kind === "llm"),
      flag(isSource(span)),
      Math.log1p(before),
      byName.get(span.name)! / count,
      flag(before === 0),
      flag(i > 1 && isSource(steps[i - 1]!.span)),
      flag(i + 1 < count && isSource(steps[i + 1]!.span)),
      flag(failed),
      flag(i > 1 && isError(steps[i - 1]!)),
      flag(i + 1 < count && isError(steps[i + 1]!)),
      Math.log1p(soFar),
      lengths[i]!,
      againstTrace.length[i]!,
      againstName[i]!,
      ...surface(profile.text),
      ...similarities(profile),
      ...manner(profile.text),
      againstTrace.latency[i]!,
      againstTrace.tokens[i]!,
      rungs.evidence[i] ?? 0,
      rungs.spectrum?.[i] ?? 0,
      rungs.deviation?.[i] ?? 0,
    ];
  });
}

// --- internal ---

function similarities(profile: TextProfile): number[] {
  const { toQuestion, toAnswer, toPrevious, toPast, toFuture, novelty, adopted, newNumbers } = profile;
  return [toQuestion, toAnswer, toPrevious, toPast, toFuture, novelty, Math.log1p(adopted), Math.log1p(newNumbers)];
}

function surface(text: string): number[] {
  const long = Math.max(1, text.length);
  return [
    flag(/```|\bdef \w+\(|\bimport \w+|\bSELECT\b/.test(text)),
    Math.log1p(countOf(text, /^\s*(?:[-*]|\d+[.)])\s/gm)),
    Math.log1p(countOf(text, /\?/g)),
    countOf(text, /\d/g) / long,
  ];
}

/** How a step speaks, per hundred words: each list is one manner, none names a topic. */
function manner(text: string): number[] {
  const words = Math.max(20, countOf(text, /\S+/g));
  return MANNERS.map((pattern) => Math.log1p((100 * countOf(text, pattern)) / words));
}

const MANNERS = [
  /\b(assum\w+|suppos\w+|hypothe\w+|simulat\w+|placeholder|mock|example|sample|likely|probably|plausibl\w+|approximat\w+|estimat\w+|typical\w*|generally)\b/gi,
  /\b(therefore|thus|hence|conclu\w+|confirm\w*|verif\w+|final\w*|answer|correct\w*|accurate\w*|satisfied|complete\w*)\b/gi,
  /\b(plan|steps?|first|next|then|will|let's|let us|need to|should|proceed|start)\b/gi,
  /\b(unable|cannot|can't|couldn't|could not|not found|no results?|failed|unfortunately|not available|unavailable|does not|doesn't|did not|didn't|missing|without)\b/gi,
  /\b(however|instead|alternativ\w+|actually|apologi\w+|sorry|mistake|issue|error|fix|retry|again|different)\b/gi,
];

function isError({ span }: Step): boolean {
  return span.status === "error" || (span.error !== null && span.error !== "");
}

function standardised(values: readonly number[]): number[] {
  const own = values.slice(1);
  const mean = own.reduce((sum, value) => sum + value, 0) / Math.max(1, own.length);
  const spread = Math.sqrt(own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, own.length));
  return values.map((value) => (spread < 1e-9 ? 0 : (value - mean) / spread));
}

function standardisedByName(steps: readonly Step[], values: readonly number[]): number[] {
  const groups = new Map<string, number[]>();
  for (const [i, step] of steps.entries()) {
    const members = groups.get(step.span.name);
    if (members) members.push(i);
    else groups.set(step.span.name, [i]);
  }
  const result = values.map(() => 0);
  for (const members of groups.values()) {
    const mean = members.reduce((sum, i) => sum + values[i]!, 0) / members.length;
    for (const i of members) result[i] = values[i]! - mean;
  }
  return result;
}

function countOf(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

function flag(value: boolean): number {
  return value ? 1 : 0;
}
