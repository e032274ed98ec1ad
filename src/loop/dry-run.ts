import { endpointOf } from "../destination/endpoint.ts";
import { targetsOf } from "../evaluator/targets.ts";
import { sharedAbort } from "../internal/shared-abort.ts";
import { mapWithLimit } from "../internal/map-with-limit.ts";
import type { VerdictOutcome } from "../model/verdict.ts";
import { toRuns } from "../wire/to-run.ts";
import { decide } from "./decide.ts";
import { judge } from "./judge/judge.ts";
import type { OpenLoop } from "./open-loop.ts";
import type { ResolvedLoopOptions } from "./options.ts";
import { isAlwaysJudged, isSampled } from "./judge/sample.ts";

export interface DryRunRange {
  /** Epoch ms, by start of the trace. */
  startFrom: number;
  startTo?: number;
  /** Traces at most. @default 100 */
  limit?: number;
  onProgress?: (judged: number) => void;
}

/** What the loop would have done. Nothing was written and nothing was sent; evaluators and `onFailure` really ran. */
export interface DryRunReport {
  /** Traces with an ended root in the range, as far as the limit reached. */
  traces: number;
  /** Whether the range holds more than the limit let through. */
  more: boolean;
  sampledOut: number;
  /** Traces of our own evaluators, which are never judged. */
  ownTraces: number;
  outcomes: Record<VerdictOutcome, number>;
  /** By where they would have gone, most first. */
  deliveries: { kind: string; target: string; count: number }[];
  /** By name of the culprit span, most first. */
  culprits: { name: string; count: number }[];
  /** What the calls cost at most, by what the evaluators declare. */
  cost: { calls: number; tokens: number; usd: number };
}

const READ_BATCH = 50;
const DEFAULT_LIMIT = 100;

/** Plays the loop over history without a trace of it: no ledger, no scores, no deliveries. */
export async function dryRun(loop: OpenLoop, options: ResolvedLoopOptions, range: DryRunRange): Promise<DryRunReport> {
  const { platform, loopId, store } = loop;
  const { limit = DEFAULT_LIMIT, onProgress } = range;
  const projectId = await platform.projectId({ name: options.projectName });
  const { signal } = sharedAbort();
  const outcomes: DryRunReport["outcomes"] = { pass: 0, fail: 0, unscored: 0, error: 0 };
  const cost = { calls: 0, tokens: 0, usd: 0 };
  const deliveries = new Map<string, DryRunReport["deliveries"][number]>();
  const culprits = new Map<string, number>();
  let traces = 0;
  let more = false;
  let sampledOut = 0;
  let ownTraces = 0;

  const { startFrom, startTo } = range;
  const pages = platform.traceHeads({ projectId, startFrom, ...(startTo === undefined ? {} : { startTo }) });
  for await (const page of pages) {
    const ended = page.filter((head) => head.rootEndAt !== null);
    const heads = ended.slice(0, limit - traces);
    more = ended.length > heads.length;
    traces += heads.length;
    for (let at = 0; at < heads.length; at += READ_BATCH) {
      const batch = await platform.traceRead({ projectId, heads: heads.slice(at, at + READ_BATCH) });
      await mapWithLimit(batch, options.concurrency, async (trace) => {
        if (loop.lineage.isOwn(trace)) {
          ownTraces += 1;
          return;
        }
        if (!isSampled(trace.id, options.sample.rate) && !isAlwaysJudged(trace, options.sample.always)) {
          sampledOut += 1;
          return;
        }
        const runs = toRuns(trace);
        for (const evaluator of options.evaluators) {
          const calls = targetsOf(evaluator, trace, { runs }).length;
          cost.calls += calls;
          cost.tokens += calls * (evaluator.cost?.tokens ?? 0);
          cost.usd += calls * (evaluator.cost?.usd ?? 0);
        }
        const judgement = await judge(trace, runs, options.evaluators, {
          timeoutMs: options.evaluatorTimeoutMs,
          signal,
          lineage: loop.lineage,
          callLimits: loop.callLimits,
          // Nothing is written, not even what was paid for.
          sharedCache: { ...loop.sharedCache, set: () => Promise.resolve() },
        });
        const run = runs.get(trace.root.id)!;
        const decision = await decide({ loopId, trace, run, revision: 1, judgement, options, now: store.now() });
        outcomes[decision.verdict.outcome] += 1;
        for (const { action } of decision.deliveries) {
          const target =
            "queueName" in action
              ? action.queueName
              : "datasetName" in action
                ? action.datasetName
                : endpointOf(action);
          const key = `${action.action} ${target}`;
          const entry = deliveries.get(key) ?? { kind: action.action, target, count: 0 };
          entry.count += 1;
          deliveries.set(key, entry);
        }
        if (decision.failure) {
          const name = decision.failure.culprit?.name ?? "not attributable";
          culprits.set(name, (culprits.get(name) ?? 0) + 1);
        }
      });
      onProgress?.(outcomes.pass + outcomes.fail + outcomes.unscored + outcomes.error);
    }
    if (more) break;
  }
  return {
    traces,
    more,
    sampledOut,
    ownTraces,
    outcomes,
    deliveries: [...deliveries.values()].sort((a, b) => b.count - a.count),
    culprits: [...culprits].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count),
    cost,
  };
}
