import { LoopsmithError } from "../model/errors.ts";

export interface CanaryStage {
  /** Share of traffic the candidate gets, between 0 and 1. */
  share: number;
  /** Traces of the candidate in this stage before the next one opens; the next waits longer while harm is suspected. */
  traces: number;
}

export interface CanaryOptions {
  /**
   * Chance that a candidate that fails no more than the baseline is ever rolled back, and chance that one that fails more
   * than `tolerance` times as often is ever promoted. @default 0.05
   */
  alpha?: number;
  /** The last stage stays. @default 5% for 100 traces of the candidate, 25% for 250, then 50% */
  stages?: readonly CanaryStage[];
  /**
   * Promote once the candidate is shown to fail less than this many times as often as the baseline. Below 1 it must be better
   * by that much. @default 1.25
   */
  tolerance?: number;
  /** Traces of the candidate before it may be promoted. @default 200 */
  minTraces?: number;
  /** Traces of both arms after which an open canary ends undecided, with the baseline. @default 50_000 */
  maxTraces?: number;
}

const DEFAULT_STAGES: readonly CanaryStage[] = [
  { share: 0.05, traces: 100 },
  { share: 0.25, traces: 250 },
  { share: 0.5, traces: 0 },
];

/** @throws LoopsmithError `invalid` for options out of range */
export function resolveCanaryOptions(options: CanaryOptions = {}): Required<CanaryOptions> {
  const { alpha = 0.05, stages = DEFAULT_STAGES, tolerance = 1.25, minTraces = 200, maxTraces = 50_000 } = options;
  check(alpha > 0 && alpha < 1, "alpha", alpha, "a share between 0 and 1");
  check(tolerance > 0, "tolerance", tolerance, "a ratio above 0, for example 1.25");
  check(stages.length > 0, "stages", "empty", "at least one stage");
  for (const { share, traces } of stages) {
    check(share > 0 && share < 1, "stages", share, "shares between 0 and 1, both left out");
    check(traces >= 0, "stages", traces, "a number of traces from 0");
  }
  check(minTraces >= 0, "minTraces", minTraces, "a number from 0");
  check(maxTraces > 0, "maxTraces", maxTraces, "a number above 0");
  return { alpha, stages, tolerance, minTraces, maxTraces };
}

function check(holds: boolean, name: string, value: unknown, wanted: string): void {
  if (holds) return;
  throw new LoopsmithError("invalid", `The canary's \`${name}\` is ${String(value)}.`, {
    hint: `Pass ${wanted}.`,
    details: { name },
  });
}
