import type { RawBuilder } from "kysely";

/** Any SQL expression. */
export type Sql<T = unknown> = RawBuilder<T>;

/** What the portable queries need and SQL has no common spelling for. */
export interface SqlDialect {
  /** Whether `text` holds `part`, letter by letter. */
  contains(text: Sql, part: string): Sql<boolean>;
  /** Payload bytes as text; NULL where they are none. */
  payloadText(bytes: Sql): Sql;
  /** Payload bytes for somebody who parses them: text or bytes, whichever this database hands over faster. */
  payloadToParse(bytes: Sql): Sql<Uint8Array | string | null>;
  /**
   * Whether the JSON document has a scalar that meets `condition`, which may speak of `pair.key` (names joined by dots,
   * lists left out), `pair.text`, and `pair.number` (NULL unless a number). A document that is no object has none.
   */
  somePair(document: { json: Sql } | { bytes: Sql }, condition: Sql<boolean>): Sql<boolean>;
}
