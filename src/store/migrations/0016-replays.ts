import type { Migration } from "./migration.ts";

/** Which deliveries somebody asked for again. */
export const replays: Migration = {
  name: "0016-replays",
  statements: ({ int }) => [`alter table delivery add column replayed_at ${int}`],
};
