import type { Migration } from "./migration.ts";

/** Which digest tells of a held delivery. */
export const digests: Migration = {
  name: "0015-digests",
  statements: ({ text }) => [
    `alter table delivery add column digest_id ${text}`,
    `create index delivery_held on delivery (loop_id, created_at, id) where state = 'suppressed' and digest_id is null`,
  ],
};
