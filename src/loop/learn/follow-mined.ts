import type { FollowedPattern, IssueEvent, IssueLink } from "../../model/issue.ts";
import type { Pattern } from "../../model/pattern.ts";
import { addLinks } from "../../pattern-life/act-on-issue.ts";
import { followPattern, seePattern } from "../../pattern-life/follow-pattern.ts";
import { findFollowed } from "../../pattern-life/identity.ts";
import type { LifeOptions } from "../../pattern-life/life-options.ts";
import type { Store } from "../../store/store.ts";

/** Culprits an issue is linked with: those of at least this share of its failing runs. */
const CULPRIT_SHARE = 0.1;
/** Queue items an issue is linked with at most; they come with every exemplar. */
const MAX_ITEMS = 20;

/** Starts to follow what was mined for the first time, and renews what is known; both with what the deliveries of their traces led to. */
export async function followMined(
  store: Store,
  issues: readonly FollowedPattern[],
  patterns: readonly Pattern[],
  { loopId, ...window }: { loopId: string; from: number; to: number },
  life: LifeOptions,
): Promise<{ issues: FollowedPattern[]; events: IssueEvent[] }> {
  const followed = new Map(issues.map((issue) => [issue.id, issue]));
  const events: IssueEvent[] = [];
  for (const pattern of patterns) {
    const known = findFollowed([...followed.values()], pattern.predicates);
    const step = known ? seePattern(known, pattern, window) : followPattern(pattern, window, life);
    const links = await linksOf(store, loopId, pattern, step.state, window.to);
    followed.set(step.state.id, addLinks(step.state, links));
    events.push(...step.events);
  }
  return { issues: [...followed.values()], events };
}

/** Who was blamed, and the queues and datasets that exemplar traces went to. */
async function linksOf(
  store: Store,
  loopId: string,
  { culprits = [], exemplars }: Pattern,
  issue: FollowedPattern,
  at: number,
): Promise<IssueLink[]> {
  const blamed = culprits.filter(({ share }) => share >= CULPRIT_SHARE);
  const links: IssueLink[] = blamed.map(({ name }) => ({ kind: "culprit", id: name, at }));
  let room = MAX_ITEMS - issue.links.filter(({ kind }) => kind === "queue_item").length;
  const states = ["delivered"] as const;
  for (const traceId of exemplars) {
    for (const { id, action } of await store.deliveryList({ loopId, traceId, states, limit: 20 })) {
      if (action.action === "add_to_dataset") links.push({ kind: "dataset", id: action.datasetName, at });
      if (action.action !== "add_to_annotation_queue" || room <= 0) continue;
      room -= 1;
      links.push({ kind: "queue_item", id, label: `${action.queueName}: ${traceId}`, at });
    }
  }
  return links;
}
