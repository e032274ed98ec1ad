import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { scriptedHttp } from "../../../test/servers/scripted-http.ts";
import { memoryPlatform } from "../memory-platform.fixture.ts";
import { promoteCustom } from "./custom.ts";
import { promotePrompt } from "./prompt.ts";
import { aContext, aPromotion } from "./promotion.fixture.ts";
import type { PromptConfig } from "./promotion.fixture.ts";
import { promoteWebhook } from "./webhook.ts";

describe("promotePrompt", () => {
  const content = (config: PromptConfig) => ({ template: config.prompt });

  it("commits the prompt and moves the tag, and a roll-back moves it to where it was", async () => {
    const platform = memoryPlatform();
    const { commit } = await platform.promptCommit({
      name: "answer",
      content: { template: "Answer." },
      description: "",
    });
    await platform.promptTag({ name: "answer", commit, tag: "production" });
    const promoter = promotePrompt<PromptConfig>({ prompt: "answer", content });
    const promoted = await promoter.promote(aPromotion(), aContext({ platform }));
    expect(promoted).toMatchObject({
      reference: "answer:commit2",
      details: { previous_commit: "commit1", tag: "production" },
    });
    expect((await platform.promptRead({ name: "answer", tag: "production" }))?.content).toEqual({ template: "Cite." });
    expect(await promoter.promote(aPromotion(), aContext({ platform }))).toEqual(promoted);
    await promoter.rollBack?.(aPromotion(), promoted, aContext({ platform }));
    expect((await platform.promptRead({ name: "answer", tag: "production" }))?.content).toEqual({
      template: "Answer.",
    });
  });

  it("knows what was there before, even when it crashed after moving the tag", async () => {
    for (let crash = 1; crash <= 5; crash += 1) {
      const platform = memoryPlatform();
      const { commit } = await platform.promptCommit({
        name: "answer",
        content: { template: "Answer." },
        description: "",
      });
      await platform.promptTag({ name: "answer", commit, tag: "production" });
      let calls = 0;
      const dying = new Proxy(platform, {
        get: (target, method: keyof typeof platform) => async (params: never) => {
          if (++calls > crash) throw new Error("killed");
          return (target[method] as (params: never) => Promise<unknown>)(params);
        },
      });
      const promoter = promotePrompt<PromptConfig>({ prompt: "answer", content });
      await promoter.promote(aPromotion(), aContext({ platform: dying })).catch(() => undefined);
      const promoted = await promoter.promote(aPromotion(), aContext({ platform }));
      expect(promoted.details).toMatchObject({ commit: "commit2", previous_commit: "commit1" });
    }
  });

  it("starts a prompt that is not there yet", async () => {
    const platform = memoryPlatform();
    const promoted = await promotePrompt<PromptConfig>({ prompt: "new", content, tag: "live" }).promote(
      aPromotion(),
      aContext({ platform }),
    );
    expect(promoted.details).toMatchObject({ previous_commit: null });
    expect(await platform.promptRead({ name: "new", tag: "live" })).toMatchObject({ content: { template: "Cite." } });
  });
});

describe("promoteWebhook", () => {
  const secret = `whsec_${Buffer.from("0123456789abcdef01234567").toString("base64")}`;

  it("posts the winning configuration, signed, with the same id on every attempt", async () => {
    await using server = await scriptedHttp([503, { status: 429, headers: { "retry-after": "2" } }, 204]);
    const waits: number[] = [];
    const context = aContext({ now: Date.now, sleep: async (ms) => void waits.push(ms) });
    await promoteWebhook<PromptConfig>({ url: `${server.url}/deploy`, secret, fetch }).promote(aPromotion(), context);
    expect(new Set(server.requests.map((request) => request.headers["webhook-id"]))).toEqual(
      new Set([aPromotion().id]),
    );
    expect(waits).toEqual([1_000, 4_000]);
    const last = server.requests.at(-1);
    const body = new Webhook(secret).verify(last?.body ?? "", last?.headers as Record<string, string>) as object;
    expect(body).toMatchObject({
      type: "remedy.promoted",
      data: { config: { prompt: "Cite." }, approved_by: "ana", gate: { verdict: "PASS" } },
    });
  });

  it("sends the baseline back on a roll-back", async () => {
    await using server = await scriptedHttp([200]);
    const promoter = promoteWebhook<PromptConfig>({ url: server.url, fetch });
    await promoter.rollBack?.(aPromotion(), { reference: "", details: {} }, aContext());
    expect(JSON.parse(server.requests[0]?.body ?? "")).toMatchObject({
      type: "remedy.rolled_back",
      data: { config: { prompt: "Answer." } },
    });
  });

  it.each([
    [301, "forbidden"],
    [401, "unauthorized"],
    [410, "forbidden"],
    [500, "unavailable"],
  ])("does not take %i for an acknowledgement", async (status, code) => {
    await using server = await scriptedHttp([{ status, headers: { location: "http://127.0.0.1:9/" } }]);
    const posting = promoteWebhook<PromptConfig>({ url: server.url, fetch }).promote(aPromotion(), aContext());
    await expect(posting).rejects.toMatchObject({ code });
  });

  it("says why a receiver cannot be reached", async () => {
    const server = await scriptedHttp([200]);
    await server[Symbol.asyncDispose]();
    const posting = promoteWebhook<PromptConfig>({ url: server.url, fetch }).promote(aPromotion(), aContext());
    await expect(posting).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("refuses a body no receiver wants", async () => {
    const huge = aPromotion({ candidate: { ...aPromotion().candidate, config: { prompt: "x".repeat(300_000) } } });
    const posting = promoteWebhook<PromptConfig>({ url: "http://127.0.0.1:9/", fetch }).promote(huge, aContext());
    await expect(posting).rejects.toMatchObject({ code: "too_large" });
  });
});

describe("promoteCustom", () => {
  it("hands the promotion over and keeps what comes back", async () => {
    const promoter = promoteCustom<PromptConfig>({
      name: "flag",
      promote: async ({ candidate }) => ({ flag: candidate.name }),
    });
    expect(promoter.kind).toBe("flag");
    expect(await promoter.promote(aPromotion(), aContext())).toEqual({
      reference: aPromotion().id,
      details: { flag: aPromotion().candidate.name },
    });
    expect(() => promoteCustom({ name: "", promote: async () => undefined })).toThrow(/needs a name/);
  });
});
