import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { LoopsmithError } from "../../model/errors.ts";
import { adaptiveLimit } from "../http/adaptive-limit.ts";
import { anthropic } from "./anthropic.ts";
import { fromAiSdk } from "./from-ai-sdk.ts";
import type { AiSdkModel } from "./from-ai-sdk.ts";
import type { JudgeRequest } from "./judge-model.ts";
import { openAiCompatible } from "./openai-compatible.ts";
import { honest, scriptedServer, status } from "./scripted-server.fixture.ts";
import type { ScriptedServer } from "./scripted-server.fixture.ts";

const request: JudgeRequest = {
  system: 'Judge. "check": the string "abc"',
  user: "data",
  schema: { type: "object" },
  maxTokens: 10,
  signal: new AbortController().signal,
};

describe("anthropic", () => {
  let server: ScriptedServer;
  beforeAll(async () => {
    server = await scriptedServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(() => {
    server.requests.length = 0;
  });
  const model = () =>
    anthropic({
      baseUrl: server.url.replace("/v1", ""),
      apiKey: () => "rotating",
      model: "claude",
      price: { input: 1, output: 2 },
    });

  it("forces the verdict tool and reads its input", async () => {
    server.next = [
      (_request, response) =>
        void response.end(
          JSON.stringify({
            model: "claude-1",
            content: [
              { type: "text", text: "Let me see." },
              { type: "tool_use", name: "verdict", input: { score: 1 } },
            ],
            stop_reason: "tool_use",
            usage: { input_tokens: 90, cache_read_input_tokens: 10, output_tokens: 5 },
          }),
        ),
    ];
    expect(await model().complete(request)).toEqual({
      text: '{"score":1}',
      finish: "stop",
      inputTokens: 100,
      outputTokens: 5,
      usd: 0.00011,
      model: "claude-1",
      attempts: 1,
    });
    const [sent] = server.requests;
    expect(sent?.url).toBe("/v1/messages");
    expect(sent?.headers).toMatchObject({ "x-api-key": "rotating", "anthropic-version": "2023-06-01" });
    expect(sent?.body).toMatchObject({
      system: request.system,
      max_tokens: 10,
      tool_choice: { type: "tool", name: "verdict" },
    });
  });

  it("tells cut-off and refused answers apart", async () => {
    const ends = (stop_reason: string) => {
      server.next = [
        (_request, response) =>
          void response.end(JSON.stringify({ content: [{ type: "text", text: "..." }], stop_reason })),
      ];
    };
    ends("max_tokens");
    expect((await model().complete(request)).finish).toBe("length");
    ends("refusal");
    expect(await model().complete(request)).toMatchObject({ finish: "refusal", text: "..." });
  });

  it("treats 529 as overload", async () => {
    server.next = [status(529)];
    server.fallback = honest();
    const fast = anthropic({ baseUrl: server.url.replace("/v1", ""), model: "claude", sleep: async () => {} });
    expect(await fast.complete(request)).toMatchObject({ attempts: 2 });
  });
});

describe("fromAiSdk", () => {
  const answering = (...results: unknown[]): AiSdkModel & { seen: unknown[] } => {
    const seen: unknown[] = [];
    return {
      modelId: "m",
      provider: "p",
      seen,
      async doGenerate(options) {
        seen.push(options);
        const result = results.shift();
        if (result instanceof Error) throw result;
        return result as never;
      },
    };
  };
  const retryable = Object.assign(new Error("busy"), { isRetryable: true, statusCode: 429 });

  it("reads the answers of versions 5 and 6", async () => {
    const five = answering({
      content: [{ type: "text", text: "{}" }],
      finishReason: "stop",
      usage: { inputTokens: 3, outputTokens: 4 },
    });
    expect(await fromAiSdk(five, { price: { input: 1, output: 1 } }).complete(request)).toMatchObject({
      text: "{}",
      finish: "stop",
      inputTokens: 3,
      usd: 0.000007,
    });
    expect(five.seen[0]).toMatchObject({
      responseFormat: { type: "json", name: "verdict" },
      maxOutputTokens: 10,
      temperature: 0,
    });
    const six = answering({
      content: [
        { type: "reasoning", text: "hm" },
        { type: "text", text: "{}" },
      ],
      finishReason: { unified: "content-filter", raw: "x" },
      usage: { inputTokens: { total: 3, noCache: 3 }, outputTokens: { total: 4 } },
      response: { modelId: "m-2026" },
    });
    expect(await fromAiSdk(six).complete(request)).toMatchObject({
      text: "{}",
      finish: "refusal",
      outputTokens: 4,
      model: "m-2026",
    });
  });

  it("retries what the SDK calls retryable, and nothing else", async () => {
    expect(await fromAiSdk(answering(retryable, fine), { backoffMs: 0 }).complete(request)).toMatchObject({
      attempts: 2,
    });
    const broken = answering(Object.assign(new Error("bad"), { isRetryable: false, statusCode: 400 }), fine);
    await expect(fromAiSdk(broken).complete(request)).rejects.toMatchObject({ code: "invalid" });
    const busy = answering(retryable, retryable);
    await expect(fromAiSdk(busy, { attempts: 2, backoffMs: 0 }).complete(request)).rejects.toMatchObject({
      code: "rate_limited",
    });
  });

  const fine = { content: [], finishReason: "stop", usage: {} };
  const asking = (seconds: number): Error =>
    Object.assign(new Error("busy"), {
      isRetryable: true,
      statusCode: 429,
      responseHeaders: { "retry-after": `${seconds}` },
    });

  it("waits with jitter, as long as the provider asks, and not over the longest wait", async () => {
    const waits: number[] = [];
    const options = { random: () => 0.5, sleep: async (ms: number) => void waits.push(ms) };
    await fromAiSdk(answering(retryable, asking(7), fine), options).complete(request);
    expect(waits).toEqual([375, 7000]);
    const later = fromAiSdk(answering(asking(60), fine), options).complete(request);
    await expect(later).rejects.toMatchObject({ code: "rate_limited", details: { retryAfterMs: 60_000 } });
    expect(waits).toHaveLength(2);
  });

  it("stops waiting when it is called off", async () => {
    const caller = new AbortController();
    const model = answering(retryable, fine);
    const call = fromAiSdk(model, { backoffMs: 15_000 }).complete({ ...request, signal: caller.signal });
    await vi.waitFor(() => expect(model.seen).toHaveLength(1));
    caller.abort();
    await expect(call).rejects.toMatchObject({ code: "timeout" });
    expect(model.seen).toHaveLength(1);
  });

  it("does not wait for a quota that is used up, and tells a wrong key from a wrong request", async () => {
    const quota = Object.assign(new Error("You exceeded your current quota"), { isRetryable: true, statusCode: 429 });
    const spent = fromAiSdk(answering(quota, fine), { backoffMs: 0 }).complete(request);
    await expect(spent).rejects.toMatchObject({ code: "forbidden" });
    const key = Object.assign(new Error("no such key"), { isRetryable: false, statusCode: 401 });
    await expect(fromAiSdk(answering(key)).complete(request)).rejects.toMatchObject({ code: "unauthorized" });
  });

  it("calls at most so often at once, and half as often when that is too much", async () => {
    let [underWay, most] = [0, 0];
    let failing = false;
    const model: AiSdkModel = {
      modelId: "m",
      provider: "p",
      async doGenerate() {
        most = Math.max(most, ++underWay);
        await new Promise(setImmediate);
        underWay--;
        if (failing) throw retryable;
        return fine;
      },
    };
    const judge = fromAiSdk(model, { maxConcurrent: 4, attempts: 1 });
    const round = async (calls: number): Promise<number> => {
      most = 0;
      await Promise.allSettled(Array.from({ length: calls }, () => judge.complete(request)));
      return most;
    };
    expect(await round(12)).toBe(4);
    failing = true;
    await round(4);
    failing = false;
    expect(await round(2)).toBe(1);
  });
});

describe("adaptiveLimit", () => {
  it("never runs more than allowed, halves on rate limits and recovers", async () => {
    const limit = adaptiveLimit(8);
    let underWay = 0;
    let most = 0;
    const call = (fail: boolean) =>
      limit.run(async () => {
        most = Math.max(most, ++underWay);
        await new Promise(setImmediate);
        underWay--;
        if (fail) throw new LoopsmithError("rate_limited", "slow", { hint: "" });
      });
    const round = async (count: number, fail: boolean): Promise<number> => {
      most = 0;
      await Promise.allSettled(Array.from({ length: count }, () => call(fail)));
      return most;
    };
    expect(await round(20, false)).toBe(8);
    await round(8, true);
    expect(await round(3, false)).toBeLessThanOrEqual(2);
    await round(100, false);
    expect(await round(20, false)).toBe(8);
  });

  it("refuses a base URL that is none", () => {
    expect(() => openAiCompatible({ baseUrl: "localhost", model: "m" })).toThrow(/Not a URL/);
  });
});
