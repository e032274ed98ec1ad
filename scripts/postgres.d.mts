/** A PostgreSQL to test against; `url` is `null` when there is none to be had, and `note` says why. */
export function startPostgres(): Promise<{ url: string | null; note: string; stop(): Promise<void> }>;
