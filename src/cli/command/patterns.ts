import { calibrateJudge } from "../../loop/calibrate-judge.ts";
import { exemplarsOf, findPattern, type Exemplar } from "../../loop/explain-pattern.ts";
import { loopPatterns, type LoopPattern, type LoopPatternReport } from "../../loop/loop-patterns.ts";
import { pickLoop } from "../../loop/pick-loop.ts";
import { parsePredicate } from "../../pattern/parse-predicate.ts";
import { predicatePhrase } from "../../pattern/sentence.ts";
import { platformOver, wholeNumber, withStore, type AddCommand, type StoreFlags } from "../command.ts";
import { queryLines } from "../query-lines.ts";
import { table } from "../terminal.ts";

interface Flags extends StoreFlags {
  loop?: string;
  window: string;
  where: string[];
  explain?: string;
  human?: string;
  limit: number;
  json?: boolean;
}

export const addPatterns: AddCommand = (program, context) => {
  program
    .command("patterns")
    .description("What the failures of a window have in common, with support, risk ratio and significance.")
    .option("--loop <name>", "which loop (default: the only one)")
    .option("--window <length>", "how far back, by start of the trace: 90m, 24h, 7d", "24h")
    .option("--where <condition>", "only runs that meet it, several times for several", collect, [])
    .option("--explain <id>", "one pattern in full, with exemplar traces")
    .option("--human <key>", "feedback key of people's labels: take the judge's errors out of the risk ratios")
    .option("--limit <n>", "patterns to show at most", wholeNumber("--limit", 1, 1000), 20)
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      `
Conditions: metadata.tier=beta, retrieval.relevance<0.5, tool:search.count>=2, "feedback.thumb missing".`,
    )
    .action(async (flags: Flags) => {
      const { terminal } = context;
      await withStore(context, flags, async (store) => {
        const loop = await pickLoop(store, flags.loop);
        const where = flags.where.map(parsePredicate);
        const judge =
          flags.human === undefined
            ? null
            : (
                await calibrateJudge(
                  { store, platform: platformOver(context, store), loopId: loop.id },
                  { humanKey: flags.human },
                )
              ).judge;
        const report = await loopPatterns(store, loop.id, {
          window: flags.window,
          limit: flags.limit,
          where,
          ...(judge && { judge }),
        });
        if (flags.explain !== undefined) {
          const pattern = findPattern(report, flags.explain);
          const exemplars = await exemplarsOf(store, loop.id, pattern.exemplars);
          if (flags.json) return terminal.out(JSON.stringify({ loop: loop.name, pattern, exemplars }));
          return terminal.out(explained(pattern, exemplars));
        }
        if (flags.json) return terminal.out(JSON.stringify({ loop: loop.name, ...report }));
        const among = flags.where.length === 0 ? "" : ` among runs with ${flags.where.join(" and ")}`;
        terminal.out(
          `${report.failures} failures and ${report.passes} passes in the last ${flags.window}${among} (${loop.name})`,
        );
        for (const line of listed(report)) terminal.out(line);
      });
    });
};

function collect(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value];
}

function listed({ patterns, hypotheses, explained: share, dropped }: LoopPatternReport): string[] {
  if (patterns.length === 0) return [`No pattern is significant among ${hypotheses} hypotheses.`];
  const rows = patterns.map((pattern) => ({
    id: pattern.id.slice(0, 8),
    failing: pattern.failing,
    passing: pattern.passing,
    "risk ratio": Number(pattern.riskRatio.toPrecision(3)),
    q: pattern.q < 1e-4 ? "<0.0001" : pattern.q.toPrecision(1),
    pattern: pattern.predicates.map(predicatePhrase).join(" and "),
  }));
  return [
    "",
    table(rows),
    "",
    ...patterns.flatMap((pattern) => [`- ${pattern.sentence}`, ...mostly(pattern).map((line) => `  ${line}`)]),
    "",
    `${Math.round(share * 100)}% of the failures are explained by these; ${hypotheses} hypotheses were tested.`,
    "`--explain <id>` shows one with traces.",
    ...dropped.map((what) => `left out: ${what}`),
  ];
}

function explained(pattern: LoopPattern, exemplars: readonly Exemplar[]): string {
  const { sentence, id, failing, failures, passing, passes, riskRatioInterval, p, q, also } = pattern;
  const { culprits = [], reasons = [] } = pattern;
  const [low, high] = riskRatioInterval.map((bound) => Number(bound.toPrecision(3)));
  const traces = exemplars.map(({ traceId, startAt, key, score, threshold, culprit }) => ({
    trace: traceId,
    started: new Date(startAt).toISOString(),
    score: key === null ? null : `${key} ${score ?? "-"} < ${threshold ?? "-"}`,
    culprit,
  }));
  return [
    sentence,
    `id ${id}`,
    "",
    table([
      { runs: "match", failing, passing },
      { runs: "do not match", failing: failures - failing, passing: passes - passing },
    ]),
    "",
    `risk ratio ${Number(pattern.riskRatio.toPrecision(3))} (95% ${low} to ${high}), p ${p.toPrecision(2)}, q ${q.toPrecision(2)}`,
    ...(pattern.judgeCorrected
      ? [`risk ratio with the judge's errors taken out ${Number(pattern.judgeCorrected.riskRatio.toPrecision(3))}`]
      : []),
    ...(pattern.designEffect === undefined
      ? []
      : [`runs of one cluster depend on each other: evidence divided by ${pattern.designEffect.toPrecision(3)}`]),
    ...(also && also.length > 0 ? [`every failing one also has ${also.map(predicatePhrase).join(", ")}`] : []),
    ...(culprits.length > 0 ? [`blamed: ${topThree(culprits)}`] : []),
    ...mostly(pattern),
    ...(reasons.length > 0 ? [`reasons: ${topThree(reasons)}`] : []),
    "",
    ...queryLines(pattern.query),
    "",
    traces.length === 0
      ? "No exemplar trace has a verdict any more."
      : table(traces, ["trace", "started", "score", "culprit"]),
  ].join("\n");
}

/** The one reason that more than half of a pattern's failures have, if there is one. */
function mostly({ reasons = [] }: LoopPattern): string[] {
  const [reason] = reasons;
  return reason && reason.share > 0.5
    ? [`mostly because: ${reason.name}, ${Math.round(reason.share * 100)}% of its failures`]
    : [];
}

function topThree(shares: readonly { name: string; share: number }[]): string {
  return shares
    .slice(0, 3)
    .map(({ name, share }) => `${name} ${Math.round(share * 100)}%`)
    .join(", ");
}
