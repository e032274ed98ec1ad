import { isBudgetReason } from "../loop/judge/budget.ts";
import { LoopsmithError } from "../model/errors.ts";
import { loopIdOf } from "../model/id.ts";
import type { Pattern, PatternReport } from "../model/pattern.ts";
import type { Store } from "../store/store.ts";
import type { RunTally } from "./run-tally.ts";
import { table } from "./terminal.ts";

/** How many there are, and the reason most of them give. */
interface Counted {
  count: number;
  reason: string | null;
}

/** One object that says what a finite run came to: printed by `demo --json`, `run --json` and `backfill --json`. */
export interface RunReport {
  /** Judged by this call: with the verdict pass or fail. */
  traces: number;
  failures: number;
  /** Without a score that the threshold speaks of. */
  unscored: number;
  /** Those whose evaluators failed until their attempts were used up. */
  notJudged: Counted;
  /** Those that wait now, for a budget, for a paused evaluator or for another attempt. */
  deferred: Counted & { forBudget: number };
  /** One entry for each failure of this call. */
  culprits: { traceId: string; culprit: string; spanId: string | null; evidence: string[] }[];
  /** By kind of action: made by this call, and what is pending, dead and held for a digest now. */
  deliveries: { kind: string; delivered: number; pending: number; dead: number; suppressed: number }[];
  /** The verdicts that stand, of this call and all before. */
  total: { traces: number; failures: number; unscored: number; notJudged: number };
  queue: { name: string | null; items: number };
  /** `verified`: accepted by a receiver that checked the signature (only the demo brings one along). */
  webhooks: { delivered: number; verified: number };
  patterns: Pick<Pattern, "sentence" | "share" | "passingShare" | "riskRatio" | "riskRatioInterval" | "p" | "q">[];
}

/** The words for a failure that no span can honestly be blamed for. */
const NOT_ATTRIBUTABLE = "not attributable";
/** Reasons read at most; they are few, and the most frequent come first. */
const MAX_REASONS = 10_000;

export async function runReport(params: {
  store: Store;
  loop: { name: string; projectName: string };
  tally: RunTally;
  patterns: PatternReport;
  queueSize: (queueName: string) => Promise<number>;
  verified?: number;
}): Promise<RunReport> {
  const { store, loop, tally } = params;
  const loopId = loopIdOf(loop);
  const counts = await store.verdictCounts({ loopId });
  const waiting = await store.ledgerReasons({ loopId, states: ["deferred", "settling"], limit: MAX_REASONS });
  const [queued] = await store.deliveryList({ loopId, kind: "add_to_annotation_queue", limit: 1 });
  const queueName = queued?.action.action === "add_to_annotation_queue" ? queued.action.queueName : null;
  const { outcomes } = tally;
  const [problem = null] = [...tally.problems].sort((a, b) => b[1] - a[1]).map(([reason]) => reason);
  return {
    traces: outcomes.pass + outcomes.fail,
    failures: outcomes.fail,
    unscored: outcomes.unscored,
    notJudged: { count: outcomes.error, reason: problem },
    deferred: {
      count: sum(waiting),
      reason: waiting[0]?.reason ?? null,
      forBudget: sum(waiting.filter(({ reason }) => isBudgetReason(reason))),
    },
    culprits: tally.failures.map(({ traceId, attribution }) => ({
      traceId,
      culprit: attribution?.culprit?.name ?? NOT_ATTRIBUTABLE,
      spanId: attribution?.culprit?.spanId ?? null,
      evidence: attribution?.culprit?.evidence.map((item) => item.text) ?? [],
    })),
    deliveries: deliveriesOf(await store.deliveryCounts({ loopId }), tally),
    total: {
      traces: counts.pass + counts.fail,
      failures: counts.fail,
      unscored: counts.unscored,
      notJudged: counts.error,
    },
    queue: { name: queueName, items: queueName === null ? 0 : await params.queueSize(queueName) },
    webhooks: { delivered: tally.delivered.get("webhook") ?? 0, verified: params.verified ?? 0 },
    patterns: params.patterns.patterns.map(({ sentence, share, passingShare, riskRatio, riskRatioInterval, p, q }) => ({
      sentence,
      share,
      passingShare,
      riskRatio,
      riskRatioInterval,
      p,
      q,
    })),
  };
}

