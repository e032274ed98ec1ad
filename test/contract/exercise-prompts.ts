import { describe, expect, it } from "vitest";
import { START } from "./span-writes.ts";
import type { OpenStore } from "./store.contract.ts";

export function exercisePrompts(open: OpenStore): void {
  describe("prompts", () => {
    it("keeps a history that only grows, and finds commits by hash, tag and latest", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const { id: promptId } = await store.promptCreate({ name: "answer", tags: ["a"] });
      const first = await store.promptCommitCreate({ name: "answer", manifest: { v: 1 }, description: "one" });
      clock.now += 1000;
      const second = await store.promptCommitCreate({ name: "answer", manifest: { v: 2 }, parent: first.hash });
      const third = await store.promptCommitCreate({
        name: "answer",
        manifest: { v: 1 },
        parent: second.hash.slice(0, 8),
      });
      expect(third.hash).not.toBe(first.hash);
      expect(third).toMatchObject({ parentHash: second.hash, parentId: second.id });
      const { rows, total } = await store.promptCommitList({ promptId, limit: 2, offset: 1 });
      expect(total).toBe(3);
      expect(rows.map(({ id }) => id)).toEqual([second.id, first.id]);
      const get = async (ref: string): Promise<unknown> => (await store.promptCommitGet({ promptId, ref }))?.id;
      expect(await get("latest")).toBe(third.id);
      expect(await get(first.hash)).toBe(first.id);
      expect(await get(second.hash.slice(0, 8).toUpperCase())).toBe(second.id);
      expect(await get(second.hash.slice(0, 7))).toBeUndefined();
      await store.promptTagSet({ promptId, tag: "production", commitId: first.id });
      expect(await get("production")).toBe(first.id);
      await store.promptTagSet({ promptId, tag: "production", commitId: second.id });
      expect(await store.promptTagList({ promptId })).toMatchObject([{ tag: "production", commitHash: second.hash }]);
      expect(await store.promptTagSet({ promptId, tag: "x", commitId: promptId })).toBeNull();
      expect(await store.promptGet({ name: "answer" })).toMatchObject({ commitCount: 3, lastCommitHash: third.hash });
    });

    it("takes a commit only on top of the newest, and only when something changed", async () => {
      await using store = await open({ now: START });
      await expect(store.promptCommitCreate({ name: "none", manifest: {} })).rejects.toMatchObject({
        code: "not_found",
      });
      await store.promptCreate({ name: "p" });
      await expect(store.promptCreate({ name: "p" })).rejects.toMatchObject({ code: "conflict" });
      const early = store.promptCommitCreate({ name: "p", manifest: { v: 0 }, parent: "0".repeat(64) });
      await expect(early).rejects.toMatchObject({ code: "conflict", details: { newest: null } });
      const first = await store.promptCommitCreate({ name: "p", manifest: { v: 1, w: 2 } });
      await store.promptCommitCreate({ name: "p", manifest: { v: 2 } });
      const stale = store.promptCommitCreate({ name: "p", manifest: { v: 3 }, parent: first.hash });
      await expect(stale).rejects.toMatchObject({ code: "conflict", details: { field: "parent_commit" } });
      await store.promptCommitCreate({ name: "p", manifest: { v: 1, w: 2 } });
      const same = store.promptCommitCreate({ name: "p", manifest: { w: 2, v: 1 } });
      await expect(same).rejects.toThrow("Nothing to commit");
    });

    it("builds commits upon each other when many write at once", async () => {
      await using store = await open({ now: START });
      const { id: promptId } = await store.promptCreate({ name: "p" });
      const add = (key: string) =>
        store.promptCommitCreate({ name: "p", manifest: (newest) => ({ ...newest, [key]: true }) });
      const keys = ["a", "b", "c", "d", "e", "f"];
      await Promise.all(keys.map(add));
      const newest = await store.promptCommitGet({ promptId, ref: "latest" });
      expect(Object.keys(newest?.manifest ?? {}).sort()).toEqual(keys);
      expect((await store.promptCommitList({ promptId, limit: 10, offset: 0 })).total).toBe(6);
    });

    it("lists by text, tags, kind and state, and forgets what was deleted", async () => {
      const clock = { now: START };
      await using store = await open(clock);
      const create = async (name: string, more: object = {}): Promise<void> => {
        clock.now += 1000;
        await store.promptCreate({ name, ...more });
      };
      await create("answer", {
        description: "Replies to 100% of questions",
        tags: ["qa", 'odd "tag"'],
        isPublic: true,
      });
      await create("summary", { readme: "Short_er texts", tags: ["qa2"] });
      await create("agent", { kind: "agent" });
      const names = async (query: object): Promise<string[]> =>
        (await store.promptList({ limit: 10, offset: 0, ...query })).rows.map(({ name }) => name);
      expect(await names({})).toEqual(["agent", "summary", "answer"]);
      expect(await names({ kinds: ["prompt"], sortOrder: "asc" })).toEqual(["answer", "summary"]);
      expect(await names({ query: "100%" })).toEqual(["answer"]);
      expect(await names({ query: "short_ER" })).toEqual(["summary"]);
      expect(await names({ tags: ["qa"] })).toEqual(["answer"]);
      expect(await names({ tags: ['odd "tag"', "qa"] })).toEqual(["answer"]);
      expect(await names({ isPublic: false, kinds: ["prompt"] })).toEqual(["summary"]);
      expect((await store.promptList({ limit: 1, offset: 1 })).total).toBe(3);
      await store.promptUpdate({ name: "answer", isLiked: true });
      expect(await names({ sortBy: "likes" })).toEqual(["answer", "agent", "summary"]);
      expect(await names({})).toEqual(["agent", "summary", "answer"]);
      clock.now += 1000;
      await store.promptUpdate({ name: "answer", description: "d", isArchived: true });
      expect(await names({ isArchived: false })).toEqual(["agent", "summary"]);
      expect(await names({})).toEqual(["answer", "agent", "summary"]);
      await store.promptCommitCreate({ name: "answer", manifest: {} });
      expect(await names({ hasCommits: true })).toEqual(["answer"]);
      expect(await store.promptDelete({ name: "answer" })).toBe(true);
      expect(await store.promptDelete({ name: "answer" })).toBe(false);
      await store.promptCreate({ name: "answer" });
      expect(await store.promptGet({ name: "answer" })).toMatchObject({ commitCount: 0, lastCommitHash: null });
    });
  });
}
