import { describe } from "vitest";
import type { Store } from "../../src/store/store.ts";
import { exerciseBuckets } from "./exercise-buckets.ts";
import { exerciseDatasets } from "./exercise-datasets.ts";
import { exerciseDeliveries } from "./exercise-deliveries.ts";
import { exerciseEvaluations } from "./exercise-evaluations.ts";
import { exerciseExperiments } from "./exercise-experiments.ts";
import { exerciseFilters } from "./exercise-filters.ts";
import { exerciseLedger } from "./exercise-ledger.ts";
import { exerciseMining } from "./exercise-mining.ts";
import { exercisePrompts } from "./exercise-prompts.ts";
import { exerciseQueues } from "./exercise-queues.ts";
import { exerciseRemedies } from "./exercise-remedies.ts";
import { exerciseSpans } from "./exercise-spans.ts";
import { exerciseStats } from "./exercise-stats.ts";
import { exerciseTexts } from "./exercise-texts.ts";
import { exerciseUpdates } from "./exercise-updates.ts";

/** Opens an empty store whose clock the test moves. */
export type OpenStore = (clock: { now: number }) => Promise<Store>;

/** Every promise of the seam, run on every database. */
export function storeContract(name: string, open: OpenStore): void {
  describe(`store contract: ${name}`, () => {
    exerciseSpans(open);
    exerciseFilters(open);
    exerciseStats(open);
    exerciseQueues(open);
    exerciseLedger(open);
    exerciseBuckets(open);
    exerciseMining(open);
    exerciseDeliveries(open);
    exerciseEvaluations(open);
    exerciseDatasets(open);
    exerciseExperiments(open);
    exercisePrompts(open);
    exerciseRemedies(open);
    exerciseTexts(open);
    exerciseUpdates(open);
  });
}
