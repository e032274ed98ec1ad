import { existsSync, readFileSync } from "node:fs";
import type { JsonObject } from "../src/model/json.ts";
import { matchesPattern } from "../src/model/pattern.ts";
import type { FeatureRow } from "../src/model/pattern.ts";
import { createSpan, createTrace, type Span, type Trace } from "../src/model/trace.ts";
import { extractFeatures } from "../src/pattern/extract-features.ts";
import { minePatterns } from "../src/pattern/mine-patterns.ts";

export interface RealResult {
  runs: number;
  failures: number;
  /** Share of failures matched by the shown patterns. */
  explained: number;
  patterns: { sentence: string; designEffect?: number }[];
  /** The same without respecting clusters: what an analysis that takes runs for independent would claim. */
  ignoringClusters?: string[];
  /** Fault classes as ground truth, never used in mining. */
  classes?: {
    name: string;
    runs: number;
    pattern: string | null;
    /** Share of the class that the pattern matches, and of passing runs. */
    recall: number;
    passingShare: number;
    /** Share of the failing runs it matches that are of this class: 1 when the pattern is about nothing else. */
    purity: number;
    recovered: boolean;
  }[];
  recovered?: number;
  skipped?: string;
}

interface TauRun {
  task_id: number;
  trial: number;
  reward: number;
  traj: {
    role: string;
    content: string | null;
    tool_calls?: { id: string; function: { name: string; arguments: string } }[] | null;
    tool_call_id?: string;
    name?: string;
  }[];
}

/** tau-bench airline: up to four runs a task, so runs are clustered by task. */
export function measureTau(file: string): RealResult {
  if (!existsSync(file)) return absent(file);
  const runs = JSON.parse(readFileSync(file, "utf8")) as TauRun[];
  const rows = runs.map((run, at): FeatureRow => {
    const id = `${run.task_id}-${run.trial}`;
    return {
      traceId: id,
      at,
      failed: run.reward < 1,
      cluster: `task ${run.task_id}`,
      features: extractFeatures(tauTrace(id, run), [], null),
    };
  });
  const independent = minePatterns(rows.map(({ cluster: _cluster, ...row }) => row));
  return { ...summary(rows), ignoringClusters: independent.patterns.map(({ sentence }) => sentence) };
}

function tauTrace(id: string, { traj }: TauRun): Trace {
  const answers = new Map(
    traj.filter(({ role }) => role === "tool").map((message) => [message.tool_call_id, message.content ?? ""]),
  );
  const spans = traj.flatMap((message): Partial<Span>[] => {
    if (message.role !== "assistant") return [];
    const text = message.content ?? "";
    const calls = (message.tool_calls ?? []).map((call): Partial<Span> => {
      const output = answers.get(call.id) ?? "";
      const error = /^error/i.test(output) ? output : null;
      return {
        name: call.function.name,
        kind: "tool",
        inputs: parsed(call.function.arguments),
        outputs: { output },
        error,
      };
    });
    return [{ name: "agent", kind: "llm", outputs: { text } }, ...calls];
  });
  const [question, answer] = [
    traj.find(({ role }) => role === "user"),
    traj.findLast(({ role }) => role === "assistant"),
  ];
  return traceOf(id, { input: question?.content ?? "" }, { output: answer?.content ?? "" }, spans);
}

interface Episode {
  episode_id: string;
  failure_class: string | null;
  corpus: string;
  steps: {
    text: string;
    action: string;
    latency_s: number | null;
    output_tokens: number | null;
    error: boolean;
    task: string;
    tool_events?: { name: string; args: JsonObject; result: string; is_error: boolean }[];
  }[];
}

/**
 * sentinel: an episode fails when a fault was injected; which of the 8 classes it was stays hidden from the miner. Collections
 * differ in tools, speed and share of faults, so episodes are compared within their collection.
 */
