import pg from "pg";
import { describe, expect, it } from "vitest";
import { newId } from "../../src/model/id.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";
import { LOOP } from "./exercise-ledger.ts";
import { rootWrite, START } from "./span-writes.ts";

/** What only a database that others write to at the same time has to promise. */
export function exercisePostgres(url: string): void {
  const newSchema = (): string => `t_${newId().replaceAll("-", "_")}`;

  describe("beside other writers", () => {
    it("lets nobody claim a trace while a score of it is being written", async () => {
      const schema = newSchema();
      await using store = await postgresStore({ url, schema, now: () => START });
      const { touched } = await store.spanIngest({ spans: [rootWrite()] });
      const [traceId = ""] = touched.map((trace) => trace.traceId);
      const reads = { keys: ["quality"], settleMs: 5 };
      await store.loopEnsure({ id: LOOP, name: "l", projectName: "contract", config: { reads } });
      await store.ledgerEnrol({ loopId: LOOP, heads: touched.map((head) => ({ ...head, dueAt: START - 1 })) });
      const waiting = await store.ledgerGet({ loopId: LOOP, traceId });
      const claim = { loopId: LOOP, limit: 10, leaseMs: 60_000 };
      const score = { id: newId(), runId: traceId, key: "quality", score: 0, source: { type: "app" } };
      const other = new pg.Client({ connectionString: url, options: `-c search_path=${schema}` });
      await other.connect();
      try {
        // Holds the score's key, so that its transaction stops in the middle.
        await other.query("begin");
        await other.query("insert into feedback (id, key, created_at, modified_at) values ($1, 'k', 0, 0)", [score.id]);
        const writing = store.feedbackWrite({ feedback: [score] });
        await expect.poll(() => blockedBy(other)).toBe(1);
        expect(await store.ledgerClaim({ ...claim, leaseToken: newId() })).toEqual([]);
        await other.query("rollback");
        await writing;
      } finally {
        await other.end();
      }
      expect(await store.ledgerGet({ loopId: LOOP, traceId })).toEqual(waiting);
      expect(await store.ledgerClaim({ ...claim, leaseToken: newId() })).toHaveLength(1);
    });

    it("measures leases by the database's clock, wherever the host's is set to", async () => {
      const schema = newSchema();
      await using one = await postgresStore({ url, schema });
      await using other = await postgresStore({ url, schema });
      const now = one.now();
      const head = { traceId: newId(), startAt: now, rootEndAt: now, changedAt: now, dueAt: now - 1000 };
      await one.ledgerEnrol({ loopId: LOOP, heads: [head] });
      const claim = { loopId: LOOP, limit: 10, leaseMs: 30_000 };
      expect(await one.ledgerClaim({ ...claim, leaseToken: newId() })).toHaveLength(1);
      const hostClock = Date.now;
      try {
        Date.now = () => hostClock() + 60_000;
        expect(await other.ledgerClaim({ ...claim, leaseToken: newId() })).toEqual([]);
      } finally {
        Date.now = hostClock;
      }
    });
  });
}

/** How many wait for what the client holds. */
async function blockedBy(client: pg.Client): Promise<number> {
  const { rows } = await client.query(
    "select 1 from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid))",
  );
  return rows.length;
}
