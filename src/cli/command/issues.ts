import { userInfo } from "node:os";
import { actOnIssue, findIssue, loopIssues, type IssueAction } from "../../loop/loop-issues.ts";
import { resolveSince } from "../../loop/window.ts";
import { LoopsmithError } from "../../model/errors.ts";
import type { FollowedPattern, IssueState } from "../../model/issue.ts";
import { pickLoop, withStore, type AddCommand, type StoreFlags } from "../command.ts";
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
    .option("--mute [until]", "keep its events quiet, for good or until a date")
    .option("--unmute", "let its events be heard again")
    .option("--merge <into>", "count it as part of another issue")
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object")
    .action(async (id: string | undefined, flags: Flags) => {
      const { terminal } = context;
      await withStore(context, flags, async (store) => {
        const loop = await pickLoop(store, flags.loop);
        const actions = actionsOf(flags, store.now());
        if (id === undefined) {
          if (actions.length > 0)
            throw new LoopsmithError("invalid", "no issue was named", { hint: "Give its id first." });
          const states = flags.state as IssueState[] | undefined;
          const issues = await loopIssues(store, loop.id, { ...(states ? { states } : {}), all: flags.all ?? false });
          if (flags.json) return terminal.out(JSON.stringify({ loop: loop.name, issues }));
          if (issues.length === 0) return terminal.out("No pattern is followed yet.");
          return terminal.out(table(issues.map(row), ["id", "state", "since", "assignee", "pattern"]));
        }
        let issue = await findIssue(store, loop.id, id);
        for (const action of actions) issue = await actOnIssue(store, loop.id, issue.id, action, userInfo().username);
        if (flags.json) return terminal.out(JSON.stringify({ loop: loop.name, issue }));
        terminal.out(`${issue.sentence}\n${issue.state} since ${new Date(issue.since).toISOString()}  (${issue.id})`);
        if (issue.assignee) terminal.out(`assigned to ${issue.assignee}`);
        if (issue.note) terminal.out(`note: ${issue.note}`);
        terminal.out("\nHistory");
        for (const { at, to, why, who } of issue.history)
          terminal.out(`  ${new Date(at).toISOString()}  ${to}: ${why} (${who})`);
        const traces = issue.links.filter((link) => link.kind === "trace").map((link) => link.id);
        if (traces.length > 0) terminal.out(`\nTraces, for example\n  ${traces.slice(-5).join("\n  ")}`);
      });
    });
};

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
    actions.push({ do: "mute", until: typeof flags.mute === "string" ? resolveSince(flags.mute, now) : null });
  }
  if (flags.unmute) actions.push({ do: "unmute" });
  if (flags.merge !== undefined) actions.push({ do: "merge", into: flags.merge });
  return actions;
}
