import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { LoopsmithError } from "../../model/errors.ts";
import { resolveSince } from "../../loop/window.ts";
import type { Store } from "../../store/store.ts";
import { parseFilter } from "../../wire/filter.ts";
import { exportExamples } from "../export/export-examples.ts";
import { exportRuns } from "../export/export-runs.ts";
import { writeLines } from "../export/write-lines.ts";
import { progressBar } from "../progress-bar.ts";
import { wholeNumber, withStore, type AddCommand, type StoreFlags } from "../command.ts";

interface Flags extends StoreFlags {
  dataset?: string;
  format?: string;
  out?: string;
  since?: string;
  until?: string;
  filter?: string;
  traceFilter?: string;
  treeFilter?: string;
  roots?: boolean;
  limit?: number;
  json?: boolean;
}

type Format = "jsonl" | "csv";

const NOTES = `
JSONL has one run a line as LangSmith's v1 API writes it, with all its feedback. CSV is made for spreadsheets: a cell that
one would take for a formula begins with an apostrophe. Attachments stay where they are.`;

export const addExport: AddCommand = (program, context) => {
  program
    .command("export [project]")
    .description("Writes the runs of a project, or the examples of a dataset, to a file or to standard output.")
    .option("--dataset <name>", "the examples of this dataset, instead of a project")
    .option("--format <format>", "jsonl or csv (default: by the ending of --out, else jsonl)")
    .option("--out <file>", "file to write (default: standard output)")
    .option("--since <when>", "runs that started since: 7d, 2026-11-01")
    .option("--until <when>", "runs that started before")
    .option("--filter <filter>", "only runs that match, in LangSmith's filter language")
    .option("--trace-filter <filter>", "only runs of traces whose root matches")
    .option("--tree-filter <filter>", "only runs of traces in which some run matches")
    .option("--roots", "only the root of each trace")
    .option("--limit <n>", "runs or examples at most", wholeNumber("--limit", 1, 1_000_000_000))
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object at the end; needs --out")
    .addHelpText("after", NOTES)
    .action(async (projectName: string | undefined, flags: Flags) => {
      const { terminal } = context;
      if ((projectName === undefined) === (flags.dataset === undefined)) {
        throw new LoopsmithError("invalid", "name either a project or a dataset to export", {
          hint: "`loopsmith export <project>`, or `loopsmith export --dataset <name>`.",
        });
      }
      if (flags.json && flags.out === undefined) {
        throw new LoopsmithError("invalid", "--json would stand among the exported lines", {
          hint: "Add --out <file>, or leave --json out: each line of JSONL is an object already.",
        });
      }
      const format = formatOf(flags);
      const file = flags.out ?? null;
      if (file !== null && !existsSync(dirname(file))) {
        throw new LoopsmithError("not_found", `there is no folder ${dirname(file)}`, {
          hint: "Make it first, or name another file with --out.",
        });
      }
      const bar = progressBar(terminal);
      await withStore(context, flags, async (store) => {
        const lines =
          projectName === undefined
            ? exportExamples({
                store,
                format,
                dataset: await datasetNamed(store, flags.dataset ?? ""),
                ...limitOf(flags),
              })
            : exportRuns({ store, format, selection: await selectionOf(store, projectName, flags), ...limitOf(flags) });
        const onLine = (count: number): void => {
          if (count % 500 === 0) bar.show(null, `${count} lines`);
        };
        let count: number;
        try {
          count = await writeLines(lines, file, { lineEnd: format === "csv" ? "\r\n" : "\n", onLine });
        } finally {
          bar.clear();
        }
        const rows = format === "csv" ? count - 1 : count;
        if (flags.json) terminal.out(JSON.stringify({ file, format, rows }));
        else if (file !== null) terminal.out(`${rows} ${projectName === undefined ? "examples" : "runs"} in ${file}`);
      });
    });
};

/** @throws LoopsmithError `invalid` */
function formatOf({ format, out }: Flags): Format {
  const said = format ?? (out?.toLowerCase().endsWith(".csv") ? "csv" : "jsonl");
  if (said === "jsonl" || said === "csv") return said;
  throw new LoopsmithError("invalid", `--format is ${said}`, { hint: "Use jsonl or csv." });
}

function limitOf({ limit }: Flags): { limit?: number } {
  return limit === undefined ? {} : { limit };
}

async function selectionOf(
  store: Store,
  projectName: string,
  flags: Flags,
): Promise<Parameters<typeof exportRuns>[0]["selection"]> {
  const project = await store.projectGet({ name: projectName });
  if (!project) throw notHere("project", projectName, (await store.projectList({ limit: 20, offset: 0 })).map(nameOf));
  const at = store.now();
  return {
    projectIds: [project.id],
    ...(flags.since === undefined ? {} : { startFrom: resolveSince(flags.since, at) }),
    ...(flags.until === undefined ? {} : { startTo: resolveSince(flags.until, at) }),
    ...(flags.filter === undefined ? {} : { filter: parseFilter(flags.filter, "--filter") }),
    ...(flags.traceFilter === undefined ? {} : { traceFilter: parseFilter(flags.traceFilter, "--trace-filter") }),
    ...(flags.treeFilter === undefined ? {} : { treeFilter: parseFilter(flags.treeFilter, "--tree-filter") }),
    ...(flags.roots ? { isRoot: true } : {}),
  };
}

async function datasetNamed(store: Store, name: string): Promise<Parameters<typeof exportExamples>[0]["dataset"]> {
  const dataset = await store.datasetGet({ name });
  if (!dataset) throw notHere("dataset", name, (await store.datasetList({ limit: 20, offset: 0 })).map(nameOf));
  return dataset;
}

const nameOf = ({ name }: { name: string }): string => name;

function notHere(what: string, name: string, known: readonly string[]): LoopsmithError {
  return new LoopsmithError("not_found", `there is no ${what} "${name}" in this data directory`, {
    hint: known.length === 0 ? "Name another directory with --data-dir." : `There are: ${known.join(", ")}.`,
  });
}
