import type { DatabaseSyncInstance, StatementSyncInstance } from "@photostructure/sqlite";

/** Values SQLite binds. */
export type Bindable = null | number | bigint | string | Uint8Array;

/** One open connection with its prepared statements. */
export interface Connection {
  readonly handle: DatabaseSyncInstance;
  /** The prepared statement of this text, prepared once. */
  prepare(sql: string): StatementSyncInstance;
}

const MAX_STATEMENTS = 500;

export function withStatementCache(handle: DatabaseSyncInstance): Connection {
  const statements = new Map<string, StatementSyncInstance>();
  return {
    handle,
    prepare(sql) {
      const known = statements.get(sql);
      if (known) return known;
      const statement = handle.prepare(sql);
      if (statements.size >= MAX_STATEMENTS) {
        const oldest = statements.keys().next().value;
        if (oldest !== undefined) statements.delete(oldest);
      }
      statements.set(sql, statement);
      return statement;
    },
  };
}

/** Turns what JavaScript hands over into what SQLite binds. */
export function toBindable(value: unknown): Bindable {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return value ? 1 : 0;
  return value as Bindable;
}
