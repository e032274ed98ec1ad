import { spanLatencyMs } from "../../model/trace.ts";
import type { Step } from "../execution-order.ts";
import { valuesOf } from "./column.ts";
import type { Column } from "./column.ts";

/** Errors around a step, and its length, latency and tokens against the rest of the trace. */
export function measureFeatures(steps: readonly Step[], texts: readonly string[]) {
  const errors = valuesOf(steps, ({ span }, i) => (i > 0 && (span.status === "error" || span.error) ? 1 : 0));
  const soFar = new Int32Array(steps.length);
  for (let i = 1; i < steps.length; i++) soFar[i] = soFar[i - 1]! + errors[i - 1]!;
  const lengths = valuesOf(texts, (text) => Math.log1p(text.length));
  const latencies = valuesOf(steps, ({ span }) => Math.log1p(spanLatencyMs(span) ?? 0));
  const tokens = valuesOf(steps, ({ span }) => Math.log1p(span.usage.completionTokens ?? 0));
  return {
    error: (i: number) => errors[i]!,
    "error before": (i: number) => errors[i - 1]!,
    "error next": (i: number) => errors[i + 1] ?? 0,
    "errors so far": (i: number) => Math.log1p(soFar[i]!),
    length: (i: number) => lengths[i]!,
    "length against trace": standardised(lengths),
    "length against name": againstName(steps, lengths),
    "latency against trace": standardised(latencies),
    "tokens against trace": standardised(tokens),
  };
}

// --- internal ---

/** Standard deviations from the mean of the steps below the root. */
function standardised(values: Float64Array): Column {
  const own = values.subarray(1);
  const mean = own.reduce((sum, value) => sum + value, 0) / Math.max(1, own.length);
  const spread = Math.sqrt(own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, own.length));
  return (i) => (spread < 1e-9 ? 0 : (values[i]! - mean) / spread);
}

/** Difference from the mean of the steps of the same name. */
function againstName(steps: readonly Step[], values: Float64Array): Column {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const [i, { span }] of steps.entries()) {
    const sofar = sums.get(span.name);
    if (sofar) {
      sofar.sum += values[i]!;
      sofar.count++;
    } else sums.set(span.name, { sum: values[i]!, count: 1 });
  }
  return (i) => {
    const { sum, count } = sums.get(steps[i]!.span.name)!;
    return values[i]! - sum / count;
  };
}
