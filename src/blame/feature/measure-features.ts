import { spanLatencyMs } from "../../model/trace.ts";
import type { Step } from "../execution-order.ts";

/** Errors around a step, and its length, latency and tokens against the rest of the trace. */
export function measureFeatures(steps: readonly Step[], texts: readonly string[]) {
  const errors = steps.map(({ span }, i) => (i > 0 && (span.status === "error" || !!span.error) ? 1 : 0));
  let soFar = 0;
  const lengths = texts.map((text) => Math.log1p(text.length));
  const latencies = steps.map(({ span }) => Math.log1p(spanLatencyMs(span) ?? 0));
  const tokens = steps.map(({ span }) => Math.log1p(span.usage.completionTokens ?? 0));
  return {
    error: errors,
    "error before": errors.map((_, i) => errors[i - 1] ?? 0),
    "error next": errors.map((_, i) => errors[i + 1] ?? 0),
    "errors so far": errors.map((error) => Math.log1p((soFar += error) - error)),
    length: lengths,
    "length against trace": standardised(lengths),
    "length against name": againstName(steps, lengths),
    "latency against trace": standardised(latencies),
    "tokens against trace": standardised(tokens),
  };
}

// --- internal ---

/** Standard deviations from the mean of the steps below the root. */
function standardised(values: readonly number[]): number[] {
  const own = values.slice(1);
  const mean = own.reduce((sum, value) => sum + value, 0) / Math.max(1, own.length);
  const spread = Math.sqrt(own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, own.length));
  return values.map((value) => (spread < 1e-9 ? 0 : (value - mean) / spread));
}

/** Difference from the mean of the steps of the same name. */
function againstName(steps: readonly Step[], values: readonly number[]): number[] {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const [i, { span }] of steps.entries()) {
    const { sum, count } = sums.get(span.name) ?? { sum: 0, count: 0 };
    sums.set(span.name, { sum: sum + values[i]!, count: count + 1 });
  }
  return steps.map(({ span }, i) => values[i]! - sums.get(span.name)!.sum / sums.get(span.name)!.count);
}
