import type { AlertState } from "../../model/alert.ts";
import type { WindowObservation } from "../../model/issue.ts";
import type { Json, JsonObject } from "../../model/json.ts";

/** Runs counted for an issue, whatever their window. */
export type RunCounts = Required<Omit<WindowObservation, "from" | "to">>;

/** What a loop remembers between two rounds of learning, beside its issues and buckets. */
export interface LearnState {
  /** End of the newest window that was counted, epoch ms. */
  observedTo: number | null;
  /** End of the newest window that was mined. */
  minedTo: number | null;
  /** When the alert rules were last evaluated. */
  alertedAt: number | null;
  alerts: Record<string, AlertState>;
  /** Runs learned since the codebook was made. */
  sinceCodebook: number;
  /** What a run of a cluster stands for, and when that was estimated. */
  clusterSize: { at: number; size: number } | null;
  /** By issue: late verdicts of windows it has counted, which its next window will count. */
  late: Record<string, RunCounts>;
}

export function readLearnState(stored: JsonObject): LearnState {
  const { observedTo, minedTo, alertedAt, alerts, sinceCodebook, clusterSize, late } = stored;
  const time = (value: Json | undefined): number | null => (typeof value === "number" ? value : null);
  return {
    observedTo: time(observedTo),
    minedTo: time(minedTo),
    alertedAt: time(alertedAt),
    alerts: { ...(alerts as unknown as Record<string, AlertState> | undefined) },
    sinceCodebook: time(sinceCodebook) ?? 0,
    clusterSize: (clusterSize as LearnState["clusterSize"] | undefined) ?? null,
    late: { ...(late as unknown as Record<string, RunCounts> | undefined) },
  };
}
