import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { embeddedExperiments } from "../../src/platform/embedded-experiments.ts";
import { promotePrompt } from "../../src/remedy/promote/prompt.ts";
import type { PromoteContext, Promotion } from "../../src/remedy/promote/promoter.ts";
import { startServer, type RunningServer } from "../server/official-client.ts";

let running: RunningServer;
beforeAll(async () => {
  running = await startServer();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

interface Config {
  template: string;
}

const contextOf = (): PromoteContext => ({
  platform: embeddedExperiments(running.server.store),
  signal: new AbortController().signal,
  now: Date.now,
  sleep: () => Promise.resolve(),
});

const promotionOf = (id: string, template: string): Promotion<Config> =>
  ({
    id,
    remedy: "cite sources",
    candidate: { name: template, config: { template } },
    verdict: { verdict: "PASS" },
  }) as Promotion<Config>;

/** The winning prompt as LangChain serialises a template. */
const manifestOf = ({ template }: Config) => ({
  lc: 1,
  type: "constructor",
  id: ["langchain_core", "prompts", "prompt", "PromptTemplate"],
  kwargs: { template, input_variables: ["question"], template_format: "f-string" },
});

/** As an application that starts anew: the client would keep what it pulled for a while. */
const pull = (prompt: string) => running.client.pullPromptCommit(prompt, { skipCache: true });

describe("a prompt promoted on the embedded server", () => {
  const promoterOf = (prompt: string) => promotePrompt<Config>({ prompt, content: manifestOf });

  it("is what the official client pulls, and a roll-back brings the pushed one back", async () => {
    const { client } = running;
    await client.pushPrompt("rag-answer", {
      object: manifestOf({ template: "old {question}" }),
      description: "by hand",
    });
    const old = await pull("rag-answer");
    const promoter = promoterOf("-/rag-answer");
    const platform = embeddedExperiments(running.server.store);
    await platform.promptTag({ name: "rag-answer", commit: old.commit_hash, tag: "production" });

    const promotion = promotionOf("7f3a0c11-promotion", "new {question}");
    const promoted = await promoter.promote(promotion, contextOf());
    const pulled = await pull("rag-answer:production");
    expect(pulled.manifest).toEqual(manifestOf({ template: "new {question}" }));
    expect(promoted.details).toMatchObject({ commit: pulled.commit_hash, previous_commit: old.commit_hash });
    expect((await pull("rag-answer:before-7f3a0c11")).commit_hash).toBe(old.commit_hash);

    expect(await promoter.promote(promotion, contextOf()), "repeated after a crash").toEqual(promoted);
    expect((await client.getPrompt("rag-answer"))?.num_commits).toBe(2);

    await promoter.rollBack?.(promotion, promoted, contextOf());
    expect((await pull("rag-answer:production")).manifest).toEqual(old.manifest);
  });

  it("creates the prompt when it is new", async () => {
    const promoted = await promoterOf("brand-new").promote(
      promotionOf("0a1b2c3d-promotion", "{question}"),
      contextOf(),
    );
    expect(promoted.details).toMatchObject({ previous_commit: null });
    const pulled = await pull("brand-new:production");
    expect(pulled.manifest).toEqual(manifestOf({ template: "{question}" }));
  });

  it("refuses to tag what was never committed", async () => {
    const platform = embeddedExperiments(running.server.store);
    await expect(
      platform.promptTag({ name: "never", commit: "0".repeat(64), tag: "production" }),
    ).rejects.toMatchObject({ code: "not_found" });
    expect(await platform.promptRead({ name: "never" })).toBeNull();
  });
});
