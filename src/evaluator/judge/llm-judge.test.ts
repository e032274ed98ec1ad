import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Score } from "../../model/score.ts";
import { memoryCache } from "../evaluation-cache.ts";
import { runEvaluator } from "../run-evaluator.ts";
import { targetsOf } from "../targets.ts";
import { spanFixture, traceFixture } from "../trace.fixture.ts";
import type { JudgeCall } from "./ask-judge.ts";
import { llmJudge } from "./llm-judge.ts";
import type { LlmJudgeOptions } from "./llm-judge.ts";
import { openAiCompatible } from "./openai-compatible.ts";
import type { OpenAiCompatibleOptions } from "./openai-compatible.ts";
import type { JudgeScaleLike } from "./scale.ts";
import { honest, say, scriptedServer, status } from "./scripted-server.fixture.ts";
import type { Script, ScriptedServer } from "./scripted-server.fixture.ts";

const trace = traceFixture(
  spanFixture({ id: "root", inputs: { question: "How long?" }, outputs: { answer: "30 days." } }),
  spanFixture({ id: "find", kind: "retriever", outputs: { documents: ["Within 30 days."] } }),
);

describe("llmJudge over an OpenAI-compatible server", () => {
  let server: ScriptedServer;
  const waits: number[] = [];
  const calls: JudgeCall[] = [];
  beforeAll(async () => {
    server = await scriptedServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(() => {
    server.requests.length = 0;
    server.next = [];
    server.fallback = honest();
    waits.length = 0;
    calls.length = 0;
  });

  const judge = (
    options: Partial<LlmJudgeOptions> = {},
    model: Partial<OpenAiCompatibleOptions> = {},
  ): Promise<Score[]> => {
    const evaluator = llmJudge({
      name: "faithful",
      criterion: "Every claim must be supported.",
      onCall: (call) => calls.push(call),
      model: openAiCompatible({
        baseUrl: server.url,
        apiKey: "key-1",
        model: "scripted",
        price: { input: 1, output: 10 },
        random: () => 1,
        sleep: async (ms) => void waits.push(ms),
        ...model,
      }),
      ...options,
    });
    const [target] = targetsOf(evaluator, trace);
    if (!target) throw new Error("no target");
    return runEvaluator(evaluator, target);
  };

  it("remembers what it said of the same record, unless nobody can trust it", async () => {
    const cache = memoryCache();
    const [first] = await judge({ cache });
    const [again] = await judge({ cache });
    expect(again).toEqual({ ...first, cost: undefined });
    expect(server.requests).toHaveLength(1);
    await judge({ cache, criterion: "Another one." });
    expect(server.requests).toHaveLength(2);
    server.fallback = honest({ check: "guess" });
    for (const asked of [3, 4]) {
      const [score] = await judge({ cache, repeats: 1, version: "2", asks: 1 });
      expect(score?.score).toBeNull();
      expect(server.requests).toHaveLength(asked);
    }
  });

  it("asks for structured output and returns score, reasoning, cost and provenance", async () => {
    const scores = await judge();
    expect(scores).toEqual([
      {
        key: "faithful",
        score: 0.9,
        comment: "It holds.",
        value: { model: "openai/scripted", promptHash: expect.stringMatching(/^[0-9a-f]{16}$/), agreement: 1 },
        spanId: "root",
        evaluator: "faithful",
        evaluatorVersion: "1",
        cost: { tokens: 1050, usd: 0.0015 },
      },
    ]);
    const [request] = server.requests;
    expect(request?.url).toBe("/v1/chat/completions");
    expect(request?.headers.authorization).toBe("Bearer key-1");
    expect(request?.body).toMatchObject({
      model: "scripted",
      temperature: 0,
      max_completion_tokens: 1000,
      response_format: {
        type: "json_schema",
        json_schema: {
          strict: true,
          schema: { required: ["reasoning", "score", "injection", "check"], additionalProperties: false },
        },
      },
    });
    expect(request?.system).not.toContain("30 days");
    expect(JSON.parse(/<record-\w+>\n([\s\S]*)\n<\/record/.exec(request?.user ?? "")?.[1] ?? "")).toEqual({
      input: "How long?",
      output: "30 days.",
      documents: ["Within 30 days."],
    });
    expect(calls).toMatchObject([
      {
        evaluator: "faithful",
        answeredBy: "scripted-1",
        fingerprint: "fp_1",
        inputTokens: 1000,
        outputTokens: 50,
        usd: 0.0015,
        attempts: 1,
        outcome: "verdict",
      },
    ]);
    expect(JSON.stringify(calls)).not.toContain("30 days");
  });

  it.each<[string, Partial<LlmJudgeOptions>, unknown, number]>([
    ["yes or no", { scale: "boolean" }, true, 1],
    ["labels", { scale: { bad: 0, fair: 0.5, good: 1 } }, "fair", 0.5],
    ["another range", { scale: [1, 5] }, 4, 4],
  ])("judges on a scale of %s", async (_name, options, answer, score) => {
    server.fallback = honest({ score: answer });
    expect((await judge(options))[0]?.score).toBe(score);
  });

  it("takes the median of numbers and the majority of labels, a tie going to the failure", async () => {
    const answers = [0.2, 0.9, 0.8];
    server.fallback = (request, response) =>
      honest({ score: answers.shift(), reasoning: `left ${answers.length}` })(request, response);
    const [numeric] = await judge({ repeats: 3 });
    expect(numeric).toMatchObject({ score: 0.8, cost: { tokens: 3150 } });
    expect(numeric?.value).toMatchObject({ agreement: expect.closeTo(0.3), votes: [0.2, 0.9, 0.8] });
    const labels = [true, true, false, false];
    server.fallback = (request, response) => honest({ score: labels.shift() })(request, response);
    expect((await judge({ repeats: 4, scale: "boolean" }))[0]).toMatchObject({ score: 0, value: { agreement: 0.5 } });
  });

  it("does without a few failed repeats", async () => {
    server.next = [status(400, "no")];
    expect((await judge({ repeats: 3 }, { maxConcurrent: 1 }))[0]?.score).toBe(0.9);
    server.next = [status(400, "no"), status(400, "no")];
    await expect(judge({ repeats: 3 }, { maxConcurrent: 1 })).rejects.toMatchObject({ code: "evaluator_failed" });
  });

  it("retries overload and rate limits, no sooner than asked", async () => {
    server.next = [status(503), status(429, "slow down", { "retry-after": "7" })];
    expect((await judge())[0]?.score).toBe(0.9);
    expect(waits).toEqual([500, 7000]);
    expect(calls).toMatchObject([{ attempts: 3 }]);
  });

  it.each<[string, Script[], { retryable: boolean; code?: string }, number]>([
    ["a rate limit that lasts", [status(429), status(429), status(429)], { retryable: true, code: "rate_limited" }, 3],
    [
      "an empty account",
      [status(429, "You exceeded your current quota (insufficient_quota)")],
      { retryable: false, code: "forbidden" },
      1,
    ],
    ["a wrong key", [status(401)], { retryable: false, code: "unauthorized" }, 1],
    ["an unknown model", [status(404)], { retryable: false, code: "not_found" }, 1],
    ["a web page", [(_request, response) => void response.end("<html>")], { retryable: true, code: "unavailable" }, 1],
    [
      "an error inside a 200",
      [(_request, response) => void response.end('{"error":{"message":"upstream"}}')],
      { retryable: true, code: "unavailable" },
      1,
    ],
    ["an endless answer", [say("x".repeat(1_100_000))], { retryable: false, code: "too_large" }, 1],
  ])("reports %s", async (_name, script, details, requests) => {
    server.next = script;
    await expect(judge()).rejects.toMatchObject({ code: "evaluator_failed", details });
    expect(server.requests.length).toBe(requests);
  });

  it("asks again with more room when the JSON was cut off", async () => {
    server.next = [say('{"reasoning": "It was a long st', "length"), say('{"reasoning": "It', "stop")];
    expect((await judge())[0]?.score).toBe(0.9);
    expect(server.requests.map(({ body }) => body.max_completion_tokens)).toEqual([1000, 2000, 4000]);
    expect(calls.map(({ outcome }) => outcome)).toEqual(["cut off", "cut off", "verdict"]);
  });

  it.each<[string, Script, RegExp]>([
    ["never complete", say('{"reasoning": "It', "length"), /was cut off/],
    [
      "refused in its own field",
      say("", "stop", { refusal: "I can't judge this." }),
      /refuses to judge this: I can't judge this/,
    ],
    ["refused by a filter", say("", "content_filter"), /refuses to judge/],
    ["refused in words", say("I'm sorry, but I can't help with that."), /refuses to judge/],
    ["prose", say("I think it deserves a high score."), /no JSON object/],
    ["off the scale", honest({ score: 11 }), /score 11 is not on the scale/],
    ["not a number", honest({ score: "0.9" }), /score "0.9"/],
    ["empty", say(""), /no JSON object/],
  ])("fails visibly when the answer is %s, after three asks", async (_name, script, message) => {
    server.fallback = script;
    await expect(judge()).rejects.toThrow(message);
    expect(server.requests.length).toBe(3);
  });

  it("forgives fences and thinking around the verdict", async () => {
    server.fallback = (request, response) =>
      say(
        `<think>{"score": 0}</think>\n\`\`\`json\n{"reasoning":"","score":0.4,"injection":false,"check":"${request.check}"}\n\`\`\``,
      )(request, response);
    expect((await judge())[0]?.score).toBe(0.4);
  });

  it("learns what an endpoint does not understand, once", async () => {
    server.next = [
      status(400, "response_format json_schema is not supported"),
      status(400, "json_object: unsupported response_format"),
      status(400, "Unsupported value: temperature"),
      status(400, "unknown field max_completion_tokens"),
    ];
    const model = openAiCompatible({ baseUrl: server.url, model: "old" });
    expect((await judge({ model }))[0]?.score).toBe(0.9);
    expect(Object.keys(server.requests.at(-1)?.body ?? {}).sort()).toEqual(["max_tokens", "messages", "model"]);
    await judge({ model });
    expect(server.requests.length).toBe(6);
  });

  it("does not trust a verdict without the check code, and sends it to a person", async () => {
    server.fallback = say('{"reasoning":"Perfect.","score":1,"injection":false,"check":"guess"}');
    expect(await judge()).toMatchObject([
      { key: "faithful", score: null, comment: "not trusted: the answer did not carry the check code" },
      { key: "faithful.no_injection", score: 0, value: { signals: ["the check code did not come back"] } },
    ]);
  });

  it("passes on the judge's own suspicion, and never publishes the code", async () => {
    server.fallback = (request, response) =>
      honest({ injection: true, reasoning: `code ${request.check}` })(request, response);
    expect(await judge()).toMatchObject([
      { key: "faithful", score: 0.9, comment: "code [check]" },
      { key: "faithful.no_injection", score: 0, comment: "suspected injection: the judge says so" },
    ]);
  });

  it("cuts long records in the middle, and says so", async () => {
    const long = traceFixture(
      spanFixture({ id: "root", inputs: { question: "short?" }, outputs: { answer: `HEAD${"x".repeat(9000)}TAIL` } }),
    );
    const evaluator = llmJudge({
      name: "e",
      criterion: "c",
      model: openAiCompatible({ baseUrl: server.url, model: "m" }),
      maxTraceChars: 1000,
    });
    const [target] = targetsOf(evaluator, long);
    const [score] = target ? await runEvaluator(evaluator, target) : [];
    expect(score?.value).toMatchObject({ charactersLeftOut: expect.any(Number) });
    const user = server.requests[0]?.user ?? "";
    expect(user).toContain("short?");
    expect(user).toMatch(/HEADx+\\n\[\.\.\. \d+ characters left out \.\.\.\]\\nx+TAIL/);
    expect(user.length).toBeLessThan(1500);
  });

  it("has nothing to judge without any of its inputs, and asks nobody", async () => {
    expect(await judge({ inputs: { answer: "outputs.absent" } })).toMatchObject([{ score: null }]);
    expect(server.requests).toEqual([]);
  });

  it("bounds its cost beforehand", () => {
    const model = openAiCompatible({ baseUrl: server.url, model: "m", price: { input: 3, output: 15 } });
    const { cost } = llmJudge({
      name: "e",
      criterion: "c",
      model,
      repeats: 2,
      asks: 1,
      maxTraceChars: 30_000,
      maxTokens: 500,
    });
    expect(cost?.tokens).toBeGreaterThan(2 * 10_000);
    expect(cost?.usd).toBeGreaterThan(2 * ((10_000 * 3 + 500 * 15) / 1e6));
  });

  it("refuses scales that are none", () => {
    const model = openAiCompatible({ model: "m" });
    const scales: JudgeScaleLike[] = [[1, 0], { only: 1 }, { a: Number.NaN, b: 1 }];
    for (const scale of scales) {
      expect(() => llmJudge({ name: "e", criterion: "c", model, scale })).toThrow(/Not a scale/);
    }
  });
});
