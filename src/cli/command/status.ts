import { budgetsOf, type BudgetStanding } from "../../loop/loop-budgets.ts";
import { loopStatus } from "../../loop/loop-status.ts";
import { money } from "../../internal/money.ts";
import { LoopsmithError } from "../../model/errors.ts";
import { isJsonObject, type Json } from "../../model/json.ts";
import type { Verdict } from "../../model/verdict.ts";
import type { LedgerRow, LedgerState } from "../../store/resource/ledger.ts";
import { withStore, type AddCommand, type StoreFlags } from "../command.ts";
import { describePlace, storePlace } from "../store-place.ts";
import { table } from "../terminal.ts";

interface Flags extends StoreFlags {
  trace?: string;
  json?: boolean;
}

/** States in which a trace stands without a verdict of its own, and why is worth telling. */
const WITH_REASONS: readonly LedgerState[] = ["settling", "skipped", "deferred", "failed"];
const MAX_REASONS = 10;
const ID_LENGTH = 36;

export const addStatus: AddCommand = (program, context) => {
  program
    .command("status")
    .description(
      "Where every loop stands: traces by state, verdicts, deliveries, lag; or where one trace stands, and why.",
    )
    .option("--trace <id>", "explain this trace in every loop")
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object")
    .action(async (flags: Flags) => {
      const { terminal } = context;
      const place = storePlace(context.environment(), flags);
      await withStore(context, flags, async (store) => {
        const loops = await store.loopList();
        if (flags.trace !== undefined) {
          const traceId = flags.trace;
          const rows = [];
          for (const loop of loops) {
            const ledger = await store.ledgerGet({ loopId: loop.id, traceId });
            if (!ledger) continue;
            const [verdict] = await store.verdictList({ loopId: loop.id, traceIds: [traceId], limit: 1 });
            const deliveries = await store.deliveryList({ loopId: loop.id, traceId, limit: 100 });
            const threshold = loop.config["threshold"] ?? null;
            rows.push({ loop: loop.name, threshold, ledger, why: whyOf(ledger), verdict: verdict ?? null, deliveries });
          }
          if (rows.length === 0) {
            throw new LoopsmithError("not_found", `no loop has seen the trace ${traceId}`, {
              hint:
                traceId.length < ID_LENGTH
                  ? "The id is cut short; give the whole one."
                  : "It may lie before the look-back window (`loopsmith backfill`), or belong to another project.",
            });
          }
          if (flags.json) return terminal.out(JSON.stringify({ trace: traceId, loops: rows }));
          for (const { loop, threshold, ledger, why, verdict, deliveries } of rows) {
            const isWaiting = ledger.state === "settling" || ledger.state === "deferred";
            // The ledger counts those that have to be made again.
            const attempts = ledger.attempts + (ledger.state === "decided" || ledger.state === "failed" ? 1 : 0);
            const due = isWaiting ? `, due ${new Date(ledger.dueAt).toISOString()}` : "";
            terminal.out(`${loop}: ${ledger.state}, revision ${ledger.revision}, ${attempts} attempts${due}`);
            if (why !== null) terminal.out(`  why: ${why}`);
            if (verdict) {
              const culprit = verdict.attribution?.culprit?.name ?? "not attributable";
              if (verdict.outcome === "unscored") terminal.out(`  why: ${whyUnscored(verdict, threshold)}`);
              terminal.out(
                `  verdict: ${verdict.outcome}${verdict.outcome === "fail" ? ` (${verdict.key} ${verdict.score} < ${verdict.threshold}; culprit: ${culprit})` : ""}`,
              );
            }
            for (const delivery of deliveries) {
              const at = delivery.deliveredAt === null ? "" : ` at ${new Date(delivery.deliveredAt).toISOString()}`;
              terminal.out(
                `  ${delivery.action.action}: ${delivery.state}${at}${delivery.lastError ? ` (${delivery.lastError})` : ""}`,
              );
            }
          }
          return;
        }
        const live = { running: false, lastSweepAt: null, lastError: null };
        const statuses = await Promise.all(
          loops.map(async (loop) => ({
            ...(await loopStatus(store, { ...loop, budgets: budgetsOf(loop) }, live)),
            reasons: await store.ledgerReasons({ loopId: loop.id, states: WITH_REASONS, limit: MAX_REASONS }),
          })),
        );
        if (flags.json) {
          // Whether a loop runs is known only inside its own process.
          return terminal.out(JSON.stringify({ loops: statuses.map(({ running: _running, ...status }) => status) }));
        }
        if (statuses.length === 0) return terminal.out(`No loop has run over ${describePlace(place)} yet.`);
        terminal.out(
          table(
            statuses.map((status) => ({
              loop: status.loop,
              project: status.project,
              pass: status.verdicts.pass,
              fail: status.verdicts.fail,
              unscored: status.verdicts.unscored,
              error: status.verdicts.error,
              deferred: status.traces.deferred,
              skipped: status.traces.skipped,
              waiting: status.waiting,
              "lag s": Math.round(status.lagMs / 1000),
              workers: status.workers.length,
              "heard of s ago": status.silentMs === null ? null : Math.round(status.silentMs / 1000),
              dead: status.deliveries
                .filter((entry) => entry.state === "dead")
                .reduce((sum, entry) => sum + entry.count, 0),
            })),
          ),
        );
        for (const { loop, reasons } of statuses) {
          for (const { state, reason, count } of reasons.filter((one) => one.state !== "failed")) {
            terminal.out(`${loop}: ${count} ${state}, because ${reason}`);
          }
        }
        for (const { loop, budgets } of statuses) {
          for (const standing of budgets) terminal.out(`${loop}: ${describeBudget(standing)}`);
        }
        for (const { loop, paused } of statuses) {
          for (const { evaluator, reason, until } of paused) {
            terminal.out(`${loop}: "${evaluator}" is paused until ${new Date(until).toISOString()}, because ${reason}`);
          }
        }
      });
    });
};

/** A row that only waits for its trace needs no reason in the ledger. */
function whyOf({ state, reason, rootEndAt }: LedgerRow): string | null {
  if (reason !== null || state !== "settling") return reason;
  return rootEndAt === null
    ? "its root has not ended; it is judged anyway when it has been open for too long"
    : "it is judged when it is due and nothing more arrives until then";
}

/** A trace that nothing was said about, for people. */
function whyUnscored({ scores }: Verdict, threshold: Json): string {
  const marks = isJsonObject(threshold) ? `; the threshold speaks of ${Object.keys(threshold).join(", ")}` : "";
  if (scores.length === 0) return `its evaluators returned no score${marks}`;
  return `its scores are ${scores.map(({ key, score }) => `${key} ${score ?? "not applicable"}`).join(", ")}${marks}`;
}

/** What a budget has used of each of its limits. */
function describeBudget({ budget, calls, tokens, usd }: BudgetStanding): string {
  const used = [
    budget.calls === undefined ? [] : `${calls} of ${budget.calls} calls`,
    budget.tokens === undefined ? [] : `${tokens} of ${budget.tokens} tokens`,
    budget.usd === undefined ? [] : `${money(usd)} of ${money(budget.usd)}`,
  ].flat();
  return `${used.join(", ")} used this ${budget.per}${budget.evaluator === undefined ? "" : ` by ${budget.evaluator}`}`;
}
