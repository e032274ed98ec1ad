import type { Json, JsonObject } from "../../model/json.ts";

/** Epoch ms (fraction = µs) to the integer the tables hold. */
export function toMicros(ms: number): number {
  return Math.round(ms * 1000);
}

export function toMicrosOrNull(ms: number | null | undefined): number | null {
  return ms === null || ms === undefined ? null : toMicros(ms);
}

export function fromMicros(micros: number): number {
  return micros / 1000;
}

export function fromMicrosOrNull(micros: number | null): number | null {
  return micros === null ? null : micros / 1000;
}

export function parseObject(text: string | null): JsonObject {
  return text === null || text === "{}" ? {} : (JSON.parse(text) as JsonObject);
}

export function parseJson(text: string | null): Json {
  return text === null ? null : (JSON.parse(text) as Json);
}

/** `JSON.stringify` of what is never absent. */
export function toJson(value: object): string {
  return JSON.stringify(value);
}

/** `undefined` and `null` become SQL NULL. */
export function jsonOrNull(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}

/** What an update sets: `undefined`, which is not given, leaves the column as it is, also where another one is setting it. */
export function ifGiven<T, Column>(value: T | undefined, toColumn: (value: T) => Column): Column | undefined {
  return value === undefined ? undefined : toColumn(value);
}

/** SQLite and PostgreSQL both cap the number of bound parameters; lists are cut into chunks that fit. */
export function chunksOf<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
  return chunks;
}

/** Escapes `%`, `_` and `\` for a LIKE pattern with `escape '\'`. */
export function containsPattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, (char) => `\\${char}`)}%`;
}

/** Names of columns, in their order. With the type given, the compiler asks for every one of them. */
export function keysOf<Key extends string>(keys: Readonly<Record<Key, true>>): readonly Key[] {
  return Object.keys(keys) as Key[];
}
