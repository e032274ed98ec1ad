import { targetsOf } from "../evaluator/targets.ts";
import type { Evaluator } from "../evaluator/evaluator.ts";
import type { TraceHead } from "../model/trace.ts";
import { toRuns } from "../wire/to-run.ts";
import type { OpenLoop } from "./open-loop.ts";
import type { ResolvedLoopOptions } from "./options.ts";
import type { RunRange } from "./run-through.ts";
import { isAlwaysJudged, isSampled } from "./judge/sample.ts";
import { isOpen, undoneHeads } from "./tail/undone-heads.ts";

/** What a backfill would do. Made without calling an evaluator and without writing anything. */
export interface BackfillPlan {
  /** Traces of the range. */
  traces: number;
  /** Of these, judged or skipped already, and not changed since. */
  done: number;
  /** Of these, those whose evaluators failed. With `errors` they are not done, but taken up again. */
  errors: number;
  /** Of these, still running: judged once they have ended. */
  open: number;
  /** What remains of the range: what this backfill takes up, at most its `limit`. */
  toTake: number;
  /** How many of those it will judge; the others are sampled out, or traces of the loop's own evaluators. */
  toJudge: number;
  /** What judging them costs at most, by what the evaluators declare. */
  cost: { calls: number; tokens: number; usd: number };
  evaluators: { name: string; calls: number; tokens: number; usd: number; priced: boolean }[];
  /** Traces that were read: `toJudge` and `cost` are extrapolated from these where they are fewer than `toTake`. */
  read: number;
}

/** Traces read at most; calls of evaluators of spans depend on what is in a trace. */
const READ = 200;
const READ_BATCH = 50;

export async function planBackfill(
  loop: OpenLoop,
  options: ResolvedLoopOptions,
  { startFrom, startTo, limit = Infinity, errors = false }: RunRange,
): Promise<BackfillPlan> {
  const { store, platform, loopId } = loop;
  const projectId = await platform.projectId({ name: options.projectName });
  let [traces, done, failed, open, toTake] = [0, 0, 0, 0, 0];
  const sample: TraceHead[] = [];
  const range = { startFrom, ...(startTo === undefined ? {} : { startTo }) };
  for await (const page of platform.traceHeads({ projectId, ...range })) {
    traces += page.length;
    const known = await undoneHeads(store, loopId, page);
    const undone = errors ? [...known.undone, ...known.failed] : known.undone;
    failed += known.failed.length;
    done += page.length - undone.length;
    for (const head of undone) {
      if (isOpen(head, options, store.now())) open += 1;
      else if (toTake < limit) {
        toTake += 1;
        // Every trace of the range is as likely to be read as any other (reservoir sampling).
        const place = sample.length < READ ? sample.length : Math.floor(options.random() * toTake);
        if (place < READ) sample[place] = head;
      }
    }
  }
  const calls = new Map<Evaluator, number>(options.evaluators.map((evaluator) => [evaluator, 0]));
  let read = 0;
  let judged = 0;
  for (let at = 0; at < sample.length; at += READ_BATCH) {
    for (const trace of await platform.traceRead({ projectId, heads: sample.slice(at, at + READ_BATCH) })) {
      read += 1;
      const { rate, always } = options.sample;
      if (loop.lineage.isOwn(trace) || (!isSampled(trace.id, rate) && !isAlwaysJudged(trace, always))) continue;
      judged += 1;
      const runs = toRuns(trace);
      for (const [evaluator, count] of calls) {
        calls.set(evaluator, count + targetsOf(evaluator, trace, { runs }).length);
      }
    }
  }
  const scale = read === 0 ? 0 : toTake / read;
  const evaluators = [...calls].map(([{ name, cost }, count]) => {
    const times = Math.ceil(count * scale);
    return {
      name,
      calls: times,
      tokens: times * (cost?.tokens ?? 0),
      usd: times * (cost?.usd ?? 0),
      priced: cost !== undefined,
    };
  });
  const sum = (of: "calls" | "tokens" | "usd"): number => evaluators.reduce((total, one) => total + one[of], 0);
  const cost = { calls: sum("calls"), tokens: sum("tokens"), usd: sum("usd") };
  return { traces, done, errors: failed, open, toTake, toJudge: Math.round(judged * scale), cost, evaluators, read };
}
