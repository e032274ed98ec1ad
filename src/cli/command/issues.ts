import { userInfo } from "node:os";
import { actOnIssue, findIssue, loopIssues, type IssueAction } from "../../loop/loop-issues.ts";
import { resolveUntil } from "../../loop/window.ts";
import { explainIssue, parseLink, type IssueDetails } from "../../loop/explain-issue.ts";
import { LoopsmithError } from "../../model/errors.ts";
import type { FollowedPattern, IssueState } from "../../model/issue.ts";
import { pickLoop } from "../../loop/pick-loop.ts";
import { withStore, type AddCommand, type StoreFlags } from "../command.ts";
import { parsePredicate } from "../../pattern/parse-predicate.ts";
import { queryLines } from "../query-lines.ts";
import { table } from "../terminal.ts";

interface Flags extends StoreFlags {
  loop?: string;
  state?: string[];
  all?: boolean;
  assign?: string;
  unassign?: boolean;
  note?: string;
  mute?: string | boolean;
  unmute?: boolean;
  merge?: string;
  link?: string[];
  window?: string;
  where?: string[];
  explain?: boolean | string;
  json?: boolean;
}

export const addIssues: AddCommand = (program, context) => {
  program
    .command("issues [id]")
    .description("Patterns followed over time: new, confirmed, growing, resolved, back again; or the history of one.")
    .option("--loop <name>", "which loop (default: the only one)")
    .option("--state <state...>", "only these states")
    .option("--all", "dismissed and merged ones too")
    .option("--assign <who>", "give the issue to somebody")
    .option("--unassign", "give it to nobody")
    .option("--note <text>", "replace its note")
    .option("--mute [until]", "keep its events quiet, for good, for a length such as 2h, or until a date")
    .option("--unmute", "let its events be heard again")
    .option("--merge <into>", "count it as part of another issue")
    .option("--link <kind:id...>", "connect it: queue_item:<id>, dataset:<name>, experiment:<name>, url:<address>")
    .option("--window <length>", "only issues that failing runs showed this far back: 24h, 7d")
    .option("--where <condition...>", "only issues whose pattern has these conditions")
    .option("--explain [id]", "the issue's rate, exemplar traces and query too")
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object")
    .action(async (named: string | undefined, flags: Flags) => {
      const { terminal } = context;
      const id = named ?? (typeof flags.explain === "string" ? flags.explain : undefined);
      await withStore(context, flags, async (store) => {
        const loop = await pickLoop(store, flags.loop);
        const actions = actionsOf(flags, store.now());
        if (id === undefined) {
          if (actions.length > 0)
            throw new LoopsmithError("invalid", "no issue was named", { hint: "Give its id first." });
          const states = flags.state as IssueState[] | undefined;
          const issues = await loopIssues(store, loop.id, {
            all: flags.all ?? false,
            ...(states && { states }),
            ...(flags.window !== undefined && { window: flags.window }),
            ...(flags.where && { where: flags.where.map(parsePredicate) }),
          });
          if (flags.json) return terminal.out(JSON.stringify({ loop: loop.name, issues }));
          if (issues.length === 0) return terminal.out("No pattern is followed yet.");
          return terminal.out(table(issues.map(row), ["id", "state", "since", "assignee", "pattern"]));
        }
        let issue = await findIssue(store, loop.id, id);
        for (const action of actions) issue = await actOnIssue(store, loop.id, issue.id, action, userInfo().username);
        const details = flags.explain === undefined ? null : await explainIssue(store, loop.id, issue);
        if (flags.json) return terminal.out(JSON.stringify({ loop: loop.name, issue, ...details }));
        terminal.out(described(issue));
        if (details) terminal.out(explained(details));
      });
    });
};

function described(issue: FollowedPattern): string {
  const links = issue.links.map(({ kind, id, label }) => `  ${kind} ${label === undefined ? id : `${label} (${id})`}`);
  return [
    issue.sentence,
    `${issue.state} since ${new Date(issue.since).toISOString()}  (${issue.id})`,
    ...(issue.assignee ? [`assigned to ${issue.assignee}`] : []),
    ...(issue.note ? [`note: ${issue.note}`] : []),
    "",
    "History",
    ...issue.history.map(({ at, to, why, who }) => `  ${new Date(at).toISOString()}  ${to}: ${why} (${who})`),
    ...(links.length > 0 ? ["", "Links", ...links.slice(-12)] : []),
  ].join("\n");
}

function explained({ rate, exemplars, query }: IssueDetails): string {
  const percent = (share: number): string => `${Number((100 * share).toPrecision(2))}%`;
  const traces = exemplars.map(({ traceId, startAt, culprit }) => ({
    trace: traceId,
    started: new Date(startAt).toISOString(),
    culprit,
  }));
  return [
    "",
    `rate ${percent(rate.rate)} of ${Math.round(rate.exposed)} exposed runs (95% ${percent(rate.low)} to ${percent(rate.high)}) since ${new Date(rate.from).toISOString()}`,
    ...queryLines(query),
    ...(traces.length === 0 ? [] : ["", table(traces, ["trace", "started", "culprit"])]),
  ].join("\n");
}

function row(issue: FollowedPattern): Record<string, unknown> {
  return {
    id: issue.id.slice(0, 8),
    state: issue.state,
    since: new Date(issue.since).toISOString().slice(0, 16),
    assignee: issue.assignee,
    pattern: issue.sentence,
  };
}

function actionsOf(flags: Flags, now: number): IssueAction[] {
  const actions: IssueAction[] = [];
  if (flags.assign !== undefined) actions.push({ do: "assign", to: flags.assign });
  if (flags.unassign) actions.push({ do: "assign", to: null });
  if (flags.note !== undefined) actions.push({ do: "note", text: flags.note });
  if (flags.mute !== undefined && flags.mute !== false) {
    actions.push({ do: "mute", until: typeof flags.mute === "string" ? resolveUntil(flags.mute, now) : null });
  }
  if (flags.unmute) actions.push({ do: "unmute" });
  for (const link of flags.link ?? []) actions.push({ do: "link", link: parseLink(link) });
  if (flags.merge !== undefined) actions.push({ do: "merge", into: flags.merge });
  return actions;
}
