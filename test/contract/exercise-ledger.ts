import { describe, expect, it } from "vitest";
import { createDelivery, type Delivery } from "../../src/model/delivery.ts";
import { newId, stableId } from "../../src/model/id.ts";
import type { StandingScore } from "../../src/model/standing-score.ts";
import type { TraceHead } from "../../src/model/trace.ts";
import type { Verdict } from "../../src/model/verdict.ts";
import type { JsonObject } from "../../src/model/json.ts";
import type { Store } from "../../src/store/store.ts";
import { rootWrite, START } from "./span-writes.ts";
import { recordVerdicts } from "./record-verdicts.ts";
import type { OpenStore } from "./store.contract.ts";

export const LOOP = "11111111-1111-5111-8111-111111111111";

export function verdictOf(traceId: string, overrides: Partial<Verdict> = {}): Verdict {
  const revision = overrides.revision ?? 1;
  return {
    id: stableId("verdict", LOOP, traceId, revision),
    loopId: LOOP,
    traceId,
    revision,
    outcome: "fail",
    key: "k",
    score: 0.2,
    threshold: 0.5,
    comment: null,
    scores: [],
    attribution: null,
    features: { a: 1, b: "x", c: null, d: true },
    cluster: null,
    traceStartAt: START,
    decidedAt: START,
    ...overrides,
  };
}

export function deliveryOf(traceId: string, overrides: Partial<Delivery> = {}): Delivery {
  const action = { action: "tag", tag: "bad" } as const;
  const id = stableId("delivery", traceId);
  const parts = { id, loop: LOOP, traceId, action, context: { why: "because" }, spanId: traceId };
  return { ...createDelivery(parts, START), ...overrides };
}

async function ensureLoop(store: Store, id: string, config: JsonObject = {}): Promise<void> {
  await store.loopEnsure({ id, name: id, projectName: "contract", config });
}

