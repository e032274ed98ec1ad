import { LoopsmithError } from "../model/errors.ts";
import type { FollowedPattern, IssueLink } from "../model/issue.ts";
import { issueRate, type IssueRate } from "../pattern-life/issue-rate.ts";
import { traceQuery, type TraceQuery } from "../pattern/trace-query.ts";
import type { Store } from "../store/store.ts";
import { exemplarsOf, type Exemplar } from "./explain-pattern.ts";

/** What can be said of an issue beside its document. */
export interface IssueDetails {
  /** Its rate since it last changed. */
  rate: IssueRate;
  /** The newest traces it is linked with, by verdict. */
  exemplars: Exemplar[];
  query: TraceQuery;
}

const EXEMPLARS = 5;

export async function explainIssue(store: Store, loopId: string, issue: FollowedPattern): Promise<IssueDetails> {
  const traceIds = issue.links.filter(({ kind }) => kind === "trace").map(({ id }) => id);
  return {
    rate: issueRate(issue),
    exemplars: await exemplarsOf(store, loopId, traceIds.slice(-EXEMPLARS).toReversed()),
    query: traceQuery(issue.predicates),
  };
}

const KINDS = new Set<string>(["trace", "culprit", "queue_item", "dataset", "experiment", "issue", "url"]);

/**
 * A link as people write it: `dataset:regressions`, `url:https://...`.
 * @throws LoopsmithError `invalid`
 */
export function parseLink(text: string): Omit<IssueLink, "at"> {
  const colon = text.indexOf(":");
  const [kind, id] = [text.slice(0, colon), text.slice(colon + 1).trim()];
  if (KINDS.has(kind) && id !== "") return { kind: kind as IssueLink["kind"], id };
  throw new LoopsmithError("invalid", `"${text}" is no link`, {
    hint: `Write <kind>:<id>, with a kind of ${[...KINDS].join(", ")}.`,
  });
}
