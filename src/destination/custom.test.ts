import { describe, expect, it } from "vitest";
import { aDelivery } from "../../test/servers/a-delivery.ts";
import { deliveryContext } from "../../test/servers/delivery-context.ts";
import { custom } from "./action-helpers.ts";
import { customDestination } from "./custom.ts";
import { defineDestination } from "./destination.ts";

describe("a custom action", () => {
  it("calls the handler of its name with the delivery", async () => {
    const seen: unknown[] = [];
    const destination = customDestination({ page: (delivery) => void seen.push(delivery.id, delivery.action) });
    const delivery = aDelivery(custom("page", { data: { team: "rag" } }));
    expect(await destination.deliver(delivery, deliveryContext())).toEqual({ status: "delivered" });
    expect(seen).toEqual([delivery.id, delivery.action]);
  });

  it("may give an outcome, throw, hang, or be missing", async () => {
    const destination = customDestination(
      {
        refuse: () => ({ status: "dead", reason: "no such customer" }),
        throw: () => {
          throw new Error("database is down");
        },
        reject: async () => Promise.reject(new Error("database is gone")),
        hang: () => new Promise<void>(() => undefined),
      },
      { timeoutMs: 50 },
    );
    const deliver = (name: string) => destination.deliver(aDelivery(custom(name)), deliveryContext());
    expect(await deliver("refuse")).toEqual({ status: "dead", reason: "no such customer" });
    expect(await deliver("throw")).toEqual({ status: "retry", reason: "database is down" });
    expect(await deliver("reject")).toEqual({ status: "retry", reason: "database is gone" });
    expect(await deliver("hang")).toEqual({ status: "retry", reason: "no answer within 50 ms" });
    expect(await deliver("gone")).toMatchObject({
      status: "retry",
      reason: expect.stringContaining('no handler named "gone"'),
    });
    expect(await deliver("toString")).toMatchObject({ status: "retry" });
  });

  it("is called off when the process stops", async () => {
    const stopping = new AbortController();
    const destination = customDestination({ hang: () => new Promise<void>(() => undefined) });
    setTimeout(() => stopping.abort(new Error("stopping")), 20);
    const pending = destination.deliver(aDelivery(custom("hang")), deliveryContext({ signal: stopping.signal }));
    await expect(pending).rejects.toThrow("stopping");
  });
});

describe("a destination of one's own", () => {
  it("is checked where it is defined", () => {
    const mine = { kind: "mine", recording: false, deliver: async () => ({ status: "delivered" }) as const };
    expect(defineDestination(mine)).toBe(mine);
    expect(() => defineDestination({ ...mine, kind: "" })).toThrow(/needs `kind`, `recording` and `deliver`/);
  });
});
