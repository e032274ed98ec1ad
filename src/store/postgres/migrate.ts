import { assertKnownMigrations, MIGRATIONS } from "../migrations/index.ts";
import { PAYLOAD_FUNCTIONS } from "./sql-dialect.ts";

/** Any two numbers nobody else locks; they keep two processes from migrating at once. */
const MIGRATION_LOCK = [1_984, 29_070] as const;

interface Client {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
  release(): void;
}

/**
 * Brings the schema up to date, in one transaction and one process at a time. A change of `PAYLOAD_FUNCTIONS` needs a
 * migration of its own: they are only written with one.
 * @throws LoopsmithError `conflict` for a schema that a newer version wrote
 */
export async function migrate(pool: { connect(): Promise<Client> }, schema: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock($1, $2)", [...MIGRATION_LOCK]);
    const applied = await appliedMigrations(client, schema);
    assertKnownMigrations(applied);
    if (MIGRATIONS.every(({ name }) => applied.has(name))) {
      await client.query("rollback");
      return;
    }
    // Asked first: `if not exists` needs the right to create one all the same.
    const { rows } = await client.query("select to_regnamespace($1) is null as missing", [schema]);
    if ((rows[0] as { missing: boolean }).missing) await client.query(`create schema if not exists ${schema}`);
    for (const statement of PAYLOAD_FUNCTIONS) await client.query(statement);
    const created = "create table if not exists schema_migration (name text primary key, applied_at bigint not null)";
    if (applied.size === 0) await client.query(created);
    // Ids and cursors are compared byte by byte, as SQLite does; the database's own collation would order them otherwise.
    const types = { int: "bigint", real: "double precision", text: 'text collate "C"', bytes: "bytea" };
    for (const migration of MIGRATIONS) {
      if (applied.has(migration.name)) continue;
      for (const statement of migration.statements(types)) await client.query(statement);
      await client.query("insert into schema_migration values ($1, $2)", [migration.name, Date.now()]);
    }
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw error;
  } finally {
    client.release();
  }
}

/** Asked of the catalogue, so that whoever only reads and writes rows needs no right to create anything. */
async function appliedMigrations(client: Client, schema: string): Promise<Set<string>> {
  const found = await client.query("select to_regclass($1) is not null as exists", [`${schema}.schema_migration`]);
  if (!(found.rows[0] as { exists: boolean }).exists) return new Set();
  const { rows } = await client.query("select name from schema_migration");
  return new Set((rows as { name: string }[]).map(({ name }) => name));
}
