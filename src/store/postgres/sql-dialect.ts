import { sql } from "kysely";
import type { SqlDialect } from "../sql/dialect.ts";

/** The escapes of NUL, of a high surrogate without its low one, and the other way round. */
const UNSTORABLE = String.raw`\\u0000|\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2}`;

/**
 * Payloads are bytes as they arrived, and jsonb refuses NUL escapes, lone surrogates and broken UTF-8: the first two read
 * as U+FFFD, and what still cannot be read has no pairs instead of failing the query.
 */
export const PAYLOAD_FUNCTIONS = [
  `create or replace function payload_text(payload bytea) returns text language plpgsql immutable as $$
    begin return convert_from(payload, 'UTF8'); exception when others then return null; end $$`,
  `create or replace function payload_json(payload text) returns jsonb language plpgsql immutable as $$
    begin
      return payload::jsonb;
    exception when others then
      begin
        return regexp_replace(payload, '${UNSTORABLE}', '\\ufffd', 'gi')::jsonb;
      exception when others then return null;
      end;
    end $$`,
] as const;

export const postgresSqlDialect: SqlDialect = {
  contains: (text, part) => sql<boolean>`strpos(${text}, ${part}) > 0`,
  payloadText: (bytes) => sql`payload_text(${bytes})`,
  // Text would have to be checked there first, and what is no UTF-8 would fail the query.
  payloadToParse: (bytes) => sql`${bytes}`,
  somePair(document, condition) {
    const text = "json" in document ? document.json : sql`payload_text(${document.bytes})`;
    return sql<boolean>`exists (
      with recursive document (value) as materialized (select payload_json(${text})),
      member (key, value) as (
        select child.key, child.value from document
        cross join lateral jsonb_each(
          case when jsonb_typeof(document.value) = 'object' then document.value end) as child (key, value)
        union all
        select member.key || '.' || child.key, child.value from member
        cross join lateral jsonb_each(
          case when jsonb_typeof(member.value) = 'object' then member.value end) as child (key, value)
      )
      select 1 from (
        select key, value #>> '{}' as text,
          case when jsonb_typeof(value) = 'number' then (value #>> '{}')::double precision end as number
        from member where jsonb_typeof(value) not in ('object', 'array')
      ) as pair where ${condition})`;
  },
};