function deliveriesOf(
  stored: Awaited<ReturnType<Store["deliveryCounts"]>>,
  { delivered }: RunTally,
): RunReport["deliveries"] {
  const kinds = [...new Set(stored.map(({ kind }) => kind))].sort();
  return kinds
    .map((kind) => {
      const now = (state: string): number =>
        sum(stored.filter((entry) => entry.kind === kind && entry.state === state));
      return {
        kind,
        delivered: delivered.get(kind) ?? 0,
        pending: now("pending"),
        dead: now("dead"),
        suppressed: now("suppressed"),
      };
    })
    .filter((entry) => entry.delivered + entry.pending + entry.dead + entry.suppressed > 0);
}

function sum(counts: readonly { count: number }[]): number {
  return counts.reduce((total, { count }) => total + count, 0);
}

/** The same for people. */
export function renderReport(report: RunReport): string {
  const { notJudged, deferred, total } = report;
  const rateOf = ({ traces, failures }: Pick<RunReport, "traces" | "failures">): string =>
    traces === 0 ? "" : ` (${Math.round((failures / traces) * 100)}%)`;
  const lines = [`${report.traces} traces judged, ${report.failures} failed${rateOf(report)}`];
  if (report.unscored > 0) lines.push(`${report.unscored} without a score that the threshold speaks of`);
  if (notJudged.count > 0) lines.push(`${notJudged.count} could not be judged: ${notJudged.reason}`);
  if (deferred.count > 0) lines.push(`${deferred.count} deferred: ${deferred.reason}`);
  if (total.traces > report.traces) {
    lines.push(`${total.traces} judged with earlier runs, ${total.failures} failed${rateOf(total)}`);
  }
  if (report.deliveries.length > 0) lines.push("", "Deliveries", table(report.deliveries));
  if (report.queue.name !== null) {
    lines.push("", `${report.queue.items} items wait in the annotation queue "${report.queue.name}".`);
  }
  if (report.culprits.length > 0) lines.push("", "Culprit spans", ...culpritLines(report));
  if (total.failures > 0) {
    const sentences = report.patterns.slice(0, 8).map((pattern) => `  - ${pattern.sentence}`);
    const none = "  nothing significant (every enumerated hypothesis was paid for)";
    lines.push("", "What the failures have in common", ...(sentences.length === 0 ? [none] : sentences));
  }
  return lines.join("\n");
}

function culpritLines({ culprits }: RunReport): string[] {
  const byCulprit = new Map<string, number>();
  for (const { culprit } of culprits) byCulprit.set(culprit, (byCulprit.get(culprit) ?? 0) + 1);
  const ranked = [...byCulprit].sort((a, b) => b[1] - a[1]);
  return ranked.slice(0, 8).map(([name, count]) => `  ${String(count).padStart(5)}  ${name}`);
}

/**
 * What a script must not overlook although the run itself went well, for the exit code.
 * @throws LoopsmithError `evaluator_failed` where evaluators failed on traces, else `budget_exhausted` where a budget deferred some
 */
export function assertAllJudged(reports: readonly RunReport[]): void {
  const failed = sum(reports.map(({ notJudged }) => notJudged));
  const budgeted = reports.reduce((total, { deferred }) => total + deferred.forBudget, 0);
  const paused = sum(reports.map(({ deferred }) => deferred)) - budgeted;
  if (failed + paused > 0) {
    throw new LoopsmithError("evaluator_failed", `${failed + paused} traces could not be judged`, {
      hint: "The report says why. `loopsmith backfill --errors` judges them again; the next run those that are deferred.",
    });
  }
  if (budgeted > 0) {
    throw new LoopsmithError("budget_exhausted", `a budget is used up; ${budgeted} traces wait for the next window`, {
      hint: "Run it again then, or raise the budget.",
    });
  }
}
