import { sql } from "kysely";
import type { SqlDialect } from "../sql/dialect.ts";

export const sqliteSqlDialect: SqlDialect = {
  contains: (text, part) => sql<boolean>`instr(${text}, ${part}) > 0`,
  payloadText: (bytes) => sql`cast(${bytes} as text)`,
  // A string is one allocation, a BLOB three and one for the collector. The driver ends text at a NUL, which no JSON holds.
  payloadToParse: (bytes) => sql`case when instr(${bytes}, x'00') then null else cast(${bytes} as text) end`,
  somePair(document, condition) {
    // A BLOB would be taken for SQLite's own binary JSON; and comparisons of text end at a NUL.
    const json =
      "json" in document ? document.json : sql`replace(cast(${document.bytes} as text), '\\u0000', '\\ufffd')`;
    return sql<boolean>`exists (
      with recursive member (key, value, type) as (
        select key, value, type from json_each(${json}) where json_type(${json}) = 'object'
        union all
        select member.key || '.' || child.key, child.value, child.type
        from member, json_each(member.value) as child where member.type = 'object'
      )
      select 1 from (
        select key,
          case type when 'true' then 'true' when 'false' then 'false' else cast(value as text) end as text,
          case when type in ('integer', 'real') then value end as number
        from member where type not in ('object', 'array')
      ) as pair where ${condition})`;
  },
};
