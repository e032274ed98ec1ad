import { LoopsmithError } from "../../model/errors.ts";
import { initial } from "./0001-initial.ts";
import { datasets } from "./0002-datasets.ts";
import { budget } from "./0004-budget.ts";
import { prompts } from "./0003-prompts.ts";
import { learning } from "./0005-learning.ts";
import { review } from "./0006-review.ts";
import { remedies } from "./0008-remedies.ts";
import { search } from "./0007-search.ts";
import { buckets } from "./0009-buckets.ts";
import { mining } from "./0010-mining.ts";
import { traceOrder } from "./0011-trace-order.ts";
import { evaluatorFailures } from "./0012-evaluator-failures.ts";
import { seenScores } from "./0013-seen-scores.ts";
import { evaluations } from "./0014-evaluations.ts";
import { digests } from "./0015-digests.ts";
import { replays } from "./0016-replays.ts";
import { ledgerClock } from "./0017-ledger-clock.ts";
import type { Migration } from "./migration.ts";

/** Every migration, oldest first. */
export const MIGRATIONS: readonly Migration[] = [
  initial,
  datasets,
  prompts,
  budget,
  learning,
  review,
  search,
  remedies,
  buckets,
  mining,
  traceOrder,
  evaluatorFailures,
  seenScores,
  evaluations,
  digests,
  replays,
  ledgerClock,
];

/**
 * Refuses a schema that a newer version has changed: what this one would write there might be wrong.
 * @throws LoopsmithError `conflict`
 */
export function assertKnownMigrations(applied: Iterable<string>): void {
  const known = new Set(MIGRATIONS.map(({ name }) => name));
  const unknown = [...applied].filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new LoopsmithError("conflict", `the database was changed by a newer Loopsmith (${unknown.join(", ")})`, {
    hint: "Update this Loopsmith, or restore the backup that was made before the other one was started.",
  });
}
