import { describe, expect, it } from "vitest";
import { aDelivery } from "../../test/servers/a-delivery.ts";
import { deliveryContext } from "../../test/servers/delivery-context.ts";
import { scriptedHttp } from "../../test/servers/scripted-http.ts";
import { notify } from "./action-helpers.ts";
import { http } from "./http.ts";
import { pagerDuty } from "./pagerduty.ts";

const open = { allowPrivateNetworks: true };

describe("generic HTTP", () => {
  it("sends JSON with the delivery's id as idempotency key on every attempt", async () => {
    await using server = await scriptedHttp([503, 200]);
    const delivery = aDelivery(notify("ops", { title: "T", data: { team: "rag" } }));
    const destination = http({ url: `${server.url}/in`, method: "PUT", headers: { "X-Api-Key": () => "k" }, ...open });
    expect(await destination.deliver(delivery, deliveryContext())).toMatchObject({ status: "retry" });
    expect(await destination.deliver({ ...delivery, attempts: 1 }, deliveryContext())).toMatchObject({
      status: "delivered",
    });
    expect(server.requests).toHaveLength(2);
    for (const { method, path, headers, body } of server.requests) {
      expect([method, path, headers["idempotency-key"], headers["x-api-key"]]).toEqual([
        "PUT",
        "/in",
        delivery.id,
        "k",
      ]);
      expect(JSON.parse(body)).toMatchObject({
        id: delivery.id,
        title: "T",
        data: { team: "rag" },
        context: { key: "faithfulness" },
      });
    }
  });

  it("takes a body, a header name and final statuses of the user's own", async () => {
    await using server = await scriptedHttp([422]);
    const destination = http({
      url: server.url,
      body: ({ traceId }) => ({ traceId }),
      idempotencyHeader: "X-Request-Id",
      finalStatuses: [422],
      ...open,
    });
    const delivery = aDelivery(notify("ops"));
    expect(await destination.deliver(delivery, deliveryContext())).toMatchObject({ status: "dead" });
    expect(JSON.parse(server.requests[0]?.body ?? "")).toEqual({ traceId: delivery.traceId });
    expect(server.requests[0]?.headers["x-request-id"]).toBe(delivery.id);
  });

  it("stays behind the fence and keeps secret URLs out of reasons", async () => {
    const destination = http({ url: "http://127.0.0.1:9/token-canary" });
    const outcome = await destination.deliver(aDelivery(notify("ops")), deliveryContext());
    expect(outcome).toMatchObject({ status: "dead", reason: expect.stringContaining("allowPrivateNetworks") });
    expect(JSON.stringify(outcome)).not.toContain("canary");
  });

  it("tries again when a credential cannot be fetched", async () => {
    const destination = http({ url: () => Promise.reject(new Error("vault is sealed")) });
    expect(await destination.deliver(aDelivery(notify("ops")), deliveryContext())).toEqual({
      status: "retry",
      reason: "vault is sealed",
    });
  });
});

describe("PagerDuty", () => {
  it("triggers an event whose dedup key joins failures of one kind", async () => {
    await using server = await scriptedHttp([{ status: 202, body: { status: "success" } }]);
    const destination = pagerDuty({ routingKey: "r0ut1ng", apiUrl: server.url, ...open });
    const actions = [
      aDelivery(notify("page", { url: "https://traces.example/1" })),
      aDelivery(notify("page"), { traceId: "other" }),
    ];
    for (const delivery of actions) {
      expect(await destination.deliver(delivery, deliveryContext())).toEqual({
        status: "delivered",
        detail: "status 202",
      });
    }
    const [first, second] = server.requests.map(({ body }) => JSON.parse(body));
    expect(server.requests[0]?.path).toBe("/v2/enqueue");
    expect(first).toMatchObject({
      routing_key: "r0ut1ng",
      event_action: "trigger",
      client_url: "https://traces.example/1",
      payload: {
        summary: "faithfulness: faithfulness 0.31, below 0.7",
        source: "faithfulness",
        severity: "error",
        timestamp: "2026-11-23T12:00:00.000Z",
        custom_details: { Culprit: "retrieval (retriever)", Evidence: ["retrieval relevance 0.21 is below 0.5"] },
      },
    });
    expect(second.dedup_key).toBe(first.dedup_key);
    const elsewhere = aDelivery(notify("page"), { loop: "other" });
    await destination.deliver(elsewhere, deliveryContext());
    expect(JSON.parse(server.requests[2]?.body ?? "").dedup_key).not.toBe(first.dedup_key);
  });

  it("takes severity and dedup key by delivery, and a refused event as final", async () => {
    await using server = await scriptedHttp([{ status: 400, body: { status: "invalid event" } }, { status: 429 }]);
    const destination = pagerDuty({
      routingKey: "r",
      severity: ({ loop }) => (loop === "faithfulness" ? "critical" : "info"),
      dedupKey: () => "k".repeat(300),
      apiUrl: server.url,
      ...open,
    });
    expect(await destination.deliver(aDelivery(notify("page")), deliveryContext())).toMatchObject({ status: "dead" });
    expect(await destination.deliver(aDelivery(notify("page")), deliveryContext())).toMatchObject({ status: "retry" });
    const event = JSON.parse(server.requests[0]?.body ?? "");
    expect([event.payload.severity, event.dedup_key.length]).toEqual(["critical", 255]);
  });

  it("refuses to be made without a routing key", () => {
    expect(() => pagerDuty({ routingKey: "" })).toThrow(/pagerDuty\(\) needs `routingKey`/);
  });
});
