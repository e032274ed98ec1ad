import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import type { LedgerClaim } from "../../store/resource/ledger.ts";
import { sqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { holdLeases } from "./hold-leases.ts";

const folder = mkdtempSync(join(tmpdir(), "loopsmith-leases-"));
const LEASE_MS = 90;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("keeps what is in hand, lets go of what is done, and of everything when the worker is gone", async () => {
  const clock = { now: 1_000_000 };
  await using store = await sqliteStore({ path: join(folder, "l.db"), now: () => clock.now });
  const head = { startAt: 0, rootEndAt: 1, changedAt: 1, dueAt: 1 };
  const heads = ["a", "b"].map((traceId) => ({ ...head, traceId }));
  await store.ledgerEnrol({ loopId: "l", heads });
  const claim = (leaseToken: string): Promise<LedgerClaim[]> =>
    store.ledgerClaim({ loopId: "l", limit: 10, leaseMs: LEASE_MS, leaseToken });
  expect(await claim("first")).toHaveLength(2);
  const leases = holdLeases(store, { loopId: "l", traceIds: ["a", "b"], leaseToken: "first", leaseMs: LEASE_MS });
  leases.done("b");
  const until = async (traceId: string): Promise<number> =>
    (await store.ledgerGet({ loopId: "l", traceId }))?.leaseUntil ?? 0;
  clock.now += LEASE_MS - 1;
  // Renewed by its own timer, on the store's clock.
  await vi.waitFor(async () => expect(await until("a")).toBe(clock.now + LEASE_MS), 5_000);
  clock.now += 1;
  expect((await claim("second")).map((row) => row.traceId)).toEqual(["b"]);
  leases[Symbol.dispose]();
  clock.now += 2 * LEASE_MS;
  expect((await claim("third")).map((row) => row.traceId).sort()).toEqual(["a", "b"]);
  // Whoever lost the lease renews nothing.
  expect(await store.ledgerRenew({ loopId: "l", traceIds: ["a"], leaseToken: "first", leaseMs: LEASE_MS })).toBe(0);
});
