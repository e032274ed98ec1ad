import { Client } from "langsmith";
import { LoopsmithError } from "../../model/errors.ts";
import { resolveSince } from "../../loop/window.ts";
import { rateLimiter } from "../../platform/rate-limiter.ts";
import { importDataset, type DatasetReport } from "../import/import-dataset.ts";
import { importRuns, type ImportReport } from "../import/import-runs.ts";
import { langsmithSource } from "../import/langsmith-source.ts";
import { progressBar } from "../progress-bar.ts";
import { wholeNumber, withStore, type AddCommand, type StoreFlags } from "../command.ts";
import type { Terminal } from "../terminal.ts";

interface Flags extends StoreFlags {
  dataset?: string[];
  from?: string;
  as?: string;
  since?: string;
  until?: string;
  filter?: string;
  rate: number;
  json?: boolean;
}

const CLOUD = "https://api.smith.langchain.com";

const NOTES = `
LANGSMITH_API_KEY holds the key. Ids stay the same, so importing again doubles nothing; an import that was cut off goes
on from where it got to, and a later one brings what is new since.`;

export const addImport: AddCommand = (program, context) => {
  program
    .command("import [project]")
    .description("Copies a project's traces with feedback and attachments, or datasets, out of a LangSmith.")
    .option("--dataset <name...>", "datasets to copy, instead of or beside a project")
    .option("--from <url>", `the LangSmith (default: LANGSMITH_ENDPOINT, or ${CLOUD})`)
    .option("--as <name>", "name of the project here (default: the same)")
    .option("--since <when>", "runs that started since: 7d, 2026-11-01 (default: where the last import got to)")
    .option("--until <when>", "runs that started before (default: now)")
    .option("--filter <filter>", "only runs that match, in LangSmith's filter language")
    .option("--rate <n>", "requests a second at most", wholeNumber("--rate", 1, 1_000), 5)
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object")
    .addHelpText("after", NOTES)
    .action(async (projectName: string | undefined, flags: Flags) => {
      const { terminal } = context;
      const names = flags.dataset ?? [];
      if (projectName === undefined && names.length === 0) {
        throw new LoopsmithError("invalid", "nothing was named to import", {
          hint: "Name a project, or datasets with --dataset <name>.",
        });
      }
      const environment = context.environment();
      const client = new Client({
        apiUrl: flags.from ?? environment.langsmithEndpoint ?? CLOUD,
        ...(environment.langsmithApiKey === null ? {} : { apiKey: environment.langsmithApiKey }),
      });
      const source = langsmithSource(client, rateLimiter({ maxPerSecond: flags.rate }));
      const bar = progressBar(terminal);
      await withStore(
        context,
        flags,
        async (store) => {
          const datasets: DatasetReport[] = [];
          let runs: ImportReport | null = null;
          try {
            // Datasets first: experiments refer to them.
            for (const name of names) {
              const onProgress = (count: number): void => bar.show(null, `${name}: ${count} examples`);
              datasets.push(await importDataset({ source, store, name, onProgress }));
            }
            if (projectName !== undefined) {
              const at = store.now();
              runs = await importRuns({
                source,
                store,
                projectName,
                ...(flags.as === undefined ? {} : { as: flags.as }),
                ...(flags.since === undefined ? {} : { since: resolveSince(flags.since, at) }),
                ...(flags.until === undefined ? {} : { until: resolveSince(flags.until, at) }),
                ...(flags.filter === undefined ? {} : { filter: flags.filter }),
                onProgress: (done) => bar.show(done.share, `${done.runs} runs, ${done.feedback} feedback`),
              });
            }
          } finally {
            bar.clear();
          }
          if (flags.json) terminal.out(JSON.stringify({ ...runs, datasets }));
          else tell(terminal, runs, datasets);
        },
        { create: true },
      );
    });
};

function tell(terminal: Terminal, runs: ImportReport | null, datasets: readonly DatasetReport[]): void {
  for (const { name, examples, written, missingAttachments } of datasets) {
    terminal.out(`dataset "${name}": ${examples} examples, ${written} of them new or changed`);
    complain(terminal, "attachments could not be fetched", missingAttachments);
  }
  if (!runs) return;
  terminal.out(
    `project "${runs.project.name}": ${runs.runs} runs, ${runs.feedback} feedback, ${runs.attachments} attachments, ` +
      `from ${runs.from} through ${runs.through}`,
  );
  complain(terminal, "attachments could not be fetched", runs.missingAttachments);
  complain(terminal, "runs or feedback could not be taken", runs.rejected);
}

function complain(terminal: Terminal, what: string, list: readonly string[]): void {
  if (list.length === 0) return;
  terminal.err(`${list.length} ${what}:`);
  for (const entry of list.slice(0, 10)) terminal.err(`  ${entry}`);
}
