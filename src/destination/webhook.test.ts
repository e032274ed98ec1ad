import type { ServerResponse } from "node:http";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { aContext, aDelivery } from "../../test/servers/a-delivery.ts";
import { deliveryContext } from "../../test/servers/delivery-context.ts";
import {
  scriptedHttp,
  type ReceivedRequest,
  type ScriptedHttpServer,
  type Step,
} from "../../test/servers/scripted-http.ts";
import type { WebhookAction } from "../model/action.ts";
import { webhook } from "./action-helpers.ts";
import { secretNamed } from "./secret-named.ts";
import { webhookDestination } from "./webhook.ts";

const OLD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const OTHER = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;

const destination = webhookDestination({ allowPrivateNetworks: true, timeoutMs: 400 });

async function deliverTo(
  server: ScriptedHttpServer,
  options: Omit<WebhookAction, "action" | "url"> = {},
  path = "/hook",
) {
  return destination.deliver(aDelivery(webhook(`${server.url}${path}`, options)), deliveryContext());
}

function verified(request: ReceivedRequest | undefined, secret: string): unknown {
  return new Webhook(secret).verify(request?.body ?? "", request?.headers as Record<string, string>);
}

describe("a webhook", () => {
  it("carries id, time and signature of the specification, and a thin body", async () => {
    await using server = await scriptedHttp([200]);
    const delivery = aDelivery(webhook(`${server.url}/hook`, { secret: NEW, data: { team: "rag" } }));
    expect(await destination.deliver(delivery, deliveryContext())).toEqual({
      status: "delivered",
      detail: "status 200",
    });

    const [request] = server.requests;
    expect(request).toMatchObject({ method: "POST", path: "/hook" });
    expect(request?.headers).toMatchObject({ "content-type": "application/json", "webhook-id": delivery.id });
    expect(verified(request, NEW)).toEqual({
      type: "failure.detected",
      timestamp: "2026-11-23T12:00:00.000Z",
      data: { delivery_id: delivery.id, span_id: delivery.spanId, ...delivery.context, team: "rag" },
    });
  });

  it("gives the signature of the specification's own example", async () => {
    await using server = await scriptedHttp([200]);
    const delivery = aDelivery(webhook(server.url, { secret: OLD }), { id: "msg_p5jXN8AQM9LWM0D4loKWxJek" });
    await destination.deliver(delivery, deliveryContext({ now: () => 1_614_265_330_000 }));
    const [request] = server.requests;
    expect(request?.headers["webhook-timestamp"]).toBe("1614265330");
    const { createHmac } = await import("node:crypto");
    const text = `msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.`;
    const sign = (body: string): string =>
      createHmac("sha256", Buffer.from(OLD.slice(6), "base64"))
        .update(text + body)
        .digest("base64");
    expect(sign('{"test": 2432232314}')).toBe("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    expect(request?.headers["webhook-signature"]).toBe(`v1,${sign(request?.body ?? "")}`);
  });

  it("is signed with every secret during rotation, literal or named", async () => {
    await using server = await scriptedHttp([200]);
    const delivery = aDelivery(webhook(server.url, { secret: ["HOOK_SECRET", OTHER] }));
    const secrets = (name: string) => (name === "HOOK_SECRET" ? [NEW, OLD] : undefined);
    await destination.deliver(delivery, deliveryContext({ secrets }));
    const [request] = server.requests;
    for (const secret of [NEW, OLD, OTHER]) expect(verified(request, secret)).toBeTruthy();
    expect(() => verified(request, `whsec_${Buffer.alloc(32, 9).toString("base64")}`)).toThrow(/signature/);
  });

  it("waits for a secret that is not configured instead of going out unsigned", async () => {
    await using server = await scriptedHttp([200]);
    expect(await deliverTo(server, { secret: "MISSING" })).toEqual({
      status: "retry",
      reason: 'There is no secret named "MISSING".',
    });
    expect(server.connections).toBe(0);
  });

  it("goes out unsigned when the action has no secret, with headers of the user's own", async () => {
    await using server = await scriptedHttp([200]);
    const headers = { "X-Team": "rag", "X-Topic": "secret:TOKEN", Authorization: secretNamed("TOKEN") };
    const action = webhook(server.url, { headers });
    await destination.deliver(aDelivery(action), deliveryContext({ secrets: () => "Bearer t0ken" }));
    expect(server.requests[0]?.headers).toMatchObject({
      "x-team": "rag",
      "x-topic": "secret:TOKEN",
      authorization: "Bearer t0ken",
    });
    expect(server.requests[0]?.headers).not.toHaveProperty("webhook-signature");
  });

  it("keeps id and body on every attempt, and takes the time of the attempt", async () => {
    await using server = await scriptedHttp([500, 200]);
    const delivery = aDelivery(webhook(server.url, { secret: NEW }));
    const start = Date.now();
    await destination.deliver(delivery, deliveryContext({ now: () => start - 5_000 }));
    await destination.deliver({ ...delivery, attempts: 1 }, deliveryContext({ now: () => start }));
    const [first, second] = server.requests;
    expect(second?.body).toBe(first?.body);
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(Number(second?.headers["webhook-timestamp"]) - Number(first?.headers["webhook-timestamp"])).toBe(5);
    for (const request of [first, second]) expect(verified(request, NEW)).toBeTruthy();
  });

  it.each<[step: Step, outcome: object]>([
    [200, { status: "delivered" }],
    [204, { status: "delivered" }],
    [299, { status: "delivered" }],
    [
      { status: 301, headers: { location: "http://127.0.0.1:1/" } },
      { status: "retry", reason: "status 301; redirects are not followed" },
    ],
    [{ status: 307, headers: { location: "/elsewhere" } }, { status: "retry" }],
    [304, { status: "retry" }],
    [
      { status: 400, body: "no\r\nsuch  field" },
      { status: "retry", reason: "status 400: no such field" },
    ],
    [404, { status: "retry", reason: "status 404" }],
    [410, { status: "dead", disable: true }],
    [
      { status: 429, headers: { "retry-after": "120" } },
      { status: "retry", retryAfterMs: 120_000 },
    ],
    [
      {
        status: 503,
        headers: { "retry-after": "Mon, 23 Nov 2026 12:10:00 GMT", date: "Mon, 23 Nov 2026 12:00:00 GMT" },
      },
      { status: "retry", retryAfterMs: 600_000 },
    ],
    [{ status: 503, headers: { "retry-after": "soon" } }, { status: "retry" }],
  ])("answered with %j comes to %j", async (step, outcome) => {
    await using server = await scriptedHttp([step]);
    expect(await deliverTo(server)).toMatchObject(outcome);
    expect(server.requests.length).toBe(1);
  });

  it("quotes the beginning of a long answer", async () => {
    await using server = await scriptedHttp([{ status: 500, body: "x".repeat(5_000) }]);
    expect(await deliverTo(server)).toEqual({ status: "retry", reason: `status 500: ${"x".repeat(199)}…` });
  });

  it("is tried again when the receiver hangs, resets, or sends headers drop by drop", async () => {
    const drip = (response: ServerResponse): void => {
      response.socket?.write("HTTP/1.1 200 OK\r\n");
      const timer = setInterval(() => response.socket?.write("x-drop: 1\r\n"), 20);
      response.on("close", () => clearInterval(timer));
    };
    await using server = await scriptedHttp([() => undefined, (response) => response.socket?.resetAndDestroy(), drip]);
    expect(await deliverTo(server)).toEqual({ status: "retry", reason: "no answer within 400 ms" });
    expect(await deliverTo(server)).toMatchObject({
      status: "retry",
      reason: expect.stringMatching(/hang up|ECONNRESET/),
    });
    expect(await deliverTo(server)).toEqual({ status: "retry", reason: "no answer within 400 ms" });
  });

  it("is tried again when nobody listens", async () => {
    const gone = await scriptedHttp([200]);
    await gone[Symbol.asyncDispose]();
    expect(await deliverTo(gone)).toMatchObject({ status: "retry", reason: expect.stringContaining("ECONNREFUSED") });
  });

  it("takes the status as the answer when the body drips or breaks off", async () => {
    const drip = (response: ServerResponse): void => {
      response.writeHead(200, { "content-length": "1000" });
      const timer = setInterval(() => response.write("x"), 20);
      response.on("close", () => clearInterval(timer));
    };
    const breakOff = (response: ServerResponse): void => {
      response.writeHead(500, { "content-length": "1000" });
      response.write("half an answer", () => response.socket?.resetAndDestroy());
    };
    await using server = await scriptedHttp([drip, breakOff]);
    expect(await deliverTo(server)).toMatchObject({ status: "delivered" });
    expect(await deliverTo(server)).toMatchObject({ status: "retry", reason: expect.stringContaining("status 500") });
  });

  it("reads no more than a megabyte of an answer of 10 GB", async () => {
    const total = 10_000_000_000;
    const flood = (response: ServerResponse): void => {
      response.writeHead(200, { "content-length": String(total) });
      const chunk = Buffer.alloc(65_536, 120);
      const pour = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on("drain", pour);
      pour();
    };
    await using server = await scriptedHttp([flood]);
    expect(await deliverTo(server)).toMatchObject({ status: "delivered" });
    // What the two kernels buffer comes on top of the megabyte.
    expect(server.bytesSent()).toBeLessThan(20_000_000);
  });

  it("is a dead letter that says what to do when the fence refuses it", async () => {
    await using server = await scriptedHttp([200]);
    const fenced = webhookDestination();
    const outcome = await fenced.deliver(aDelivery(webhook(server.url)), deliveryContext());
    expect(outcome).toEqual({
      status: "dead",
      reason:
        "Refused to connect to 127.0.0.1: it is a loopback address. " +
        'If this receiver is yours, allow it: allowPrivateNetworks: ["127.0.0.1"].',
    });
    expect(server.connections).toBe(0);
  });

  it.each(["x", "é", "漢", "😀", "\u0001", '"'])("goes out, whatever a trace is made of (%j)", async (character) => {
    await using server = await scriptedHttp([200]);
    const long = character.repeat(25_000);
    const culprit = { span_id: "s", name: long, kind: long, evidence: Array.from({ length: 500 }, () => long) };
    const context = aContext("t", { culprit, key: long, reason: { id: "r", label: long } });
    const data = { mine: "x".repeat(14_900) };
    expect(await destination.deliver(aDelivery(webhook(server.url, { data }), { context }), deliveryContext())).toEqual(
      {
        status: "delivered",
        detail: "status 200",
      },
    );
    const sent = JSON.parse(server.requests[0]?.body ?? "") as { data: object };
    expect(sent.data).toMatchObject({ trace_id: "t", culprit: { span_id: "s" }, mine: data.mine });
  });

  it("is a dead letter when its own data make it over 20 kB", async () => {
    await using server = await scriptedHttp([200]);
    const delivery = aDelivery({ action: "webhook", url: server.url, data: { comment: "x".repeat(20_000) } });
    expect(await destination.deliver(delivery, deliveryContext())).toMatchObject({
      status: "dead",
      reason: expect.stringContaining("the limit is 20000"),
    });
    expect(server.connections).toBe(0);
  });

  it("is called off, without an outcome, when the process stops", async () => {
    await using server = await scriptedHttp([() => undefined]);
    const stopping = new AbortController();
    const pending = destination.deliver(aDelivery(webhook(server.url)), deliveryContext({ signal: stopping.signal }));
    setTimeout(() => stopping.abort(new Error("stopping")), 50);
    await expect(pending).rejects.toThrow("stopping");
    const late = destination.deliver(aDelivery(webhook(server.url)), deliveryContext({ signal: stopping.signal }));
    await expect(late).rejects.toThrow("stopping");
    expect(server.requests.length).toBe(1);
  });

  it("goes through an injected fetch", async () => {
    const seen: string[] = [];
    const fetch: typeof globalThis.fetch = async (url) => {
      seen.push(new Request(url).url);
      return new Response("ok");
    };
    const outcome = await webhookDestination().deliver(
      aDelivery(webhook("http://in.process/hook")),
      deliveryContext({ fetch }),
    );
    expect([outcome.status, seen]).toEqual(["delivered", ["http://in.process/hook"]]);
  });
});
