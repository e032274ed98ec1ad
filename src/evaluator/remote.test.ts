import { createServer } from "node:http";
import type { IncomingHttpHeaders, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Score } from "../model/score.ts";
import { remoteEvaluator } from "./remote.ts";
import type { RemoteEvaluatorOptions } from "./remote.ts";
import { inputsFixture, spanFixture, traceFixture } from "./trace.fixture.ts";

const secret = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`;
const trace = traceFixture(spanFixture({ id: "root", inputs: { q: 1 }, outputs: { answer: "x" } }));

describe("remoteEvaluator", () => {
  let server: Server;
  let received: { headers: IncomingHttpHeaders; body: string }[];
  let script: ((response: ServerResponse) => void)[];

  beforeEach(async () => {
    received = [];
    script = [];
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        received.push({ headers: request.headers, body });
        (script.shift() ?? ((answer) => answer.end('{"score": 0.25, "comment": "meh"}')))(response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(
    () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );

  const waits: number[] = [];
  const evaluate = async (options: Partial<RemoteEvaluatorOptions> = {}): Promise<Score[]> => {
    const evaluator = remoteEvaluator({
      name: "remote",
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/judge`,
      secret,
      random: () => 1,
      sleep: async (ms) => void waits.push(ms),
      ...options,
    });
    const [input] = inputsFixture(evaluator, trace);
    return input ? evaluator.evaluate(input) : [];
  };
  const status =
    (code: number, headers: Record<string, string> = {}, body = "") =>
    (response: ServerResponse) =>
      void response.writeHead(code, headers).end(body);

  it("sends a signed request with the declared inputs and takes any result", async () => {
    const scores = await evaluate({ inputs: { answer: "outputs.answer" } });
    expect(scores).toMatchObject([{ key: "remote", score: 0.25, comment: "meh", spanId: "root" }]);
    const [request] = received;
    const body = new Webhook(secret).verify(request?.body ?? "", request?.headers as Record<string, string>);
    expect(body).toMatchObject({
      type: "evaluation.requested",
      data: { evaluator: "remote", inputs: { answer: "x" } },
    });
    expect(JSON.parse(request?.body ?? "")).toHaveProperty("data.trace_id", "root");
  });

  it("signs with both secrets during rotation, and not at all without one", async () => {
    const other = `whsec_${Buffer.from("fedcba9876543210fedcba9876543210").toString("base64")}`;
    await evaluate({ secret: [secret, other] });
    const headers = received[0]?.headers as Record<string, string>;
    for (const one of [secret, other]) new Webhook(one).verify(received[0]?.body ?? "", headers);
    await evaluate({ secret: [] });
    expect(received[1]?.headers["webhook-signature"]).toBeUndefined();
  });

  it("tries again with the same id, no sooner than the server asks", async () => {
    waits.length = 0;
    script = [status(503), status(429, { "retry-after": "2" })];
    expect((await evaluate())[0]?.score).toBe(0.25);
    expect(waits).toEqual([500, 2000]);
    expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  });

  it.each([
    ["gives up after three tries", [status(500), status(502), status(503)], "unavailable", 3],
    ["does not repeat what was refused", [status(400, {}, "bad input")], "invalid", 1],
    ["does not follow redirects", [status(302, { location: "http://169.254.169.254/" })], "unavailable", 1],
    ["hands back a wait that is too long", [status(429, { "retry-after": "3600" })], "rate_limited", 1],
    ["reports a wrong key", [status(401)], "unauthorized", 1],
    ["refuses what is not JSON", [status(200, {}, "<html>")], "unavailable", 1],
    ["stops reading an endless answer", [status(200, {}, `"${"x".repeat(2_000_000)}"`)], "too_large", 1],
    [
      "survives a dropped connection",
      [1, 2, 3].map(() => (response: ServerResponse) => void response.destroy()),
      "unavailable",
      3,
    ],
  ])("%s", async (_name, answers, code, calls) => {
    script = answers;
    await expect(evaluate()).rejects.toMatchObject({ name: "LoopsmithError", code });
    expect(received.length).toBe(calls);
  });

  it("refuses rubbish like any evaluator's", async () => {
    script = [status(200, {}, '{"score": "high"}')];
    await expect(evaluate()).rejects.toMatchObject({ code: "evaluator_failed" });
  });

  it("refuses URLs and secrets that cannot work", () => {
    expect(() => remoteEvaluator({ name: "r", url: "file:///etc/passwd" })).toThrow(/not an http/);
    expect(() => remoteEvaluator({ name: "r", url: "http://x.test", secret: "short%" })).toThrow(
      /not a Standard Webhooks/,
    );
  });
});
