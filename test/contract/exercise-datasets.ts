import { describe, expect, it } from "vitest";
import { newId } from "../../src/model/id.ts";
import { START } from "./span-writes.ts";
import type { OpenStore } from "./store.contract.ts";

export function exerciseDatasets(open: OpenStore): void {
  describe("datasets", () => {
    it("reads every earlier version as it was", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const { id: datasetId } = await store.datasetCreate({ name: "d" });
      const first = await store.exampleWrite({ datasetId, examples: [{ inputs: { q: 1 } }, { inputs: { q: 2 } }] });
      const [a = "", b = ""] = first.ids;
      const second = await store.exampleWrite({ datasetId, examples: [{ id: a, outputs: { a: 1 } }] });
      await store.exampleDelete({ ids: [b] });
      const at = async (asOf?: number): Promise<unknown[]> =>
        (await store.exampleList({ datasetId, order: "oldest", limit: 10, offset: 0, ...(asOf && { asOf }) })).map(
          ({ inputs, outputs }) => ({ inputs, outputs }),
        );
      expect(await at(first.asOf)).toEqual([
        { inputs: { q: 1 }, outputs: null },
        { inputs: { q: 2 }, outputs: null },
      ]);
      expect(await at(second.asOf)).toEqual([
        { inputs: { q: 1 }, outputs: { a: 1 } },
        { inputs: { q: 2 }, outputs: null },
      ]);
      expect(await at()).toEqual([{ inputs: { q: 1 }, outputs: { a: 1 } }]);
      const [newest] = await store.datasetVersionList({ datasetId, limit: 10, offset: 0 });
      const diff = await store.datasetVersionDiff({ datasetId, from: first.asOf, to: newest?.asOf ?? 0 });
      expect(diff).toEqual({ added: [], modified: [a], removed: [b] });
    });

    it("keeps names and ids unique", async () => {
      await using store = await open({ now: START });
      const { id: datasetId } = await store.datasetCreate({ name: "d" });
      await expect(store.datasetCreate({ name: "d" })).rejects.toMatchObject({ code: "conflict" });
      const id = newId();
      await store.exampleWrite({ datasetId, examples: [{ id, inputs: {} }], createOnly: true });
      const again = store.exampleWrite({ datasetId, examples: [{ id, inputs: {} }], createOnly: true });
      await expect(again).rejects.toMatchObject({ code: "conflict" });
      await expect(store.exampleWrite({ datasetId: newId(), examples: [] })).rejects.toMatchObject({
        code: "not_found",
      });
    });

    it("adds an example once, and not again after it was deleted", async () => {
      await using store = await open({ now: START });
      const example = { id: newId(), datasetName: "failures", inputs: { q: 1 }, metadata: {}, sourceRunId: newId() };
      await store.exampleEnsure(example);
      await store.exampleEnsure(example);
      const dataset = await store.datasetGet({ name: "failures" });
      expect(dataset?.exampleCount).toBe(1);
      await store.exampleDelete({ ids: [example.id] });
      await store.exampleEnsure(example);
      expect((await store.datasetGet({ name: "failures" }))?.exampleCount).toBe(0);
    });

    it("filters by split and metadata, and keeps attachments", async () => {
      await using store = await open({ now: START });
      const { id: datasetId } = await store.datasetCreate({ name: "d" });
      const attachments = [{ name: "img", mimeType: "image/png", bytes: new Uint8Array([1, 2]) }];
      const { ids } = await store.exampleWrite({
        datasetId,
        examples: [{ inputs: {}, splits: ["train"], metadata: { k: 1 }, attachments }, { inputs: {} }],
      });
      expect(await store.exampleSplits({ datasetId })).toEqual(["base", "train"]);
      const found = await store.exampleList({ datasetId, splits: ["train"], metadata: { k: 1 }, limit: 10, offset: 0 });
      expect(found).toMatchObject([{ id: ids[0], attachments: [{ name: "img", byteLength: 2 }] }]);
      const content = await store.exampleAttachmentGet({ exampleId: ids[0] ?? "", name: "img" });
      expect(Array.from(content?.bytes ?? [])).toEqual([1, 2]);
    });
  });
}