export function measureSentinel(file: string): RealResult {
  if (!existsSync(file)) return absent(file);
  const episodes = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Episode);
  const rows = episodes.map((episode, at): FeatureRow => ({
    traceId: episode.episode_id,
    at,
    failed: episode.failure_class !== null,
    features: extractFeatures(sentinelTrace(episode), [], null),
  }));
  const report = minePatterns(rows, { limit: 30, stratifyBy: "metadata.corpus" });
  const names = [...new Set(episodes.flatMap(({ failure_class: name }) => (name === null ? [] : [name])))].sort();
  const classes = names.map((name) => {
    const ofClass = rows.filter((_, at) => episodes[at]?.failure_class === name);
    const best = report.patterns
      .map((pattern) => {
        const matched = ofClass.filter(({ features }) => matchesPattern(features, pattern.predicates)).length;
        const { sentence, passingShare, failing } = pattern;
        return { pattern: sentence, recall: matched / ofClass.length, passingShare, purity: matched / failing };
      })
      // A wide pattern matches every class a bit; what counts is how much more than passing runs.
      .sort((a, b) => b.recall - b.passingShare - (a.recall - a.passingShare))[0];
    const { pattern = null, recall = 0, passingShare = 0, purity = 0 } = best ?? {};
    return {
      name,
      runs: ofClass.length,
      pattern,
      recall,
      passingShare,
      purity,
      recovered: recall >= 0.5 && recall >= 3 * passingShare,
    };
  });
  return { ...summary(rows, report), classes, recovered: classes.filter(({ recovered }) => recovered).length };
}

function sentinelTrace({ episode_id: id, corpus, steps }: Episode): Trace {
  const spans = steps.flatMap((step): Partial<Span>[] => {
    const events = step.tool_events ?? [];
    const called =
      events.length > 0
        ? events.map(({ name, args, result, is_error: isError }) => ({ name, args, result, isError }))
        : toolCallIn(step);
    const answer: Partial<Span> = {
      name: step.action,
      kind: "llm",
      outputs: called.length > 0 ? { calls: called.map(({ name, args }) => ({ name, args })) } : { text: step.text },
      usage: step.output_tokens === null ? {} : { completionTokens: step.output_tokens },
      startAt: 0,
      endAt: (step.latency_s ?? 0) * 1000,
    };
    const tools = called.map(({ name, args, result, isError }): Partial<Span> => {
      return { name, kind: "tool", inputs: args, outputs: { output: result }, error: isError ? result : null };
    });
    return [answer, ...tools];
  });
  return traceOf(id, { task: steps[0]?.task ?? "" }, { output: steps.at(-1)?.text ?? "" }, spans, { corpus });
}

/** Some collections kept a tool call only as the text of its step: `[search({"q": "x"}) -> nothing found]`. */
function toolCallIn({
  text,
  error,
}: Episode["steps"][number]): { name: string; args: JsonObject; result: string; isError: boolean }[] {
  const [, name, args, result] = /^\[(\w+)\((.*?)\) -> (.*?)\]?$/s.exec(text) ?? [];
  return name === undefined ? [] : [{ name, args: parsed(args ?? ""), result: result ?? "", isError: error }];
}

/** Spans one after the other under a root; a span's own times say only how long it took. */
function traceOf(
  id: string,
  inputs: JsonObject,
  outputs: JsonObject,
  parts: readonly Partial<Span>[],
  metadata: JsonObject = {},
): Trace {
  let clock = 0;
  const spans = [{ name: "agent run", kind: "chain", inputs, outputs, metadata }, ...parts].map(
    (part: Partial<Span>, at) => {
      const took = (part.endAt ?? 0) - (part.startAt ?? 0);
      const startAt = clock;
      clock += at === 0 ? 0 : took + 1;
      return createSpan({
        id: `${id}/${at}`,
        traceId: id,
        parentId: at === 0 ? null : `${id}/0`,
        dottedOrder: String(at),
        status: part.error ? "error" : "success",
        ...part,
        startAt,
        endAt: startAt + took,
      });
    },
  );
  const [root] = spans as [Span, ...Span[]];
  root.endAt = clock;
  return createTrace(root, spans, { projectId: "bench", projectName: "bench" });
}

function summary(rows: readonly FeatureRow[], report = minePatterns(rows)): RealResult {
  return {
    runs: rows.length,
    failures: report.failures,
    explained: report.explained,
    patterns: report.patterns.map(({ sentence, designEffect }) => ({
      sentence,
      ...(designEffect && { designEffect }),
    })),
  };
}

function absent(file: string): RealResult {
  return { runs: 0, failures: 0, explained: 0, patterns: [], skipped: `${file} is not there` };
}

function parsed(text: string): JsonObject {
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    return { text };
  }
}
