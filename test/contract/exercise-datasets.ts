import { describe, expect, it } from "vitest";
import { toIsoTime } from "../../src/internal/iso-time.ts";
import { newId } from "../../src/model/id.ts";
import { parseExampleFilter } from "../../src/wire/filter.ts";
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

    it("updates only what is there and only in its dataset", async () => {
      await using store = await open({ now: START });
      const { id: datasetId } = await store.datasetCreate({ name: "d" });
      const { id: other } = await store.datasetCreate({ name: "e" });
      const id = newId();
      const update = { examples: [{ id, inputs: { q: 2 } }], updateOnly: true };
      await expect(store.exampleWrite({ datasetId, ...update })).rejects.toMatchObject({ code: "not_found" });
      await store.exampleWrite({ datasetId, examples: [{ id, inputs: { q: 1 } }] });
      await expect(store.exampleWrite({ datasetId: other, ...update })).rejects.toMatchObject({ code: "conflict" });
      // A refused write leaves no version behind.
      expect(await store.datasetVersionList({ datasetId: other, limit: 10, offset: 0 })).toHaveLength(1);
      expect((await store.exampleGet({ id }))?.inputs).toEqual({ q: 1 });
    });

    it("revises examples against each other's writes, as one version", async () => {
      await using store = await open({ now: START });
      const { id: datasetId } = await store.datasetCreate({ name: "d" });
      const { ids } = await store.exampleWrite({
        datasetId,
        examples: [{ metadata: { n: 0 } }, { metadata: { n: 0 } }],
      });
      const [a = "", b = ""] = ids;
      const increment = () =>
        store.exampleRevise({
          datasetId,
          ids: [a, newId()],
          revise: ({ metadata }) => ({ metadata: { n: Number(metadata["n"]) + 1 } }),
        });
      const answers = await Promise.all(Array.from({ length: 8 }, increment));
      expect(answers.map((answer) => answer.ids)).toEqual(Array.from({ length: 8 }, () => [a]));
      expect((await store.exampleGet({ id: a }))?.metadata).toEqual({ n: 8 });
      expect((await store.exampleGet({ id: b }))?.metadata).toEqual({ n: 0 });
      const versions = await store.datasetVersionList({ datasetId, exampleId: a, limit: 20, offset: 0 });
      expect(versions).toHaveLength(9);
      expect(versions[0]?.tags).toEqual(["latest"]);
      expect(await store.exampleRevise({ datasetId, ids: [a], revise: () => null })).toEqual({ ids: [a], asOf: null });
    });

    it("keeps what operations say of attachments, and the bytes of older versions", async () => {
      await using store = await open({ now: START });
      const { id: datasetId } = await store.datasetCreate({ name: "d" });
      const file = (name: string, byte: number) => ({ name, mimeType: "text/plain", bytes: new Uint8Array([byte]) });
      const id = newId();
      const first = await store.exampleWrite({
        datasetId,
        examples: [{ id, attachments: [file("a", 1), file("b", 2)] }],
      });
      const names = async (): Promise<string[]> =>
        (await store.exampleGet({ id }))?.attachments.map(({ name }) => name) ?? [];
      await store.exampleWrite({ datasetId, examples: [{ id, metadata: { k: 1 } }] });
      expect(await names()).toEqual(["a", "b"]);
      const operations = { retain: ["b"], rename: { a: "c" } };
      await store.exampleWrite({
        datasetId,
        examples: [{ id, attachmentOperations: operations, attachments: [file("b", 3)] }],
      });
      expect(await names()).toEqual(["c", "b"]);
      await store.exampleWrite({ datasetId, examples: [{ id, attachments: [file("d", 4)] }] });
      expect(await names()).toEqual(["d"]);
      const old = await store.exampleGet({ id, asOf: first.asOf });
      const contents = await Promise.all(
        (old?.attachments ?? []).map(
          async ({ contentId }) => (await store.exampleAttachmentGet({ contentId }))?.bytes[0],
        ),
      );
      expect(contents).toEqual([1, 2]);
      expect(await store.exampleDelete({ ids: [id], datasetId: newId(), hard: true })).toEqual([]);
      expect(await store.exampleDelete({ ids: [id] })).toEqual([id]);
      expect(await store.exampleDelete({ ids: [id], hard: true })).toEqual([id]);
      expect(await store.exampleGet({ id, asOf: first.asOf })).toBeNull();
    });

    it("finds examples by filter and text, in any order, page by page", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const { id: datasetId } = await store.datasetCreate({ name: "d" });
      for (let n = 0; n < 12; n += 1) {
        clock.now += 1000;
        await store.exampleWrite({
          datasetId,
          examples: [{ inputs: { n, word: n % 2 ? "Odd" : "even" }, metadata: { n } }],
        });
      }
      const page = async (query: object): Promise<unknown[]> =>
        (await store.exampleList({ datasetId, limit: 100, offset: 0, ...query })).map(({ inputs }) => inputs["n"]);
      expect(await page({ textContains: ["odd", "9"] })).toEqual([9]);
      const filter = parseExampleFilter(`and(gt(created_at, "${toIsoTime(START + 9500)}"), neq(metadata_value, 11))`);
      expect(await page({ filter })).toEqual([10, 9]);
      expect(await store.exampleCount({ datasetId, filter })).toBe(2);
      expect(await page({ order: "oldest", limit: 2, offset: 2 })).toEqual([2, 3]);
      const [oldest] = await store.exampleList({ datasetId, order: "oldest", limit: 1, offset: 0 });
      await store.exampleWrite({ datasetId, examples: [{ id: oldest?.id ?? "", outputs: {} }] });
      expect(await page({ order: "recent", limit: 2 })).toEqual([0, 11]);
      const shuffled = await page({ order: "random", seed: 7 });
      expect([
        ...(await page({ order: "random", seed: 7, limit: 5 })),
        ...(await page({ order: "random", seed: 7, offset: 5 })),
      ]).toEqual(shuffled);
      expect(shuffled.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 12 }, (_, n) => n));
      expect(await page({ order: "random", seed: 8 })).not.toEqual(shuffled);
    });

    it("counts a dataset's examples and experiments, and sorts by them", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const { id: small } = await store.datasetCreate({ name: "small" });
      const { id: large } = await store.datasetCreate({ name: "large" });
      await store.exampleWrite({ datasetId: large, examples: [{}, {}] });
      await store.exampleWrite({ datasetId: small, examples: [{}] });
      await store.projectCreate({ name: "experiment", referenceDatasetId: small, startAt: START + 5 });
      const names = async (query: object): Promise<string[]> =>
        (await store.datasetList({ limit: 10, offset: 0, ...query })).map(({ name }) => name);
      expect(await names({ sortBy: "exampleCount" })).toEqual(["large", "small"]);
      expect(await names({ sortBy: "exampleCount", sortOrder: "asc" })).toEqual(["small", "large"]);
      expect(await names({ sortBy: "lastProjectStartAt", sortOrder: "asc" })).toEqual(["small", "large"]);
      expect(await names({ sortBy: "lastProjectStartAt" })).toEqual(["small", "large"]);
      expect(await store.datasetGet({ id: small })).toMatchObject({
        exampleCount: 1,
        projectCount: 1,
        lastProjectStartAt: START + 5,
        shareProjects: false,
        baselineProjectId: null,
      });
      await store.datasetUpdate({ id: small, shareToken: "token", shareProjects: true });
      expect(await store.datasetGet({ shareToken: "token" })).toMatchObject({ id: small, shareProjects: true });
      await expect(store.datasetCreate({ id: small, name: "again" })).rejects.toMatchObject({ code: "conflict" });
    });
  });
}
