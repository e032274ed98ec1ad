import type { Migration } from "./migration.ts";

/** Which scores stood on a trace when it was judged, where they live elsewhere and nobody tells of later ones. */
export const seenScores: Migration = {
  name: "0013-seen-scores",
  statements: ({ text }) => [`alter table verdict add column seen_scores_json ${text}`],
};
