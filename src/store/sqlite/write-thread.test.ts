import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nextTurn } from "../../internal/next-turn.ts";
import { newId } from "../../model/id.ts";
import type { SpanWrite } from "../../model/span-write.ts";
import { deliveryOf, LOOP, verdictOf } from "../../../test/contract/exercise-ledger.ts";
import { runPaused } from "../../wire/steps.ts";
import type { VerdictRecord } from "../resource/ledger.ts";
import { toIngestRows } from "../sql/span-ingest.ts";
import type { Store } from "../store.ts";
import { connect } from "./connect.ts";
import { decodeIngest, encodeIngest } from "./ingest-message.ts";
import { sqliteStore } from "./sqlite-store.ts";

const folder = mkdtempSync(join(tmpdir(), "loopsmith-thread-"));
let store: Store;

beforeAll(async () => {
  store = await sqliteStore({ path: join(folder, "test.db") });
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** A trace of so many spans, large enough for the thread. */
function trace(projectName: string, size = 40): SpanWrite[] {
  const traceId = newId();
  return Array.from({ length: size }, (_, index): SpanWrite => ({
    op: "post",
    id: index === 0 ? traceId : newId(),
    traceId,
    ...(index === 0 ? {} : { parentId: traceId }),
    projectName,
    name: `span ${index} ✓`,
    kind: "chain",
    startAt: 1_760_000_000_000 + index + 0.125,
    endAt: 1_760_000_001_000,
    inputs: bytes({ index, text: "ž".repeat(index) }),
    ...(index % 2 ? { outputs: bytes([index]) } : {}),
    metadata: { index },
    tags: ["t"],
    usage: { totalTokens: index },
  }));
}

describe("an ingest by thread", () => {
  it("crosses over unchanged, also when it takes more than one step", { timeout: 120_000 }, async () => {
    const rows = toIngestRows({
      spans: trace("p", 2500),
      attachments: [
        { spanId: newId(), name: "a", mimeType: "text/plain", bytes: bytes("attached") },
        { spanId: newId(), name: "empty", mimeType: "text/plain", bytes: new Uint8Array(0) },
      ],
      feedback: [{ id: newId(), runId: newId(), key: "k", value: { deep: [1] } }],
    });
    expect(decodeIngest(structuredClone(await runPaused(encodeIngest(rows, false))))).toEqual(rows);
  });

  it("takes large buffers along that the sender is done with", async () => {
    const body = new Uint8Array(100_000).map((_, index) => index % 251);
    const spans = trace("p", 2).map((span, index) => ({
      ...span,
      inputs: body.subarray(index * 1000, index * 1000 + 500),
    }));
    const rows = toIngestRows({ spans });
    const message = await runPaused(encodeIngest(rows, true));
    const there = decodeIngest(structuredClone(message, { transfer: message.payloads.buffers }));
    expect(body.byteLength).toBe(0);
    expect(there.rows[1]?.inputs).toEqual(Uint8Array.from({ length: 500 }, (_, index) => (1000 + index) % 251));
    expect(there.rows[1]?.outputs).toEqual(rows.rows[1]?.outputs);
  });

  it("copies what lies in Node's own pool, whatever its size", async () => {
    const spans = trace("p", 2).map((span) => ({ ...span, inputs: Buffer.from('{"in":"the pool"}') }));
    const rows = toIngestRows({ spans });
    const message = await runPaused(encodeIngest(rows, true));
    expect(decodeIngest(structuredClone(message, { transfer: message.payloads.buffers })).rows[1]?.inputs).toEqual(
      new Uint8Array(spans[1]?.inputs ?? []),
    );
    expect(spans[1]?.inputs.byteLength).toBe(17);
  });

  it("writes side by side with this thread, and leaves the sender's bytes alone", async () => {
    const traces = Array.from({ length: 20 }, () => trace("side-by-side"));
    const small = Array.from({ length: 20 }, () => trace("side-by-side", 3));
    const answers = await Promise.all(
      traces.flatMap((spans, index) => [
        store.spanIngest({ spans }),
        store.spanIngest({ spans: small[index] ?? [] }),
        store.queueEnsure({ name: `queue ${index}` }),
      ]),
    );
    expect(answers).toHaveLength(60);
    const project = await store.projectGet({ name: "side-by-side" });
    const stats = await store.spanStats({ projectIds: [project?.id ?? ""] });
    expect(stats.count).toBe(20 * 43);
    const sent = traces[7] ?? [];
    const [read] = await store.traceRead({ traceIds: [sent[0]?.id ?? ""] });
    expect(read?.spans).toHaveLength(40);
    expect(read?.spans.find((span) => span.name === "span 5 ✓")).toMatchObject({
      inputs: { index: 5, text: "žžžžž" },
      startAt: 1_760_000_000_005.125,
    });
    expect(sent[5]?.inputs?.byteLength).toBeGreaterThan(0);
    expect((await store.spanIngest({ spans: sent })).touched).toEqual([]);
  });

  it("takes small ingests and feedback too once it runs, so that this thread never waits for the file", async () => {
    const path = join(folder, "busy.db");
    await using busy = await sqliteStore({ path });
    await busy.spanIngest({ spans: trace("busy") });
    const feedback = [{ id: newId(), runId: newId(), key: "k", score: 1 }];
    const writes = [() => busy.spanIngest({ spans: trace("busy", 1) }), () => busy.feedbackWrite({ feedback })];
    for (const write of writes) {
      const other = connect(path, "full");
      other.handle.exec("BEGIN IMMEDIATE");
      const written = write();
      // Made on this thread, the write would begin within these turns, and nobody would come to give the lock back.
      for (let turn = 0; turn < 100; turn += 1) await nextTurn();
      other.handle.exec("COMMIT");
      other.handle.close();
      await written;
    }
    expect(await busy.feedbackList({ limit: 10, offset: 0 })).toMatchObject([{ key: "k", score: 1 }]);
  });

  it("finishes what it was given before the store closes, and takes nothing afterwards", async () => {
    const path = join(folder, "closing.db");
    const closing = await sqliteStore({ path });
    const writes = Array.from({ length: 30 }, () => closing.spanIngest({ spans: trace("closing") }));
    const small = closing.spanIngest({ spans: trace("closing", 2) });
    const closed = closing.close();
    await expect(closing.spanIngest({ spans: trace("late") })).rejects.toMatchObject({ code: "unavailable" });
    await Promise.all([...writes, small, closed]);
    await using reopened = await sqliteStore({ path });
    expect((await reopened.spanStats({})).count).toBe(30 * 40 + 2);
    expect(await reopened.projectGet({ name: "late" })).toBeNull();
  });

  it("enrols, claims and records behind the fence, with feedback and deliveries", async () => {
    await using judging = await sqliteStore({ path: join(folder, "judging.db") });
    const traceIds = Array.from({ length: 40 }, () => newId());
    const heads = traceIds.map((traceId) => ({ traceId, startAt: 1, rootEndAt: 2, changedAt: 2, dueAt: 2 }));
    expect(await judging.ledgerEnrol({ loopId: LOOP, heads })).toBe(40);
    const leaseToken = newId();
    const claims = await judging.ledgerClaim({ loopId: LOOP, limit: 39, leaseMs: 60_000, leaseToken });
    expect(claims).toHaveLength(39);
    expect(claims[0]).toMatchObject({ loopId: LOOP, revision: 1, state: "settling", attempts: 0, leaseToken });
    const records = traceIds.map((traceId, index): VerdictRecord => {
      const feedback = { id: newId(), runId: traceId, key: "k", score: index };
      const about = { traceId, projectId: "p" };
      return {
        verdict: verdictOf(traceId),
        leaseToken: index === 7 ? newId() : leaseToken,
        deliveries: [deliveryOf(traceId)],
        feedback: [index % 2 === 0 ? { ...feedback, ...about } : feedback],
      };
    });
    const isWritten = (_: unknown, index: number): boolean =>
      index !== 7 && claims.some(({ traceId }) => traceId === traceIds[index]);
    const written = records.filter(isWritten).map(({ verdict }) => verdict.id);
    expect(written).toHaveLength(38);
    expect(await judging.verdictRecord({ records })).toEqual(new Set(written));
    expect(await judging.verdictRecord({ records })).toEqual(new Set());
    const verdicts = await judging.verdictList({ loopId: LOOP, limit: 100 });
    expect(verdicts.map(({ id }) => id).toSorted()).toEqual(written.toSorted());
    expect(verdicts[0]?.features).toEqual(verdictOf(newId()).features);
    const feedback = await judging.feedbackList({ runIds: traceIds, limit: 100, offset: 0 });
    const scores = records.filter(isWritten).map(({ feedback: [item] = [] }) => item?.score);
    expect(new Set(feedback.map(({ score }) => score))).toEqual(new Set(scores));
    expect((await judging.deliveryClaim({ loopId: LOOP, limit: 100, leaseMs: 1000, leaseToken })).length).toBe(38);
    expect((await judging.ledgerCounts({ loopId: LOOP })).byState).toMatchObject({ decided: 38, settling: 2 });
  });

  it("tells which traces it touched", async () => {
    const spans = trace("touched");
    const { touched } = await store.spanIngest({ spans });
    expect(touched).toMatchObject([{ traceId: spans[0]?.id, rootEndAt: 1_760_000_001_000 }]);
  });

  it("refuses one ingest without undoing its neighbours", async () => {
    const broken = trace("broken");
    // No name is a type error on the way into the database, not on the way here.
    (broken[10] as { name: unknown }).name = { not: "a string" };
    const [good, bad, good2] = await Promise.allSettled([
      store.spanIngest({ spans: trace("neighbour") }),
      store.spanIngest({ spans: broken }),
      store.spanIngest({ spans: trace("neighbour") }),
    ]);
    expect([good.status, bad.status, good2.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await store.projectGet({ name: "broken" })).toBeNull();
    const project = await store.projectGet({ name: "neighbour" });
    expect((await store.spanStats({ projectIds: [project?.id ?? ""] })).count).toBe(80);
  });
});
