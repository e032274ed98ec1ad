import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect, startServer, type RunningServer } from "./official-client.ts";

/** What LangChain's serialiser makes of a chat prompt. */
function chatPrompt(template: string): Record<string, unknown> {
  const message = {
    lc: 1,
    type: "constructor",
    id: ["langchain_core", "prompts", "chat", "HumanMessagePromptTemplate"],
    kwargs: {
      prompt: {
        lc: 1,
        type: "constructor",
        id: ["langchain_core", "prompts", "prompt", "PromptTemplate"],
        kwargs: { template, input_variables: ["question"], template_format: "f-string" },
      },
    },
  };
  return {
    lc: 1,
    type: "constructor",
    id: ["langchain_core", "prompts", "chat", "ChatPromptTemplate"],
    kwargs: { messages: [message], input_variables: ["question"] },
  };
}

let running: RunningServer;
beforeAll(async () => {
  running = await startServer();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

describe("prompts, by the official client", () => {
  it("pushes, pulls by commit and tag, and lists the history", async () => {
    const { client } = running;
    const url = await client.pushPrompt("answer", {
      object: chatPrompt("{question}"),
      description: "Answers questions",
      tags: ["qa"],
      commitTags: ["production", "v1"],
    });
    expect(url).toMatch(/prompts\/answer\/[0-9a-f]{8}/);
    const first = await client.pullPromptCommit("answer");
    expect(first).toMatchObject({ repo: "answer", manifest: chatPrompt("{question}"), examples: [] });
    await client.createCommit("answer", chatPrompt("Q: {question}"), { description: "prefix" });
    expect((await client.pullPromptCommit("answer", { skipCache: true })).manifest).toEqual(
      chatPrompt("Q: {question}"),
    );
    for (const ref of ["production", "v1", first.commit_hash, first.commit_hash.slice(0, 8)]) {
      expect((await client.pullPromptCommit(`answer:${ref}`)).commit_hash).toBe(first.commit_hash);
    }
    const commits = await collect(client.listCommits("answer"));
    expect(commits).toMatchObject([{ parent_commit_hash: first.commit_hash }, { commit_hash: first.commit_hash }]);
    expect(await client.getPrompt("answer")).toMatchObject({ num_commits: 2, owner: "loopsmith", is_public: false });
    await expect(client.pullPromptCommit("answer:nothing")).rejects.toThrow(/404/);
  });

  it("refuses stale parents, unchanged prompts and what is no prompt", async () => {
    const { client } = running;
    await client.pushPrompt("checked", { object: chatPrompt("one") });
    const { commit_hash: stale } = await client.pullPromptCommit("checked");
    await client.pushPrompt("checked", { object: chatPrompt("two") });
    const onStale = client.createCommit("checked", chatPrompt("three"), { parentCommitHash: stale });
    await expect(onStale).rejects.toThrow(/409.*meanwhile/s);
    await expect(client.createCommit("checked", chatPrompt("two"))).rejects.toThrow(/409.*has not changed/s);
    await expect(client.createCommit("checked", { hi: "hello" })).rejects.toThrow(
      /400.*Manifest must have an id field/s,
    );
    await expect(client.createCommit("checked", { id: ["hi"] })).rejects.toThrow(
      /400.*Manifest type hi is not supported/s,
    );
    await expect(client.pushPrompt("nobody/else", { object: chatPrompt("x") })).rejects.toThrow(/another tenant/);
  });

  it("gives the prompt alone, or with its model as something a client can load", async () => {
    const { client } = running;
    const model = { lc: 1, type: "constructor", id: ["langchain", "chat_models", "openai", "ChatOpenAI"], kwargs: {} };
    const playground = {
      lc: 1,
      type: "constructor",
      id: ["langsmith", "playground", "PromptPlayground"],
      kwargs: { first: chatPrompt("one"), last: model },
    };
    await client.pushPrompt("with-model", { object: playground });
    expect((await client.pullPromptCommit("with-model")).manifest).toEqual(chatPrompt("one"));
    expect((await client.pullPromptCommit("with-model", { includeModel: true })).manifest).toMatchObject({
      id: ["langchain", "schema", "runnable", "RunnableSequence"],
      kwargs: { last: model },
    });
  });

  it("searches, publishes, archives, likes and deletes", async () => {
    const { client } = running;
    const found = async (options: object): Promise<string[]> =>
      (await collect(client.listPrompts({ query: "lifecycle", ...options }))).map((prompt) => prompt.repo_handle);
    await client.createPrompt("lifecycle-1", { isPublic: true });
    await client.createPrompt("lifecycle-2", { readme: "lifecycle" });
    expect(await found({})).toEqual(["lifecycle-2", "lifecycle-1"]);
    expect(await found({ isPublic: true })).toEqual(["lifecycle-1"]);
    await client.updatePrompt("lifecycle-1", { isArchived: true });
    expect(await found({})).toEqual(["lifecycle-2"]);
    expect(await found({ isArchived: true })).toEqual(["lifecycle-1"]);
    expect(await client.likePrompt("lifecycle-2")).toEqual({ likes: 1 });
    expect((await client.getPrompt("lifecycle-2"))?.num_likes).toBe(1);
    expect(await client.unlikePrompt("lifecycle-2")).toEqual({ likes: 0 });
    await expect(client.createPrompt("lifecycle-2")).rejects.toThrow(/409/);
    await client.deletePrompt("lifecycle-2");
    expect(await client.promptExists("lifecycle-2")).toBe(false);
  });

  it("keeps agents and skills as directories that change file by file", async () => {
    const { client } = running;
    const file = (content: string) => ({ type: "file" as const, content });
    await client.pushAgent("-/helper", {
      files: { "AGENTS.md": file("# one"), "old.md": file("x") },
      description: "d",
    });
    const first = await client.pullAgent("-/helper");
    await client.pushAgent("-/helper", { files: { "AGENTS.md": file("# two"), "old.md": null } });
    expect((await client.pullAgent("-/helper")).files).toEqual({ "AGENTS.md": file("# two") });
    expect((await client.pullAgent("-/helper", { version: first.commit_hash })).files).toEqual(first.files);
    const stale = client.pushAgent("-/helper", { files: { a: file("a") }, parentCommit: first.commit_hash });
    await expect(stale).rejects.toThrow(/409/);
    expect((await collect(client.listAgents({ query: "helper" }))).map((agent) => agent.repo_handle)).toEqual([
      "helper",
    ]);
    expect(await collect(client.listPrompts({ query: "helper" }))).toEqual([]);
    await client.deleteAgent("-/helper");
    expect(await client.agentExists("-/helper")).toBe(false);
  });
});
