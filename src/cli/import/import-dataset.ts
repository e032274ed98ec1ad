import { canonicalJson } from "../../internal/canonical-json.ts";
import { LoopsmithError } from "../../model/errors.ts";
import { isJsonObject, type JsonObject } from "../../model/json.ts";
import type { Example } from "../../model/dataset.ts";
import type { ExampleWrite } from "../../store/resource/dataset.ts";
import type { Store } from "../../store/store.ts";
import { splitMetadata } from "../../wire/langsmith/example.ts";
import { parseTime } from "../../wire/parse-time.ts";
import type { LangSmithExample } from "../../wire/langsmith-run.ts";
import type { LangSmithSource } from "./langsmith-source.ts";

export interface ImportDatasetOptions {
  source: LangSmithSource;
  store: Store;
  /** Name of the dataset, there and here. */
  name: string;
  onProgress?: (examples: number) => void;
}

export interface DatasetReport {
  id: string;
  name: string;
  /** Examples there are in LangSmith. */
  examples: number;
  /** Those that were new here or had changed; the rest was left alone. */
  written: number;
  missingAttachments: string[];
}

/**
 * Copies the newest version of a dataset. Every id stays, and an example that is here already is written only when it differs:
 * doing it again, also after a kill, makes no version without a reason.
 */
export async function importDataset({ source, store, name, onProgress }: ImportDatasetOptions): Promise<DatasetReport> {
  const dataset = await source.dataset(name);
  const known = (await store.datasetGet({ id: dataset.id })) ?? (await store.datasetGet({ name }));
  if (known && known.id !== dataset.id) {
    throw new LoopsmithError("conflict", `there is a dataset "${name}" here already that is no copy of this one`, {
      hint: "Rename or delete it first.",
    });
  }
  if (!known) await store.datasetCreate(dataset);
  const report: DatasetReport = { id: dataset.id, name, examples: 0, written: 0, missingAttachments: [] };
  for await (const page of source.examples(dataset.id)) {
    const rows = await store.exampleList({
      datasetId: dataset.id,
      ids: page.map((example) => example.id),
      limit: page.length,
      offset: 0,
    });
    const here = new Map(rows.map((row) => [row.id, row]));
    const changed = page.filter((example) => differs(example, here.get(example.id)));
    const examples: ExampleWrite[] = [];
    for (const example of changed) examples.push(await written(source, example, report));
    if (examples.length > 0) await store.exampleWrite({ datasetId: dataset.id, examples });
    report.examples += page.length;
    report.written += examples.length;
    onProgress?.(report.examples);
  }
  return report;
}

async function written(
  source: LangSmithSource,
  example: LangSmithExample,
  report: DatasetReport,
): Promise<ExampleWrite> {
  const links = linksOf(example);
  const contents = await source.attachments(links.map(([, url]) => url));
  const attachments = links.flatMap(([name], index) => {
    const content = contents[index];
    if (content) return [{ name, ...content }];
    report.missingAttachments.push(`${example.id} ${name}`);
    return [];
  });
  const createdAt = parseTime(example.created_at);
  return {
    id: example.id,
    ...contentOf(example),
    sourceRunId: example.source_run_id ?? null,
    ...(createdAt === null ? {} : { createdAt }),
    attachments,
  };
}

function linksOf(example: LangSmithExample): [name: string, url: string][] {
  return Object.entries(example.attachments ?? {}).map(([name, { presigned_url: url }]) => [name, url]);
}

function contentOf(
  example: LangSmithExample,
): Required<Pick<ExampleWrite, "inputs" | "outputs" | "metadata" | "splits">> {
  const { metadata = {}, splits = ["base"] } = splitMetadata(objectOf(example.metadata) ?? {}, undefined);
  return { inputs: objectOf(example.inputs) ?? {}, outputs: objectOf(example.outputs), metadata, splits };
}

function differs(example: LangSmithExample, row: Example | undefined): boolean {
  if (!row) return true;
  const { inputs, outputs, metadata, splits } = row;
  const ours = { inputs, outputs, metadata, splits: splits.toSorted() };
  const theirs = contentOf(example);
  if (canonicalJson(ours) !== canonicalJson({ ...theirs, splits: theirs.splits.toSorted() })) return true;
  const names = linksOf(example).map(([name]) => name);
  return (
    names.toSorted().join("\n") !==
    row.attachments
      .map(({ name }) => name)
      .toSorted()
      .join("\n")
  );
}

function objectOf(value: unknown): JsonObject | null {
  return isJsonObject(value) ? value : null;
}
