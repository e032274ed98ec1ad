import type { DatabaseSyncInstance, StatementSyncInstance } from "@photostructure/sqlite";
import { cleanParameter } from "../sql/clean-parameter.ts";

/** Values SQLite binds. */
export type Bindable = null | number | bigint | string | Uint8Array;

/** One open connection with its prepared statements. */
export interface Connection {
  readonly handle: DatabaseSyncInstance;
  /** The prepared statement of this text, prepared once. */
  prepare(sql: string): StatementSyncInstance;
  /** Runs a statement of either kind: its rows, or how many it changed. */
  run(sql: string, parameters: readonly Bindable[]): { rows: Record<string, unknown>[]; changes?: number | bigint };
}

interface NamedStatement {
  statement: StatementSyncInstance;
  names: string[];
}

const MAX_STATEMENTS = 500;

const LARGE_LENGTH = 256 * 1024;

function isLarge(parameters: readonly Bindable[]): boolean {
  let length = 0;
  for (const value of parameters) {
    if (typeof value === "string" || value instanceof Uint8Array) length += value.length;
  }
  return length > LARGE_LENGTH;
}

export function withStatementCache(handle: DatabaseSyncInstance): Connection {
  const prepare = cached((sql) => handle.prepare(sql));
  const named = (sql: string): NamedStatement => {
    const statement = handle.prepare(sql);
    statement.setReturnArrays(true);
    return { statement, names: statement.columns().map(({ name }) => name) };
  };
  const prepareNamed = cached(named);
  return {
    handle,
    prepare,
    run(sql, parameters) {
      // A statement keeps what was bound to it until it runs again or goes, and one that is kept does not go.
      const { statement, names } = isLarge(parameters) ? named(sql) : prepareNamed(sql);
      if (names.length === 0) return { rows: [], changes: statement.run(...parameters).changes };
      // Rows whose values the driver names one by one, across the language border, take twice as long (25 columns).
      const rows = (statement.all(...parameters) as unknown[][]).map((values) => {
        const row: Record<string, unknown> = {};
        for (let index = 0; index < names.length; index++) row[names[index] as string] = values[index];
        return row;
      });
      return { rows };
    },
  };
}

function cached<T>(prepare: (sql: string) => T): (sql: string) => T {
  const statements = new Map<string, T>();
  return (sql) => {
    const known = statements.get(sql);
    if (known) return known;
    const statement = prepare(sql);
    if (statements.size >= MAX_STATEMENTS) {
      const oldest = statements.keys().next().value;
      if (oldest !== undefined) statements.delete(oldest);
    }
    statements.set(sql, statement);
    return statement;
  };
}

/** Turns what JavaScript hands over into what SQLite binds. */
export function toBindable(value: unknown): Bindable {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return value ? 1 : 0;
  return cleanParameter(value as Bindable);
}
