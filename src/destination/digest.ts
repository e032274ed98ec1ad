import type { NotifyAction } from "../model/action.ts";
import type { Delivery } from "../model/delivery.ts";
import { isJsonObject } from "../model/json.ts";
import { failureGroup } from "./failure-group.ts";
import { loopName } from "./message.ts";
import { excerptOf } from "./plain-text.ts";

export interface DigestOptions {
  /** Matches beyond these deliveries that a cooldown or ceiling held back; they are counted, not listed. @default 0 */
  suppressed?: number;
}

const MAX_GROUPS = 10;
const MAX_EXAMPLES = 3;

/**
 * One message for many deliveries to the same destination: how many, when, which kinds of failure with how many each,
 * a few traces of each kind, and how many more were held back. Put it into a `notify` action; every notifying
 * destination shows it like any other.
 */
export function renderDigest(
  deliveries: readonly Delivery[],
  options: DigestOptions = {},
): Required<Pick<NotifyAction, "title" | "text" | "data">> {
  const { suppressed = 0 } = options;
  const times = deliveries.map(({ createdAt }) => createdAt);
  const from = iso(Math.min(...times));
  const to = iso(Math.max(...times));
  const loops = [...new Set(deliveries.map(loopName))];
  const more = suppressed > 0 ? ` (${suppressed} more held back)` : "";
  const title = `${excerptOf(loops.join(", "), 80)}: ${count(deliveries.length, "failure")}${more}`;
  const groups = groupsOf(deliveries).sort((a, b) => b.length - a.length);
  const rest = groups.slice(MAX_GROUPS);
  const lines = groups.slice(0, MAX_GROUPS).map(groupLines);
  if (rest.length > 0) lines.push(`${rest.flat().length} × in ${count(rest.length, "other kind")}`);
  return {
    title,
    text: [`${from} to ${to}`, ...lines].join("\n\n"),
    data: { failures: deliveries.length, kinds: groups.length, heldBack: suppressed },
  };
}

function groupsOf(deliveries: readonly Delivery[]): Delivery[][] {
  const groups = new Map<string, Delivery[]>();
  for (const delivery of deliveries) {
    const id = failureGroup(delivery);
    const group = groups.get(id);
    if (group) group.push(delivery);
    else groups.set(id, [delivery]);
  }
  return [...groups.values()];
}

/** `9 × faithfulness below 0.7, culprit retrieval: scores 0.05 to 0.31`, and the newest traces. */
function groupLines(group: readonly Delivery[]): string {
  const first = group[0];
  const { key, threshold, culprit } = first?.context ?? {};
  const scores = group.map(({ context }) => context.score).filter((score) => typeof score === "number");
  const parts = [
    typeof key === "string" ? key : first ? loopName(first) : "",
    typeof threshold === "number" ? ` below ${threshold}` : "",
    isJsonObject(culprit) && typeof culprit.name === "string" ? `, culprit ${culprit.name}` : "",
    scores.length > 0 ? `: ${range(Math.min(...scores), Math.max(...scores))}` : "",
  ];
  const newest = [...group].sort((a, b) => b.createdAt - a.createdAt).slice(0, MAX_EXAMPLES);
  return [
    `${group.length} × ${excerptOf(parts.join(""), 200)}`,
    ...newest.map(({ traceId }) => `  trace ${traceId}`),
  ].join("\n");
}

function range(low: number, high: number): string {
  const [from, to] = [low, high].map((score) => String(Number(score.toPrecision(3))));
  return from === to ? `score ${from}` : `scores ${from} to ${to}`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

function iso(at: number): string {
  return Number.isFinite(at) ? `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC` : "";
}
