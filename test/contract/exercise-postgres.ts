import { connect, createServer, type AddressInfo, type Socket } from "node:net";
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

    it("gives up connections of which nothing is heard any more", async () => {
      await using proxy = await silentProxy(url);
      await using store = await postgresStore({
        url: proxy.url,
        schema: newSchema(),
        poolSize: 2,
        now: () => START,
        statementTimeoutMs: 1000,
      });
      await Promise.all([store.loopList(), store.cursorSet({ name: "c", value: {} })]);
      proxy.fallSilent();
      const [read, written] = await Promise.allSettled([store.loopList(), store.cursorSet({ name: "c", value: {} })]);
      expect(read).toMatchObject({ status: "rejected", reason: { code: "unavailable" } });
      expect(written).toMatchObject({ status: "rejected", reason: { code: "unavailable" } });
      expect(await Promise.all([store.loopList(), store.cursorGet({ name: "c" })])).toEqual([[], {}]);
    });

    it("ends a statement that waits for a lock for too long", async () => {
      const schema = newSchema();
      await using store = await postgresStore({ url, schema, now: () => START, statementTimeoutMs: 1000 });
      await store.cursorSet({ name: "c", value: {} });
      const other = new pg.Client({ connectionString: url, options: `-c search_path=${schema}` });
      await other.connect();
      try {
        await other.query("begin");
        await other.query("update cursor set name = name");
        const waiting = store.cursorSet({ name: "c", value: { set: true } });
        await expect(waiting).rejects.toMatchObject({ code: "unavailable" });
        expect(await blockedBy(other)).toBe(0);
        await other.query("rollback");
      } finally {
        await other.end();
      }
      await store.cursorSet({ name: "c", value: { set: true } });
      expect(await store.cursorGet({ name: "c" })).toEqual({ set: true });
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

/** A way to the database on which connections fall silent without being closed, as behind an address that has moved. */
async function silentProxy(url: string) {
  const open = new Set<Socket>();
  let silent = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(new URL(url).port), new URL(url).hostname);
    open.add(near);
    near.on("data", (bytes) => silent.has(near) || far.write(bytes));
    far.on("data", (bytes) => silent.has(near) || near.write(bytes));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.on("error", () => {});
      socket.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const near = new URL(url);
  near.hostname = "127.0.0.1";
  near.port = String((server.address() as AddressInfo).port);
  return {
    url: near.href,
    fallSilent: () => (silent = new Set(open)),
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}
