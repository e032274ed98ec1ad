import { describe, expect, it } from "vitest";
import { newId } from "../../src/model/id.ts";
import { deliveryOf, LOOP, verdictOf } from "./exercise-ledger.ts";
import { rootWrite, START } from "./span-writes.ts";
import type { OpenStore } from "./store.contract.ts";

/** What a judge quotes, or a handler throws, may hold NUL and half a letter; columns of text hold neither. */
const QUOTED = "a\0b\ud800c";
const STORED = "a\ufffdb\ufffdc";

export function exerciseTexts(open: OpenStore): void {
  const claim = { loopId: LOOP, limit: 10, leaseMs: 1000 };
  const head = (traceId: string) => ({ traceId, startAt: START, rootEndAt: START, changedAt: START, dueAt: START });

  describe("texts with NUL and half letters", () => {
    it("records verdicts, scores and deliveries that quote them", async () => {
      await using store = await open({ now: START });
      const [failed, broken] = [newId(), newId()];
      await store.ledgerEnrol({ loopId: LOOP, heads: [head(failed), head(broken)] });
      const leaseToken = newId();
      await store.ledgerClaim({ ...claim, leaseToken });
      const scores = [
        { key: "k", score: 0, comment: QUOTED, evaluator: "judge", evaluatorVersion: "1", spanId: failed },
      ];
      const said = { key: QUOTED, comment: QUOTED, cluster: QUOTED, features: { [QUOTED]: QUOTED }, scores };
      const feedback = { id: newId(), runId: failed, traceId: failed, projectId: newId(), key: QUOTED };
      const delivery = deliveryOf(failed, { context: { why: QUOTED }, lastError: QUOTED });
      const recorded = await store.verdictRecord({
        records: [
          {
            verdict: verdictOf(failed, said),
            leaseToken,
            deliveries: [delivery],
            feedback: [{ ...feedback, score: 0, comment: QUOTED, value: [QUOTED] }],
          },
          { verdict: verdictOf(broken, { outcome: "error", comment: QUOTED }), leaseToken, deliveries: [] },
        ],
      });
      expect(recorded.size).toBe(2);
      const [verdict] = await store.verdictList({ loopId: LOOP, limit: 10, traceIds: [failed] });
      expect(verdict).toMatchObject({ key: STORED, comment: STORED, cluster: STORED, scores, features: said.features });
      expect(await store.ledgerGet({ loopId: LOOP, traceId: broken })).toMatchObject({ reason: STORED });
      const [score] = await store.feedbackList({ runIds: [failed], limit: 10, offset: 0 });
      expect(score).toMatchObject({ key: STORED, comment: STORED, value: [QUOTED] });
      const [queued] = await store.deliveryList({ loopId: LOOP, limit: 10 });
      expect(queued).toMatchObject({ context: { why: QUOTED }, lastError: STORED });
      await store.deliveryClaim({ ...claim, leaseToken });
      const tried = { leaseToken, state: "dead" as const, nextAttemptAt: START, deliveredAt: null };
      await store.deliverySettle({ results: [{ ...tried, id: delivery.id, lastError: QUOTED }] });
      expect(await store.deliveryList({ loopId: LOOP, limit: 10 })).toMatchObject([{ attempts: 1, lastError: STORED }]);
    });

    it("gives traces back with a reason that quotes them", async () => {
      await using store = await open({ now: START });
      const traceId = newId();
      await store.ledgerEnrol({ loopId: LOOP, heads: [head(traceId)] });
      const leaseToken = newId();
      await store.ledgerClaim({ ...claim, leaseToken });
      const release = { loopId: LOOP, traceId, state: "settling" as const, attempted: true, dueAt: START, leaseToken };
      expect(await store.ledgerRelease({ ...release, reason: QUOTED })).toBe(true);
      expect(await store.ledgerGet({ loopId: LOOP, traceId })).toMatchObject({ reason: STORED });
    });

    it("keeps what people and evaluators write elsewhere", async () => {
      await using store = await open({ now: START });
      const root = rootWrite({ name: QUOTED, error: QUOTED, tags: [QUOTED], metadata: { [QUOTED]: QUOTED } });
      await store.spanIngest({ spans: [root] });
      await store.spanTag({ id: root.id, tag: QUOTED });
      const [trace] = await store.traceRead({ traceIds: [root.id] });
      expect(trace?.root).toMatchObject({ name: STORED, error: STORED, tags: [QUOTED] });
      const queue = await store.queueEnsure({ name: QUOTED });
      expect(await store.queueEnsure({ name: QUOTED })).toMatchObject({ id: queue.id, name: STORED });
      const [item] = await store.queueItemAdd({
        queueId: queue.id,
        items: [{ runId: root.id, details: { note: QUOTED } }],
      });
      expect(item?.details).toEqual({ note: QUOTED });
      await store.evaluationPut({ key: QUOTED, result: { comment: QUOTED } });
      expect(await store.evaluationGet({ key: QUOTED })).toEqual({ comment: QUOTED });
      await store.cursorSet({ name: QUOTED, value: { note: QUOTED } });
      expect(await store.cursorGet({ name: QUOTED })).toEqual({ note: QUOTED });
    });

    it("takes the same score, sent again, for no news", async () => {
      await using store = await open({ now: START });
      const { touched } = await store.spanIngest({ spans: [rootWrite()] });
      const [traceId = ""] = touched.map((trace) => trace.traceId);
      const reads = { keys: ["quality"], settleMs: 5 };
      await store.loopEnsure({ id: LOOP, name: "l", projectName: "contract", config: { reads } });
      const item = { id: newId(), runId: traceId, key: "quality", score: 0, comment: QUOTED };
      await store.feedbackWrite({ feedback: [item] });
      await store.ledgerEnrol({ loopId: LOOP, heads: [head(traceId)] });
      const leaseToken = newId();
      await store.ledgerClaim({ ...claim, leaseToken });
      await store.verdictRecord({ records: [{ verdict: verdictOf(traceId), leaseToken, deliveries: [] }] });
      await store.feedbackWrite({ feedback: [item] });
      expect(await store.ledgerGet({ loopId: LOOP, traceId })).toMatchObject({ state: "decided", revision: 1 });
    });
  });
}