export function exerciseLedger(open: OpenStore): void {
  const head = (
    traceId: string,
    overrides = {},
  ): Parameters<typeof Object.assign>[0] & {
    traceId: string;
    startAt: number;
    rootEndAt: number | null;
    changedAt: number;
    dueAt: number;
  } => ({ traceId, startAt: START, rootEndAt: START, changedAt: START, dueAt: START + 10, ...overrides });
  const claim = { loopId: LOOP, limit: 10, leaseMs: 1000 };

  describe("ledger", () => {
    it("knows which scores a verdict did not see, and starts a revision for them", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      await ensureLoop(store, LOOP);
      const [judged, waits, leased] = [newId(), newId(), newId()];
      await store.ledgerEnrol({ loopId: LOOP, heads: [judged, leased].map((id) => head(id, { dueAt: 0 })) });
      const leaseToken = newId();
      await store.ledgerClaim({ ...claim, leaseMs: 60_000, leaseToken });
      const seenScores = { [judged]: { thumbs: 1 }, child: { thumbs: 0.5 } };
      await store.verdictRecord({
        records: [{ verdict: verdictOf(judged), leaseToken, deliveries: [], seenScores }],
      });
      await store.ledgerEnrol({ loopId: LOOP, heads: [head(waits)] });
      const on = (traceId: string, score: number, spanId = traceId): StandingScore => ({
        traceId,
        spanId,
        key: "thumbs",
        score,
      });
      const scores = [on(judged, 1), on(judged, 0.5, "child"), on(waits, 0), on(leased, 0), on(newId(), 0)];
      const changed = [on(judged, 0), on(judged, 0, "child"), on(judged, 0, "other")];
      expect(await store.ledgerUnseen({ loopId: LOOP, scores })).toEqual({ unseen: [], held: [on(leased, 0)] });
      expect((await store.ledgerUnseen({ loopId: LOOP, scores: changed })).unseen).toEqual(changed);
      expect(await store.ledgerUnseen({ loopId: LOOP, scores: [] })).toEqual({ unseen: [], held: [] });

      const cursor = { name: "scores/x", value: { askedTo: 5 } };
      await store.ledgerReopen({ loopId: LOOP, traceIds: [judged, judged, newId()], settleMs: 1000, cursor });
      const row = await store.ledgerGet({ loopId: LOOP, traceId: judged });
      expect(row).toMatchObject({ revision: 2, state: "settling", attempts: 0, leaseUntil: null });
      expect(await store.cursorGet({ name: "scores/x" })).toEqual({ askedTo: 5 });
      expect((await store.ledgerUnseen({ loopId: LOOP, scores: changed })).unseen).toEqual([]);
    });

    it("counts why traces stand where they stand", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const ids = Array.from({ length: 4 }, () => newId());
      await store.ledgerEnrol({ loopId: LOOP, heads: ids.map((id) => head(id, { dueAt: 0 })) });
      const leaseToken = newId();
      await store.ledgerClaim({ ...claim, leaseToken });
      const reasons = ["no budget", "paused", "no budget"];
      for (const [index, reason] of reasons.entries()) {
        const traceId = ids[index] as string;
        const release = { loopId: LOOP, traceId, leaseToken, reason, dueAt: START + 5, attempted: false };
        await store.ledgerRelease({ ...release, state: index === 1 ? "skipped" : "deferred" });
      }
      const states = ["deferred", "skipped", "settling"] as const;
      expect(await store.ledgerReasons({ loopId: LOOP, states, limit: 10 })).toEqual([
        { state: "deferred", reason: "no budget", count: 2 },
        { state: "skipped", reason: "paused", count: 1 },
      ]);
      expect(await store.ledgerReasons({ loopId: LOOP, states, limit: 1 })).toHaveLength(1);
      expect(await store.ledgerReasons({ loopId: newId(), states, limit: 10 })).toEqual([]);
    });

    it("retires a loop with what waits for it, keeps its verdicts, and takes it up again", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      await ensureLoop(store, LOOP, { reads: { keys: ["k"], settleMs: 0 } });
      const [judged, waits] = [newId(), newId()];
      await store.ledgerEnrol({ loopId: LOOP, heads: [head(judged, { dueAt: 0 })] });
      const leaseToken = newId();
      await store.ledgerClaim({ ...claim, leaseToken });
      const record = { verdict: verdictOf(judged), leaseToken, deliveries: [deliveryOf(judged)] };
      await store.verdictRecord({ records: [record] });
      await store.ledgerEnrol({ loopId: LOOP, heads: [head(waits, { dueAt: 0 })] });
      const late = newId();
      await store.ledgerClaim({ ...claim, leaseToken: late });
      clock.now += 5;
      expect(await store.loopRetire({ id: LOOP, reason: "given up" })).toEqual({ traces: 1, deliveries: 1 });
      expect(await store.loopList()).toEqual([]);
      expect(await store.loopList({ retired: true })).toMatchObject([{ id: LOOP, retiredAt: START + 5 }]);
      expect((await store.loopList({ retired: true }))[0]?.config).toEqual({});
      expect(await store.ledgerGet({ loopId: LOOP, traceId: waits })).toMatchObject({
        state: "skipped",
        reason: "given up",
      });
      const overtaken = { verdict: verdictOf(waits), leaseToken: late, deliveries: [] };
      expect(await store.verdictRecord({ records: [overtaken] })).toEqual(new Set());
      expect(await store.deliveryList({ loopId: LOOP, limit: 10 })).toMatchObject([
        { state: "dead", lastError: "given up" },
      ]);
      expect(await store.verdictCounts({ loopId: LOOP })).toMatchObject({ fail: 1 });
      expect(await store.loopRetire({ id: LOOP, reason: "again" })).toEqual({ traces: 0, deliveries: 0 });
      expect(await store.loopList({ retired: true })).toMatchObject([{ retiredAt: START + 5 }]);
      await ensureLoop(store, LOOP);
      expect(await store.loopList()).toMatchObject([{ id: LOOP, retiredAt: null }]);
      expect(await store.loopRetire({ id: newId(), reason: "none" })).toEqual({ traces: 0, deliveries: 0 });
    });

    it("hands out a trace once, and only when it is due", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const traceId = newId();
      await store.ledgerEnrol({ loopId: LOOP, heads: [head(traceId)] });
      expect(await store.ledgerClaim({ ...claim, leaseToken: newId() })).toEqual([]);
      clock.now += 10;
      const claims = await store.ledgerClaim({ ...claim, leaseToken: newId() });
      expect(claims).toMatchObject([{ traceId, revision: 1, state: "settling" }]);
      expect(await store.ledgerClaim({ ...claim, leaseToken: newId() })).toEqual([]);
    });

    it("starts a revision in the loops that read a score when people give, change or take it back", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const root = rootWrite();
      const { touched } = await store.spanIngest({ spans: [root] });
      const reader = "22222222-2222-5222-8222-222222222222";
      await ensureLoop(store, LOOP);
      await ensureLoop(store, reader, { reads: { keys: ["quality"], settleMs: 5 } });
      const judge = async (): Promise<void> => {
        for (const loopId of [LOOP, reader]) {
          await store.ledgerEnrol({ loopId, heads: touched.map((head) => ({ ...head, dueAt: clock.now })) });
          const leaseToken = newId();
          for (const { traceId, revision } of await store.ledgerClaim({ ...claim, loopId, leaseToken })) {
            const verdict = verdictOf(traceId, { loopId, revision, id: stableId("v", loopId, revision) });
            await store.verdictRecord({ records: [{ verdict, leaseToken, deliveries: [] }] });
          }
        }
      };
      const standing = async (loopId: string): Promise<string> => {
        const row = await store.ledgerGet({ loopId, traceId: root.id });
        return `${row?.state} ${row?.revision}`;
      };
      await judge();
      const give = (key: string, score: number, source: string): Promise<void> =>
        store.feedbackWrite({ feedback: [{ id: root.id, runId: root.id, key, score, source: { type: source } }] });
      await give("other", 0, "app");
      await give("quality", 0, "model");
      expect([await standing(LOOP), await standing(reader)]).toEqual(["decided 1", "decided 1"]);
      await give("quality", 0.5, "app");
      expect([await standing(LOOP), await standing(reader)]).toEqual(["decided 1", "settling 2"]);
      expect(await store.ledgerGet({ loopId: reader, traceId: root.id })).toMatchObject({ dueAt: clock.now + 5 });
      clock.now += 5;
      await judge();
      await give("quality", 0.5, "app");
      expect(await standing(reader)).toBe("decided 2");
      await store.feedbackUpdate({ id: root.id, score: 1 });
      expect(await standing(reader)).toBe("settling 3");
      clock.now += 5;
      // Whoever judges it without the score has lost it.
      const leaseToken = newId();
      await store.ledgerClaim({ ...claim, loopId: reader, leaseToken });
      await give("quality", 0.2, "api");
      const verdict = verdictOf(root.id, { loopId: reader, revision: 3, id: newId() });
      expect(await store.verdictRecord({ records: [{ verdict, leaseToken, deliveries: [] }] })).toEqual(new Set());
      clock.now += 5;
      await judge();
      expect(await standing(reader)).toBe("decided 3");
      await store.feedbackDelete({ id: root.id });
      expect([await standing(LOOP), await standing(reader)]).toEqual(["decided 1", "settling 4"]);
    });

    it("saves a cursor together with the rows it speaks of, or neither", async () => {
      await using store = await open({ now: START });
      const cursor = (to: number): { name: string; value: { to: number } } => ({ name: "tail", value: { to } });
      await store.ledgerEnrol({ loopId: LOOP, heads: [], cursor: cursor(1) });
      expect(await store.cursorGet({ name: "tail" })).toEqual({ to: 1 });
      await store.ledgerEnrol({ loopId: LOOP, heads: [head(newId())], cursor: cursor(2) });
      expect(await store.cursorGet({ name: "tail" })).toEqual({ to: 2 });
      const bad = { ...head(newId()), traceId: null as unknown as string };
      await expect(store.ledgerEnrol({ loopId: LOOP, heads: [bad], cursor: cursor(3) })).rejects.toThrow();
      expect(await store.cursorGet({ name: "tail" })).toEqual({ to: 2 });
    });

    it("gives a dead worker's trace to another one and fences the dead one off", async () => {
      const clock = { now: START + 10 };
      await using store = await open(clock);
      const traceId = newId();
      await store.ledgerEnrol({ loopId: LOOP, heads: [head(traceId)] });
      const dead = newId();
      await store.ledgerClaim({ ...claim, leaseToken: dead });
      clock.now += 1001;
      const alive = newId();
      expect(await store.ledgerClaim({ ...claim, leaseToken: alive })).toHaveLength(1);
      const record = { verdict: verdictOf(traceId), deliveries: [deliveryOf(traceId)] };
      expect(await store.verdictRecord({ records: [{ ...record, leaseToken: dead }] })).toEqual(new Set());
      expect(await store.deliveryList({ limit: 10 })).toEqual([]);
      expect(await store.verdictRecord({ records: [{ ...record, leaseToken: alive }] })).toEqual(
        new Set([record.verdict.id]),
      );
      expect(await store.verdictRecord({ records: [{ ...record, leaseToken: alive }] })).toEqual(new Set());
      expect(await store.deliveryList({ limit: 10 })).toMatchObject([
        { id: record.deliveries[0]?.id, state: "pending" },
      ]);
    });

    it("writes verdict, feedback and deliveries together", async () => {
      const clock = { now: START + 10 };
      await using store = await open(clock);
      const traceId = newId();
      await store.ledgerEnrol({ loopId: LOOP, heads: [head(traceId)] });
      const leaseToken = newId();
      await store.ledgerClaim({ ...claim, leaseToken });
      const verdict = verdictOf(traceId);
      const feedback = [{ id: newId(), runId: traceId, traceId, key: "k", score: 0.2 }];
      await store.verdictRecord({ records: [{ verdict, leaseToken, deliveries: [deliveryOf(traceId)], feedback }] });
      expect(await store.verdictList({ loopId: LOOP, limit: 10 })).toEqual([verdict]);
      expect(await store.feedbackList({ runIds: [traceId], limit: 10, offset: 0 })).toMatchObject([
        { key: "k", score: 0.2 },
      ]);
      expect(await store.ledgerGet({ loopId: LOOP, traceId })).toMatchObject({ state: "decided", leaseUntil: null });
      expect(await store.verdictCounts({ loopId: LOOP })).toMatchObject({ fail: 1, pass: 0 });
    });

    it("starts a new revision when a decided trace changes, and the newest verdict counts", async () => {
      const clock = { now: START + 10 };
      await using store = await open(clock);
      const traceId = newId();
      const judge = async (revision: number, outcome: Verdict["outcome"]): Promise<void> => {
        const leaseToken = newId();
        expect(await store.ledgerClaim({ ...claim, leaseToken })).toMatchObject([{ revision }]);
        await store.verdictRecord({
          records: [{ verdict: verdictOf(traceId, { revision, outcome }), leaseToken, deliveries: [] }],
        });
      };
      await store.ledgerEnrol({ loopId: LOOP, heads: [head(traceId)] });
      await judge(1, "fail");
      expect(await store.ledgerEnrol({ loopId: LOOP, heads: [head(traceId)] })).toBe(0);
      expect(await store.ledgerEnrol({ loopId: LOOP, heads: [head(traceId, { changedAt: START + 5 })] })).toBe(1);
      await judge(2, "pass");
      expect(await store.verdictCounts({ loopId: LOOP })).toMatchObject({ fail: 0, pass: 1 });
    });

    it("compares no time of the sender's clock with one of the store's", async () => {
      const clock = { now: START + 10 };
      await using store = await open(clock);
      const enrol = (head: TraceHead & { dueAt: number }): Promise<number> =>
        store.ledgerEnrol({ loopId: LOOP, heads: [head] });
      const judge = async (traceId: string, revision: number): Promise<void> => {
        const leaseToken = newId();
        expect(await store.ledgerClaim({ ...claim, leaseToken, traceIds: [traceId] })).toHaveLength(1);
        await store.verdictRecord({
          records: [{ verdict: verdictOf(traceId, { revision }), leaseToken, deliveries: [] }],
        });
      };
      // The sender's clock may be ahead of the store's or behind it.
      for (const ended of [START - 60_000, START + 60_000]) {
        const sender = { rootEndAt: ended, changedAt: ended, clock: "sender" } as const;
        const [told, stored] = [newId(), newId()];
        const inStore = (at: number) => ({ rootEndAt: ended, changedAt: at, dueAt: clock.now });
        clock.now = START + 10;
        expect(await enrol(head(told, { ...sender, dueAt: clock.now }))).toBe(1);
        expect(await enrol(head(stored, inStore(START + 1)))).toBe(1);
        await judge(told, 1);
        await judge(stored, 1);
        expect(await enrol(head(told, inStore(START + 1)))).toBe(0);
        expect(await enrol(head(stored, { ...sender, dueAt: clock.now }))).toBe(0);
        // What came after it was judged is news all the same, and so is another end.
        clock.now = START + 50;
        expect(await enrol(head(told, inStore(START + 40)))).toBe(1);
        await judge(told, 2);
        const later = { ...sender, rootEndAt: ended + 5_000, changedAt: ended + 5_000, dueAt: clock.now };
        expect(await enrol(head(stored, later))).toBe(1);
        // From here on the row goes by the clock it was last told by.
        expect(await enrol(head(told, inStore(START + 40)))).toBe(0);
        expect(await enrol(head(told, inStore(START + 41)))).toBe(1);
      }
    });

    it("drops scores that wait to be delivered when their trace is judged again, and nothing else", async () => {
      const clock = { now: START + 10 };
      await using store = await open(clock);
      const traceId = newId();
      const scoreOf = (revision: number): Delivery => ({
        ...deliveryOf(traceId),
        id: stableId("score", traceId, revision),
        revision,
        action: { action: "create_feedback", key: "k", score: revision },
        context: { project_id: "p", feedback_id: newId() },
      });
      const own: Delivery = { ...scoreOf(1), id: newId(), context: { key: "k", reason: 'it says "feedback_id": 1' } };
      for (const revision of [1, 2]) {
        await store.ledgerEnrol({ loopId: LOOP, heads: [head(traceId, { changedAt: START + revision })] });
        const leaseToken = newId();
        await store.ledgerClaim({ ...claim, leaseToken, traceIds: [traceId] });
        const deliveries = revision === 1 ? [scoreOf(1), own, deliveryOf(traceId)] : [scoreOf(2)];
        await store.verdictRecord({ records: [{ verdict: verdictOf(traceId, { revision }), leaseToken, deliveries }] });
      }
      const left = await store.deliveryList({ limit: 10 });
      expect(left.map(({ id }) => id).sort()).toEqual([own.id, deliveryOf(traceId).id, scoreOf(2).id].sort());
    });

    it("keeps texts as they are, and replaces the score that an older revision wrote back", async () => {
      await using store = await open({ now: START + 10 });
      const traceId = newId();
      const comment = 'a "quote", a \\ backslash, {braces, commas}, NULL and ✓';
      const about = { runId: traceId, traceId, projectId: newId(), key: "k" };
      const id = newId();
      for (const revision of [1, 2]) {
        await store.ledgerEnrol({ loopId: LOOP, heads: [head(traceId, { changedAt: START + revision })] });
        const leaseToken = newId();
        await store.ledgerClaim({ ...claim, leaseToken, traceIds: [traceId] });
        const verdict = verdictOf(traceId, { revision, comment, features: { [comment]: comment } });
        const feedback = [{ ...about, id, score: revision / 10, comment, value: [comment] }];
        expect((await store.verdictRecord({ records: [{ verdict, leaseToken, deliveries: [], feedback }] })).size).toBe(
          1,
        );
        expect(await store.verdictList({ loopId: LOOP, limit: 10 })).toEqual([verdict]);
      }
      const written = await store.feedbackList({ runIds: [traceId], limit: 10, offset: 0 });
      expect(written).toMatchObject([{ ...about, id, score: 0.2, comment, value: [comment], source: null }]);
    });

    it("tallies failed calls by evaluator, and sums over clusters", async () => {
      await using store = await open({ now: START });
      const verdicts = (
        [
          ["a", "fail", ["x", "y"]],
          ["a", "fail", ["y"]],
          ["a", "pass", undefined],
          ["b", "pass", undefined],
          [null, "fail", ["y"]],
          ["b", "error", ["x"]],
        ] as const
      ).map(([cluster, outcome, failed]) =>
        verdictOf(newId(), { cluster, outcome, ...(failed && { failedEvaluators: [...failed] }) }),
      );
      await recordVerdicts(store, verdicts);
      const tally = await store.verdictTally({ loopId: LOOP, decidedFrom: START, decidedTo: START + 1 });
      expect(tally).toMatchObject({ fail: 3, pass: 2, error: 1, failedCalls: { x: 2, y: 3 } });
      expect(await store.verdictClusters({ loopId: LOOP, from: START, to: START + 1 })).toEqual({
        clusters: 2,
        runs: 4,
        failures: 2,
        sizeSquared: 9 + 1,
        failingSize: 6,
        failingSquared: 4,
      });
      const listed = await store.verdictList({ loopId: LOOP, limit: 9 });
      expect(new Set(listed.map(({ failedEvaluators }) => failedEvaluators?.join()))).toEqual(
        new Set(["x,y", "y", "x", undefined]),
      );
    });

    it("takes the lease from a worker whose trace changed under it", async () => {
      const clock = { now: START + 10 };
      await using store = await open(clock);
      const traceId = newId();
      await store.ledgerEnrol({ loopId: LOOP, heads: [head(traceId)] });
      const leaseToken = newId();
      await store.ledgerClaim({ ...claim, leaseToken });
      await store.ledgerEnrol({ loopId: LOOP, heads: [head(traceId, { changedAt: START + 9, dueAt: START + 500 })] });
      const records = [{ verdict: verdictOf(traceId), leaseToken, deliveries: [] }];
      expect(await store.verdictRecord({ records })).toEqual(new Set());
      expect(await store.ledgerNextDue({ loopId: LOOP })).toBe(START + 500);
    });

    it("counts attempts and keeps the reason", async () => {
      const clock = { now: START + 10 };
      await using store = await open(clock);
      const traceId = newId();
      await store.ledgerEnrol({ loopId: LOOP, heads: [head(traceId)] });
      const leaseToken = newId();
      await store.ledgerClaim({ ...claim, leaseToken });
      const release = { loopId: LOOP, traceId, state: "settling" as const, reason: "judge is down", attempted: true };
      expect(await store.ledgerRelease({ ...release, leaseToken: newId(), dueAt: 0 })).toBe(false);
      expect(await store.ledgerRelease({ ...release, leaseToken, dueAt: clock.now + 50 })).toBe(true);
      expect(await store.ledgerGet({ loopId: LOOP, traceId })).toMatchObject({ attempts: 1, reason: "judge is down" });
      expect(await store.ledgerClaim({ ...claim, leaseToken: newId() })).toEqual([]);
      clock.now += 50;
      expect(await store.ledgerClaim({ ...claim, leaseToken: newId() })).toHaveLength(1);
    });
  });
}
