import type { Action, ActionKind } from "../model/action.ts";
import { LoopsmithError } from "../model/errors.ts";
import { stableId } from "../model/id.ts";

const DAY = 86_400_000;

/** How often people may be interrupted. Only notifying actions are held; what records (queues, datasets, feedback) never is. */
export interface ThrottlePolicy {
  /** Kinds that interrupt someone. Default `["notify"]`; add `webhook` where a person reads its other end. */
  notifying?: readonly ActionKind[];
  /** Matches within this time of the first become one digest. 0 sends each by itself. Default 5 minutes. */
  digestMs?: number;
  /** Least time between two messages of one key. Default 15 minutes. */
  cooldownMs?: number;
  /** Most messages of one key in a UTC day; what comes on top is told by the next day's first digest. Default 20. */
  dailyCeiling?: number;
  /** Matches a digest lists by name; the rest is counted. Default 10. */
  listed?: number;
}

/** One match that would notify. */
export interface ThrottleItem {
  /** The delivery's id. */
  id: string;
  /** Epoch ms. */
  at: number;
  /** One line for the digest. */
  summary: string;
}

/** What waits under one key (loop and destination, say). Plain data. */
export interface ThrottleState {
  /** Matches held since the last message: all counted, the first few kept. */
  held: { from: number; count: number; items: ThrottleItem[]; digestId: string } | null;
  sentAt: number | null;
  /** UTC day number, and messages sent in it. */
  day: number;
  sentToday: number;
}

export const THROTTLE_START: ThrottleState = { held: null, sentAt: null, day: 0, sentToday: 0 };

/** One message for many matches. */
export interface Digest {
  /** Stable; every held delivery was told it. */
  id: string;
  key: string;
  from: number;
  to: number;
  count: number;
  items: ThrottleItem[];
  /** Matches that are counted here but not listed. */
  unlisted: number;
  /** Messages left today. */
  remaining: number;
}

/** `deliver`: carry it out now. `hold`: record it as suppressed under the digest that will tell of it. */
export type ThrottleDecision = { do: "deliver" } | { do: "hold"; digestId: string };

/** Whether an action interrupts someone. */
export function isNotifying(action: Action, { notifying = ["notify"] }: ThrottlePolicy = {}): boolean {
  return notifying.includes(action.action);
}

/**
 * What to do with one match. Nothing is ever dropped: an action that records is delivered, one that notifies is held for the digest
 * it is given the id of. Call it in the transaction that creates the delivery, once per delivery.
 */
export function throttle(
  policy: ThrottlePolicy,
  state: ThrottleState,
  key: string,
  action: Action,
  item: ThrottleItem,
): { state: ThrottleState; decision: ThrottleDecision } {
  const { listed } = resolve(policy);
  if (!isNotifying(action, policy)) return { state, decision: { do: "deliver" } };
  const held = state.held ?? { from: item.at, count: 0, items: [], digestId: stableId("digest", key, item.id) };
  const items = held.items.length < listed ? [...held.items, item] : held.items;
  return {
    state: { ...state, held: { ...held, count: held.count + 1, items } },
    decision: { do: "hold", digestId: held.digestId },
  };
}

/** Epoch ms at which the held matches may go out, or `null` when none are held. */
export function digestDueAt(policy: ThrottlePolicy, state: ThrottleState): number | null {
  if (state.held === null) return null;
  const { digestMs, cooldownMs, dailyCeiling } = resolve(policy);
  const due = Math.max(state.held.from + digestMs, state.sentAt === null ? 0 : state.sentAt + cooldownMs);
  const usedUp = dayOf(due) === state.day && state.sentToday >= dailyCeiling;
  return usedUp ? (state.day + 1) * DAY : due;
}

/** Closes the digest once it is due. Call it by the clock; between times it gives `null` and the same state. */
export function takeDigest(
  policy: ThrottlePolicy,
  state: ThrottleState,
  key: string,
  now: number,
): { state: ThrottleState; digest: Digest | null } {
  const dueAt = digestDueAt(policy, state);
  if (state.held === null || dueAt === null || now < dueAt) return { state, digest: null };
  const { dailyCeiling } = resolve(policy);
  const { from, count, items, digestId } = state.held;
  const day = dayOf(now);
  const sentToday = (day === state.day ? state.sentToday : 0) + 1;
  return {
    state: { held: null, sentAt: now, day, sentToday },
    digest: {
      id: digestId,
      key,
      from,
      to: now,
      count,
      items,
      unlisted: count - items.length,
      remaining: Math.max(0, dailyCeiling - sentToday),
    },
  };
}

/** The digest in words, for a destination that takes text. */
export function digestText({ count, items, unlisted, from, to, remaining }: Digest): string {
  const span = Math.max(1, Math.round((to - from) / 60_000));
  const head = count === 1 ? "1 match" : `${count} matches in ${span} min`;
  const lines = [head, ...items.map(({ summary }) => `- ${summary}`)];
  if (unlisted > 0) lines.push(`- and ${unlisted} more, all recorded`);
  if (remaining === 0) lines.push("This was the last message of today (UTC); what follows is held until tomorrow.");
  return lines.join("\n");
}

function dayOf(at: number): number {
  return Math.floor(at / DAY);
}

const DEFAULTS: Required<ThrottlePolicy> = {
  notifying: ["notify"],
  digestMs: 300_000,
  cooldownMs: 900_000,
  dailyCeiling: 20,
  listed: 10,
};

function resolve(policy: ThrottlePolicy): Required<ThrottlePolicy> {
  const resolved = { ...DEFAULTS, ...policy };
  for (const [name, least] of [
    ["digestMs", 0],
    ["cooldownMs", 0],
    ["dailyCeiling", 1],
    ["listed", 0],
  ] as const) {
    if (resolved[name] >= least && !Number.isNaN(resolved[name])) continue;
    throw new LoopsmithError("invalid", `Throttle: ${name} is ${resolved[name]}`, { hint: `Give ${least} or more.` });
  }
  return resolved;
}
