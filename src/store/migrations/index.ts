import { initial } from "./0001-initial.ts";
import { datasets } from "./0002-datasets.ts";
import type { Migration } from "./migration.ts";

/** Every migration, oldest first. */
export const MIGRATIONS: readonly Migration[] = [initial, datasets];
