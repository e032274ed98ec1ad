import type { AlertMemory, AlertSeverity } from "../../model/alert.ts";
import type { JsonObject } from "../../model/json.ts";

/** What a condition makes of one evaluation. */
export interface Reading<M extends AlertMemory = AlertMemory> {
  memory: M;
  /**
   * - `learning`: cannot judge yet
   * - `breach`: it is so
   * - `clear`: it is not so (any more)
   * - `hold`: in between; a firing alert keeps firing, a calm one stays calm
   */
  verdict: "learning" | "breach" | "clear" | "hold";
  /** In words, with the numbers. Made only when there is something to tell. */
  text: () => string;
  data: JsonObject;
  /** Evidence over what is needed; only of conditions that are tests. */
  evidence?: number;
  /** Overrides the rule's. */
  severity?: AlertSeverity;
  /** Something new to tell although it fires already. */
  news?: boolean;
}

/** When a condition is read, and what it may rely on. */
export interface Moment {
  /** Epoch ms of the previous evaluation and of this one. */
  from: number;
  now: number;
  firing: boolean;
  minimumSamples: number;
  /** Evidence at which a test decides; 1, or more where several rules are judged as a family. */
  threshold: number;
}

/** `11.3%`, to three digits at most. */
export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(share >= 0.1 ? 3 : 2))}%`;
}

/** `2026-01-31 14:05 UTC`. */
export function minute(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
