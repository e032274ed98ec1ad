import { actOnAlert, type AlertAction } from "../../loop/act-on-alert.ts";
import { alertRulesOf, findAlertRule, loopAlerts, previewOnHistory, testAlert } from "../../loop/loop-alerts.ts";
import { pickLoop } from "../../loop/pick-loop.ts";
import { resolveSince, resolveUntil } from "../../loop/window.ts";
import { LoopsmithError } from "../../model/errors.ts";
import { withStore, type AddCommand, type StoreFlags } from "../command.ts";
import { table } from "../terminal.ts";

interface Flags extends StoreFlags {
  loop?: string;
  preview?: string;
  since: string;
  test?: string;
  mute?: string;
  until?: string;
  unmute?: string;
  relearn?: string;
  json?: boolean;
}

export const addAlerts: AddCommand = (program, context) => {
  program
    .command("alerts")
    .description("The alert rules of a loop and how they stand; tries one on the past, or sends a test message.")
    .option("--loop <name>", "which loop (default: the only one)")
    .option("--preview <rule>", "what a rule would have told of the past")
    .option("--since <when>", "how far back --preview goes: a length such as 14d, or a date", "14d")
    .option("--test <rule>", "queue a test message to the destinations of a rule; the running loop sends it")
    .option("--mute <rule>", "hold its messages and count them, for good or until --until; evaluation goes on")
    .option("--until <when>", "a length such as 2h, or a date, for --mute")
    .option("--unmute <rule>", "let its messages out again")
    .option("--relearn <rule>", "take the present for the new normal")
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object")
    .action(async (flags: Flags) => {
      const { terminal } = context;
      await withStore(context, flags, async (store) => {
        const loop = await pickLoop(store, flags.loop);
        const rules = alertRulesOf(loop);
        const say = (fields: object, lines: () => string): void =>
          terminal.out(flags.json ? JSON.stringify({ loop: loop.name, ...fields }) : lines());

        for (const [name, action] of actionsOf(flags, store.now())) {
          await actOnAlert(store, loop.id, rules, name, action);
        }
        if (flags.test !== undefined) {
          const deliveries = await testAlert(store, loop.id, rules, flags.test);
          const told = deliveries.map(
            ({ id, action }) => `  ${"destination" in action ? action.destination : ""}  ${id}`,
          );
          return say({ deliveries }, () =>
            told.length === 0
              ? `${flags.test} names no destination: there is nobody to tell.`
              : ["Queued for the loop to send; `loopsmith deliveries` shows what became of it.", ...told].join("\n"),
          );
        }
        if (flags.preview !== undefined) {
          const range = { from: resolveSince(flags.since, store.now()), to: store.now() };
          const rule = findAlertRule(rules, flags.preview);
          const { fired, firingMs, notifications, transitions } = await previewOnHistory(store, loop.id, rule, range);
          return say({ rule: rule.name, fired, firingMs, notifications, transitions }, () =>
            [
              `${rule.name} would have fired ${fired} times since ${new Date(range.from).toISOString()}, for ${(firingMs / 3_600_000).toFixed(1)} hours in all`,
              ...notifications.map(({ at, title, text }) => `  ${new Date(at).toISOString()}  ${title}: ${text}`),
            ].join("\n"),
          );
        }
        const alerts = await loopAlerts(store, loop.id, rules);
        say({ alerts }, () =>
          alerts.length === 0
            ? "The loop has no alert rules; see `alerts` of a loop file."
            : table(
                alerts.map(({ rule, phase, since, fired, muted }) => ({
                  rule: rule.name,
                  watches: rule.condition.kind,
                  phase: muted === null ? phase : `${phase}, muted`,
                  since: new Date(since).toISOString().slice(0, 16),
                  fired,
                  tells: (rule.destinations ?? []).join(", "),
                })),
              ),
        );
      });
    });
};

function actionsOf(flags: Flags, now: number): [name: string, action: AlertAction][] {
  const { mute, until, unmute, relearn } = flags;
  if (until !== undefined && mute === undefined) {
    throw new LoopsmithError("invalid", "--until says how long to mute, and nothing is muted", {
      hint: "Name the rule with --mute.",
    });
  }
  const actions: [string, AlertAction][] = [];
  if (mute !== undefined) {
    actions.push([mute, { do: "mute", until: until === undefined ? null : resolveUntil(until, now) }]);
  }
  if (unmute !== undefined) actions.push([unmute, { do: "unmute" }]);
  if (relearn !== undefined) actions.push([relearn, { do: "relearn" }]);
  return actions;
}
