import type { LagCondition, LagMemory } from "../../model/alert.ts";
import { duration } from "../../internal/duration.ts";
import type { Moment, Reading } from "./reading.ts";

/** Above `aboveMs` for `forMs` without a break; over below `resolveBelowMs`. */
export function readLag(
  { aboveMs, forMs, resolveBelowMs }: Required<LagCondition>,
  memory: LagMemory,
  lagMs: number,
  { now, firing }: Moment,
): Reading<LagMemory> {
  const aboveSince = lagMs >= aboveMs ? (memory.aboveSince ?? now) : null;
  const text = (): string => `Oldest waiting trace is ${duration(lagMs)} old (limit ${duration(aboveMs)})`;
  const reading = { memory: { kind: "lag" as const, aboveSince }, text, data: { lagMs, aboveMs } };
  if (aboveSince !== null && now - aboveSince >= forMs) return { ...reading, verdict: "breach" };
  return { ...reading, verdict: firing && lagMs >= resolveBelowMs ? "hold" : "clear" };
}
