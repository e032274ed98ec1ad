import { LoopsmithError } from "../../model/errors.ts";

/** Inclusive bounds; at least one of them. */
export interface Bounds {
  min?: number;
  max?: number;
}

/**
 * 1 inside the bounds, 0 outside, with a comment that tells value and bound.
 * @param value `null` scores `null`: not known, so not judged
 */
export function within(value: number | null, bounds: Bounds, unit: string): { score: number | null; comment: string } {
  if (value === null) return { score: null, comment: `${unit} not known` };
  const { min = -Infinity, max = Infinity } = bounds;
  const told = `${Number(value.toPrecision(6))} ${unit}`;
  if (value < min) return { score: 0, comment: `${told} is under ${min}` };
  if (value > max) return { score: 0, comment: `${told} is over ${max}` };
  return { score: 1, comment: told };
}

/** @throws LoopsmithError `invalid` when neither bound is given, one is not a number or they are the wrong way round */
export function checkBounds(who: string, { min, max }: Bounds): void {
  const wrong = (min === undefined && max === undefined) || (min ?? -Infinity) > (max ?? Infinity);
  if (!wrong && ![min, max].some((bound) => Number.isNaN(bound))) return;
  throw new LoopsmithError("invalid", `${who} was given the bounds min ${String(min)}, max ${String(max)}.`, {
    hint: "Give at least one bound, and the lower one as min.",
  });
}
