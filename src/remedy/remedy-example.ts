import { isJsonObject } from "../model/json.ts";
import type { JsonObject } from "../model/json.ts";
import type { PlatformExample } from "./experiment-platform.ts";

/** `visible`: a proposer may see it. `held_out`: only the gate does. */
export type RemedySplit = "visible" | "held_out";

/** One example of a pattern's dataset. */
export interface RemedyExample {
  /** Deterministic: the same inputs in the same dataset are the same example. */
  id: string;
  inputs: JsonObject;
  /** A reviewer's correction, as the reference. */
  outputs?: JsonObject;
  split: RemedySplit;
  /** A matched passing trace: it must not get worse. */
  control: boolean;
  /** Other followed patterns and slices it belongs to. */
  slices: string[];
  sourceTraceId: string;
  sourceRunId: string;
}

const METADATA = "loopsmith";

/** As a platform keeps it: what has no field of its own goes into `metadata.loopsmith`. */
export function toPlatformExample(example: RemedyExample): PlatformExample {
  const { id, inputs, outputs, split, control, slices, sourceTraceId, sourceRunId } = example;
  return {
    id,
    inputs,
    ...(outputs && { outputs }),
    split,
    sourceRunId,
    metadata: { [METADATA]: { control, slices, trace_id: sourceTraceId } },
  };
}

/** Back from the platform, or `null` for an example that no remedy put there. */
export function fromPlatformExample(example: PlatformExample): RemedyExample | null {
  const mark = example.metadata[METADATA];
  const { id, inputs, outputs, split, sourceRunId } = example;
  if (!isJsonObject(mark) || (split !== "visible" && split !== "held_out")) return null;
  const { control, slices, trace_id: traceId } = mark;
  return {
    id,
    inputs,
    ...(outputs && { outputs }),
    split,
    control: control === true,
    slices: Array.isArray(slices) ? slices.filter((slice) => typeof slice === "string") : [],
    sourceTraceId: typeof traceId === "string" ? traceId : "",
    sourceRunId: sourceRunId ?? "",
  };
}
