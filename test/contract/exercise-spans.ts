import { describe, expect, it } from "vitest";
import type { SpanWrite } from "../../src/model/span-write.ts";
import { newId } from "../../src/model/id.ts";
import { childWrite, json, rootWrite, START } from "./span-writes.ts";
import type { OpenStore } from "./store.contract.ts";

export function exerciseSpans(open: OpenStore): void {
  describe("spans", () => {
    it("reads back a trace as it was written", async () => {
      await using store = await open({ now: START });
      const root = rootWrite({ outputs: json({ answer: "žluťoučký 🐎", __proto__x: 1 }) });
      const child = childWrite(root, { error: "Boom\n at x" });
      const { touched } = await store.spanIngest({ spans: [root, child] });
      expect(touched).toMatchObject([{ traceId: root.id, rootEndAt: START + 100, changedAt: START }]);
      const [trace] = await store.traceRead({ traceIds: [root.id] });
      expect(trace?.projectName).toBe("contract");
      expect(await store.projectGet({ name: "contract" })).toMatchObject({ startAt: START });
      expect(await store.projectEnsure({ name: "ensured" })).toMatchObject({ startAt: START });
      expect(await store.projectCreate({ name: "created" })).toMatchObject({ startAt: START });
      expect(trace?.spans.map((span) => [span.name, span.status, span.error])).toEqual([
        ["pipeline", "success", null],
        ["retrieval", "error", "Boom\n at x"],
      ]);
      expect(trace?.root.outputs).toEqual({ answer: "žluťoučký 🐎", __proto__x: 1 });
      expect(trace?.root.metadata).toEqual({ model: "m1" });
    });

    it("keeps microseconds", async () => {
      await using store = await open({ now: START });
      const root = rootWrite({ startAt: START + 0.123, endAt: START + 1.456 });
      await store.spanIngest({ spans: [root] });
      const [trace] = await store.traceRead({ traceIds: [root.id] });
      expect(trace?.root.startAt).toBeCloseTo(START + 0.123, 4);
      expect(trace?.root.endAt).toBeCloseTo(START + 1.456, 4);
    });

    it("merges post and patch in any order to the same span", async () => {
      await using store = await open({ now: START });
      const write = (): [ReturnType<typeof rootWrite>, ReturnType<typeof rootWrite>] => {
        const id = newId();
        const { outputs, endAt, ...opened } = rootWrite({ id });
        return [opened, { op: "patch", id, traceId: id, ...(outputs && { outputs }), endAt: endAt ?? null }];
      };
      const [post1, patch1] = write();
      const [post2, patch2] = write();
      await store.spanIngest({ spans: [post1] });
      await store.spanIngest({ spans: [patch1] });
      await store.spanIngest({ spans: [patch2] });
      await store.spanIngest({ spans: [post2] });
      const traces = await store.traceRead({ traceIds: [post1.id, post2.id] });
      const [a, b] = traces.map(({ root }) => ({ ...root, id: "", traceId: "", dottedOrder: "" }));
      expect(a).toEqual(b);
      expect(a).toMatchObject({ name: "pipeline", status: "success", outputs: { answer: "because" } });
    });

    it("changes nothing when the same content comes again", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const root = rootWrite();
      await store.spanIngest({ spans: [root, childWrite(root, { id: newId() })] });
      clock.now += 1000;
      const again = await store.spanIngest({ spans: [root] });
      expect(again.touched).toEqual([]);
      const changed = await store.spanIngest({
        spans: [{ op: "patch", id: root.id, outputs: json({ answer: "other" }) }],
      });
      expect(changed.touched).toMatchObject([{ traceId: root.id, changedAt: START + 1000 }]);
    });

    it("moves the change time on with every change, whatever the clock says", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const root = rootWrite();
      const changedAt = async (spans: SpanWrite[]): Promise<number> =>
        (await store.spanIngest({ spans })).touched[0]?.changedAt ?? 0;
      const first = await changedAt([root]);
      const second = await changedAt([childWrite(root)]);
      clock.now -= 5000;
      const third = await changedAt([childWrite(root)]);
      expect([first < second, second < third]).toEqual([true, true]);
      expect(third).toBeCloseTo(START, 1);
      const project = await store.projectGet({ name: "contract" });
      const heads = await store.traceHeads({ projectId: project?.id ?? "", changedFrom: third, limit: 10 });
      expect(heads).toMatchObject([{ traceId: root.id, changedAt: third }]);
      clock.now += 6000;
      expect(await changedAt([childWrite(root)])).toBe(clock.now);
    });

    it("does not count a tag or feedback as a change", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const root = rootWrite();
      await store.spanIngest({ spans: [root] });
      clock.now += 1000;
      await store.spanTag({ id: root.id, tag: "seen" });
      await store.feedbackWrite({ feedback: [{ id: newId(), runId: root.id, key: "k", score: 1 }] });
      const [touched] = (await store.spanIngest({ spans: [childWrite(root)] })).touched;
      const project = await store.projectGet({ name: "contract" });
      const heads = await store.traceHeads({ projectId: project?.id ?? "", changedFrom: 0, limit: 10 });
      expect(heads).toMatchObject([{ traceId: root.id, changedAt: touched?.changedAt }]);
      const [trace] = await store.traceRead({ traceIds: [root.id] });
      expect(trace?.root.tags).toEqual(["a", "seen"]);
      expect(trace?.root.scores).toEqual([{ key: "k", score: 1 }]);
    });

    it("gives a trace the feedback that came before its run", async () => {
      await using store = await open({ now: START });
      const root = rootWrite();
      await store.feedbackWrite({ feedback: [{ id: newId(), runId: root.id, key: "early", score: 0 }] });
      await store.spanIngest({ spans: [root] });
      const [trace] = await store.traceRead({ traceIds: [root.id] });
      expect(trace?.root.scores).toEqual([{ key: "early", score: 0 }]);
    });

    it("pages through spans without missing or repeating one", async () => {
      await using store = await open({ now: START });
      const roots = Array.from({ length: 25 }, (_, index) => rootWrite({ startAt: START + Math.floor(index / 3) }));
      await store.spanIngest({ spans: roots });
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.spanQuery({
          isRoot: true,
          order: "desc",
          limit: 4,
          payloads: [],
          ...(cursor && { cursor }),
        });
        seen.push(...page.rows.map((row) => row.id));
        cursor = page.nextCursor ?? undefined;
      } while (cursor);
      expect(seen).toHaveLength(25);
      expect(new Set(seen)).toEqual(new Set(roots.map((root) => root.id)));
    });

    it("keeps attachments apart from payloads", async () => {
      await using store = await open({ now: START });
      const root = rootWrite();
      const bytes = new Uint8Array([0, 255, 1, 2]);
      await store.spanIngest({
        spans: [root],
        attachments: [{ spanId: root.id, name: "img", mimeType: "image/png", bytes }],
      });
      const page = await store.spanQuery({ ids: [root.id], order: "asc", limit: 1, payloads: ["attachments"] });
      expect(page.rows[0]?.attachments).toEqual([{ name: "img", mimeType: "image/png", byteLength: 4 }]);
      const stored = await store.attachmentGet({ spanId: root.id, name: "img" });
      expect(Array.from(stored?.bytes ?? [])).toEqual([0, 255, 1, 2]);
    });

    it("removes a project with everything in it", async () => {
      await using store = await open({ now: START });
      const root = rootWrite();
      await store.spanIngest({ spans: [root], feedback: [{ id: newId(), runId: root.id, key: "k", score: 0 }] });
      const project = await store.projectGet({ name: "contract" });
      expect(await store.projectDelete({ id: project?.id ?? "" })).toBe(true);
      expect(await store.traceRead({ traceIds: [root.id] })).toEqual([]);
      expect(await store.feedbackList({ runIds: [root.id], limit: 10, offset: 0 })).toEqual([]);
      // The name is free again, also for spans that arrive later.
      await store.spanIngest({ spans: [rootWrite()] });
      expect((await store.projectGet({ name: "contract" }))?.id).not.toBe(project?.id);
    });
  });
}
