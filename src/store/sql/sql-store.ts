import type { Store } from "../store.ts";
import { comparativeStore } from "./comparative.ts";
import type { Database } from "./database.ts";
import { bucketStore } from "./bucket.ts";
import { budgetStore } from "./budget.ts";
import { cursorStore } from "./cursor.ts";
import { datasetStore } from "./dataset.ts";
import { datasetVersionStore } from "./dataset-version.ts";
import { deliveryStore, type DeliveryStatements } from "./delivery.ts";
import { evaluationStore } from "./evaluation.ts";
import { exampleReadStore } from "./example.ts";
import { exampleWriteStore } from "./example-write.ts";
import { feedbackConfigStore } from "./feedback-config.ts";
import { experimentStore } from "./experiment.ts";
import { feedbackStore } from "./feedback.ts";
import { learningStore } from "./learning.ts";
import { ledgerStore, type LedgerStatements } from "./ledger.ts";
import { miningStore } from "./mining.ts";
import { onlineEvaluatorStore } from "./online-evaluator.ts";
import { projectStore } from "./project.ts";
import { promptCommitStore } from "./prompt-commit.ts";
import { promptStore } from "./prompt.ts";
import { queueStore } from "./queue.ts";
import { remedyStore } from "./remedy.ts";
import { retentionStore } from "./retention.ts";
import { secretStore } from "./secret.ts";
import { spanIngest, type IngestStatements } from "./span-ingest.ts";
import { spanStatsStore } from "./span-stats.ts";
import { spanReadStore } from "./span.ts";
import { threadShareStore } from "./thread-share.ts";
import { threadStore } from "./thread.ts";
import { traceCompleteStore } from "./trace-complete.ts";
import { traceTotalsStore } from "./trace-totals.ts";
import { traceStore } from "./trace.ts";
import { verdictStore } from "./verdict.ts";

/** What a database folder brings beside its connection: the statements worth tuning by hand. */
export interface SqlStatements<Native> {
  ingest: IngestStatements<Native>;
  ledger: LedgerStatements<Native>;
  delivery: DeliveryStatements<Native>;
}

/** Composes the store from one file a resource. */
export function sqlStore<Native>(db: Database<Native>, statements: SqlStatements<Native>): Store {
  const close = (): Promise<void> => db.close();
  return {
    capabilities: db.capabilities,
    now: () => db.now(),
    close,
    [Symbol.asyncDispose]: close,
    ...projectStore(db),
    ...spanIngest(db, statements.ingest),
    ...spanReadStore(db),
    ...traceStore(db),
    ...traceCompleteStore(db),
    ...traceTotalsStore(db),
    ...spanStatsStore(db),
    ...threadStore(db),
    ...threadShareStore(db),
    ...feedbackStore(db),
    ...feedbackConfigStore(db),
    ...onlineEvaluatorStore(db),
    ...queueStore(db),
    ...ledgerStore(db, statements.ledger),
    ...verdictStore(db),
    ...cursorStore(db),
    ...deliveryStore(db, statements.delivery),
    ...secretStore(db),
    ...retentionStore(db),
    ...budgetStore(db),
    ...evaluationStore(db),
    ...bucketStore(db),
    ...learningStore(db),
    ...miningStore(db),
    ...remedyStore(db),
    ...datasetStore(db),
    ...datasetVersionStore(db),
    ...exampleReadStore(db),
    ...exampleWriteStore(db),
    ...experimentStore(db),
    ...comparativeStore(db),
    ...promptStore(db),
    ...promptCommitStore(db),
  };
}
