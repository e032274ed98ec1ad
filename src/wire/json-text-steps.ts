import type { Json } from "../model/json.ts";
import type { Steps } from "./steps.ts";

/** Written in one go; more would hold up the event loop. In characters, everything counting as a few beside its text. */
const AT_ONCE = 250_000;
const COST = 8;

/** `JSON.stringify` with rests, for values of any size: large containers are written member by member. */
export function* jsonTextSteps(value: Json): Steps<string> {
  const pieces: string[] = [];
  yield* jsonPieceSteps(value, pieces);
  return pieces.join("");
}

/** {@link jsonTextSteps} that adds the text to `pieces` as it comes; whoever takes pieces out at a rest never has all of it. */
export function* jsonPieceSteps(value: Json, pieces: string[]): Steps<void> {
  if (weight(value, AT_ONCE) < AT_ONCE || typeof value !== "object" || value === null) {
    pieces.push(JSON.stringify(value));
  } else if (Array.isArray(value)) {
    pieces.push("[");
    yield* memberSteps(value, pieces, (from, to) => JSON.stringify(value.slice(from, to)));
    pieces.push("]");
  } else {
    const entries = Object.entries(value).filter((entry): entry is [string, Json] => entry[1] !== undefined);
    const members = entries.map(([, member]) => member);
    pieces.push("{");
    const write = (from: number, to: number): string => JSON.stringify(Object.fromEntries(entries.slice(from, to)));
    yield* memberSteps(members, pieces, write, (at) => `${JSON.stringify(entries[at]?.[0])}:`);
    pieces.push("}");
  }
}

/** Neighbours that are small together are written by `write`, with brackets around them; what is large goes alone. */
function* memberSteps(
  members: readonly Json[],
  pieces: string[],
  write: (from: number, to: number) => string,
  prefix: (at: number) => string = () => "",
): Steps<void> {
  let from = 0;
  let sum = 0;
  const flush = (to: number): boolean => {
    if (from === to) return false;
    pieces.push(from === 0 ? "" : ",", write(from, to).slice(1, -1));
    from = to;
    sum = 0;
    return true;
  };
  for (const [at, member] of members.entries()) {
    const cost = weight(member, AT_ONCE);
    if (sum + cost >= AT_ONCE && flush(at)) yield;
    sum += cost;
    if (cost < AT_ONCE) continue;
    pieces.push(at === 0 ? "" : ",", prefix(at));
    yield* jsonPieceSteps(member, pieces);
    yield;
    from = at + 1;
    sum = 0;
  }
  flush(members.length);
}

/** About how long its text is; looks no further than `most`. */
function weight(value: Json | undefined, most: number): number {
  if (typeof value === "string") return value.length + COST;
  if (typeof value !== "object" || value === null) return COST;
  let sum = COST;
  if (Array.isArray(value)) {
    for (const member of value) if ((sum += weight(member, most - sum)) >= most) return sum;
    return sum;
  }
  for (const key of Object.keys(value)) {
    if ((sum += key.length + weight(value[key], most - sum)) >= most) return sum;
  }
  return sum;
}
