import type { Pattern } from "../model/pattern.ts";
import { loopIdOf } from "../model/id.ts";
import type { PatternReport } from "../model/pattern.ts";
import type { Store } from "../store/store.ts";

/** One object that says what a finite run came to: printed by `demo --json` and `run --json`. */
export interface RunReport {
  traces: number;
  failures: number;
  /** One entry for each failure. */
  culprits: { traceId: string; culprit: string; spanId: string | null; evidence: string[] }[];
  queue: { name: string | null; items: number };
  /** `verified`: accepted by a receiver that checked the signature (only the demo brings one along). */
  webhooks: { delivered: number; verified: number };
  patterns: Pick<Pattern, "sentence" | "share" | "passingShare" | "riskRatio" | "riskRatioInterval" | "p" | "q">[];
}

/** The words for a failure that no span can honestly be blamed for. */
const NOT_ATTRIBUTABLE = "not attributable";

const MAX_FAILURES = 100_000;

export async function runReport(params: {
  store: Store;
  loop: { name: string; projectName: string };
  patterns: PatternReport;
  queueSize: (queueName: string) => Promise<number>;
  verified?: number;
}): Promise<RunReport> {
  const { store, loop } = params;
  const loopId = loopIdOf(loop);
  const counts = await store.verdictCounts({ loopId });
  const failures = await store.verdictList({ loopId, outcomes: ["fail"], limit: MAX_FAILURES });
  const [queued] = await store.deliveryList({ loopId, kind: "add_to_annotation_queue", limit: 1 });
  const queueName = queued?.action.action === "add_to_annotation_queue" ? queued.action.queueName : null;
  const deliveries = await store.deliveryCounts({ loopId });
  const delivered = deliveries.find((entry) => entry.kind === "webhook" && entry.state === "delivered")?.count ?? 0;
  return {
    traces: counts.pass + counts.fail + counts.unscored + counts.error,
    failures: counts.fail,
    culprits: failures.map(({ traceId, attribution }) => ({
      traceId,
      culprit: attribution?.culprit?.name ?? NOT_ATTRIBUTABLE,
      spanId: attribution?.culprit?.spanId ?? null,
      evidence: attribution?.culprit?.evidence.map((item) => item.text) ?? [],
    })),
    queue: { name: queueName, items: queueName === null ? 0 : await params.queueSize(queueName) },
    webhooks: { delivered, verified: params.verified ?? 0 },
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

/** The same for people. */
export function renderReport(report: RunReport): string {
  const percent = (share: number): string => `${Math.round(share * 100)}%`;
  const byCulprit = new Map<string, number>();
  for (const { culprit } of report.culprits) byCulprit.set(culprit, (byCulprit.get(culprit) ?? 0) + 1);
  const ranked = [...byCulprit].sort((a, b) => b[1] - a[1]);
  const rate = report.traces === 0 ? "" : ` (${percent(report.failures / report.traces)})`;
  const lines = [
    `${report.traces} traces judged, ${report.failures} failed${rate}`,
    "",
    "Culprit spans",
    ...ranked.slice(0, 8).map(([name, count]) => `  ${String(count).padStart(5)}  ${name}`),
    "",
    "What the failures have in common",
    ...(report.patterns.length === 0
      ? ["  nothing significant (every enumerated hypothesis was paid for)"]
      : report.patterns.slice(0, 8).map((pattern) => `  - ${pattern.sentence}`)),
    "",
    report.queue.name === null
      ? "No annotation queue was used."
      : `${report.queue.items} items wait in the annotation queue "${report.queue.name}".`,
  ];
  if (report.webhooks.delivered > 0) lines.push(`${report.webhooks.delivered} webhooks delivered.`);
  return lines.join("\n");
}
