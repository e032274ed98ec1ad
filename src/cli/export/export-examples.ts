import type { Dataset } from "../../model/dataset.ts";
import { toIsoTime } from "../../internal/iso-time.ts";
import type { Store } from "../../store/store.ts";
import { spreadsheetLine } from "../../wire/csv.ts";

/** Examples read at a time. */
const PAGE = 500;
const COLUMNS = ["id", "inputs", "outputs", "metadata", "splits", "source_run_id", "created_at"];

export interface ExportExamplesOptions {
  store: Store;
  dataset: Dataset;
  format: "jsonl" | "csv";
  /** Examples at most. @default all */
  limit?: number;
}

/** The lines of a file with the examples of a dataset as it is now, oldest first. */
export async function* exportExamples({
  store,
  dataset,
  format,
  limit = Infinity,
}: ExportExamplesOptions): AsyncGenerator<string> {
  if (format === "csv") yield spreadsheetLine(COLUMNS);
  for (let offset = 0; offset < limit; offset += PAGE) {
    const page = await store.exampleList({
      datasetId: dataset.id,
      // A file is of one version, also when somebody writes meanwhile.
      asOf: dataset.modifiedAt,
      order: "oldest",
      limit: Math.min(PAGE, limit - offset),
      offset,
    });
    for (const { id, inputs, outputs, metadata, splits, sourceRunId, createdAt } of page) {
      yield format === "csv"
        ? spreadsheetLine([
            id,
            JSON.stringify(inputs),
            outputs && JSON.stringify(outputs),
            JSON.stringify(metadata),
            splits.join(" "),
            sourceRunId,
            toIsoTime(createdAt),
          ])
        : JSON.stringify({
            id,
            inputs,
            outputs,
            metadata,
            splits,
            source_run_id: sourceRunId,
            created_at: toIsoTime(createdAt),
          });
    }
    if (page.length < PAGE) return;
  }
}
