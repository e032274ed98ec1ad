import type { OpenStoreOptions } from "../store/open-store.ts";
import type { Environment } from "./environment.ts";

/** The database that flags and environment name. */
export function storePlace(
  environment: Environment,
  flags: { dataDir?: string },
): OpenStoreOptions & { dataDir: string } {
  return {
    dataDir: flags.dataDir ?? environment.dataDir,
    ...(environment.databaseUrl === null ? {} : { databaseUrl: environment.databaseUrl }),
  };
}

/** The same in words: the folder, or the database by host and name. User, password and parameters are left out. */
export function describePlace({ dataDir, databaseUrl }: OpenStoreOptions): string {
  if (databaseUrl === undefined) return dataDir ?? "";
  // A URL that names a socket has no host.
  if (!URL.canParse(databaseUrl)) return "PostgreSQL";
  const { host, pathname } = new URL(databaseUrl);
  return `PostgreSQL ${host}${pathname}`;
}
