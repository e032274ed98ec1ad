import { stableId } from "../model/id.ts";

/** Metadata key under which an application notes who served a unit, on the root of its trace. */
export const CANARY_KEY = "loopsmith_canary";

/** What is kept of a remedy's id in the tag. */
const ID_LENGTH = 8;
/** Metadata values longer than 100 characters are no features. */
const LONGEST_UNIT = 64;

/** A unit as it is hashed and noted: longer ones stand for themselves by an id made of them. */
export function canaryUnit(unit: string): string {
  return unit.length > LONGEST_UNIT ? stableId("canary unit", unit) : unit;
}

/** The metadata that tells a loop which canary a trace belongs to, at which share, and by which unit. */
export function canaryTag(canaryId: string, share: number, unit: string): Record<string, string> {
  return { [CANARY_KEY]: `${canaryId.slice(0, ID_LENGTH)} ${share} ${canaryUnit(unit)}` };
}

/** Unit and share of a tag; `null` for another canary's, or for what is none. */
export function readCanaryTag(canaryId: string, tag: unknown): { unit: string; share: number } | null {
  if (typeof tag !== "string") return null;
  const [, id, share, unit] = /^(\S+) (\S+) (.+)$/s.exec(tag) ?? [];
  if (id !== canaryId.slice(0, ID_LENGTH) || unit === undefined) return null;
  const parsed = Number(share);
  return parsed > 0 && parsed < 1 ? { unit, share: parsed } : null;
}
