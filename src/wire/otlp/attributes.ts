import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import type { AttributeMap } from "./otel-span.ts";

/** Embedded JSON longer than this is left as text. */
const MAX_EMBEDDED_LENGTH = 4 * 1024 * 1024;

/**
 * A span's attributes that remembers which were read, so that what no convention knows is told from what was used. Keys
 * are never followed as paths: a list is what shares a prefix before an index of up to four digits, gathered in maps.
 */
export class Attributes {
  readonly #values: AttributeMap;
  readonly #used = new Set<string>();
  #lists: Map<string, IndexedList> | undefined;

  constructor(values: AttributeMap) {
    this.#values = values;
  }

  /** The first of the keys that is there. */
  take(...keys: readonly string[]): Json | undefined {
    for (const key of keys) {
      const value = this.#values.get(key);
      if (value === undefined || value === null) continue;
      this.#used.add(key);
      return value;
    }
    return undefined;
  }

  /** The first of the keys that is there, as text; numbers and booleans too. */
  text(...keys: readonly string[]): string | undefined {
    const value = this.take(...keys);
    if (typeof value === "string") return value === "" ? undefined : value;
    return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
  }

  /** The first of the keys that is there; text that is JSON is parsed. */
  json(...keys: readonly string[]): Json | undefined {
    const value = this.take(...keys);
    return value === undefined ? undefined : parsed(value);
  }

  object(...keys: readonly string[]): JsonObject | undefined {
    const value = this.json(...keys);
    return isJsonObject(value) ? value : undefined;
  }

  /** What stands behind `<prefix>.`, by the rest of the key. */
  under(prefix: string): Map<string, Json> {
    const found = new Map<string, Json>();
    for (const [key, value] of this.#values) {
      if (!key.startsWith(`${prefix}.`)) continue;
      this.#used.add(key);
      found.set(key.slice(prefix.length + 1), value);
    }
    return found;
  }

  /** The entries of a list `<prefix>.<index>.<rest>`, by the rest of the key. */
  list(prefix: string): Map<string, Json>[] {
    this.#lists ??= listsIn(this.#values);
    const list = this.#lists.get(prefix);
    if (!list) return [];
    for (const key of list.keys) this.#used.add(key);
    return entriesOf(list);
  }

  /** Everything that was not read. */
  *rest(): Generator<[key: string, value: Json]> {
    for (const entry of this.#values) if (!this.#used.has(entry[0])) yield entry;
  }
}

interface IndexedList {
  keys: string[];
  entries: Map<number, Map<string, Json>>;
}

const INDEXED = /^(.{1,200}?)\.(\d{1,4})(?:\.(.*))?$/s;

/** Every list among the keys, by its prefix: what stands before the first index. */
function listsIn(values: AttributeMap): Map<string, IndexedList> {
  const lists = new Map<string, IndexedList>();
  for (const [key, value] of values) {
    const match = INDEXED.exec(key);
    if (!match) continue;
    const [, prefix = "", index, rest = ""] = match;
    let list = lists.get(prefix);
    if (!list) lists.set(prefix, (list = { keys: [], entries: new Map() }));
    let entry = list.entries.get(Number(index));
    if (!entry) list.entries.set(Number(index), (entry = new Map()));
    entry.set(rest, value);
    list.keys.push(key);
  }
  return lists;
}

/** In the order of their indices, without holes. */
function entriesOf(list: IndexedList): Map<string, Json>[] {
  return [...list.entries].sort(([a], [b]) => a - b).map(([, entry]) => entry);
}

/** The entries of a list within one entry: `<prefix>.<index>.<rest>`. */
export function listIn(values: AttributeMap, prefix: string): Map<string, Json>[] {
  const list = listsIn(values).get(prefix);
  return list ? entriesOf(list) : [];
}

/** JSON that was sent as text, as attributes must be. Anything else stays what it is. */
export function parsed(value: Json): Json {
  if (typeof value !== "string" || value.length > MAX_EMBEDDED_LENGTH || !/^\s*[[{]/.test(value)) return value;
  // Deeper values could not be written out again.
  if (tooDeep(value)) return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

const MAX_EMBEDDED_DEPTH = 200;

/** An upper bound: brackets within strings count too. */
function tooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x7b || code === 0x5b) depth += 1;
    else if (code === 0x7d || code === 0x5d) depth -= 1;
    if (depth > MAX_EMBEDDED_DEPTH) return true;
  }
  return false;
}
