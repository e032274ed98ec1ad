import { describe, expect, it } from "vitest";
import { aContext, aDelivery } from "../../test/servers/a-delivery.ts";
import type { Delivery } from "../model/delivery.ts";
import { notify } from "./action-helpers.ts";
import { renderDigest } from "./digest.ts";

function failure(n: number, name: string, score: number): Delivery {
  const traceId = `trace-${n}`;
  const context = aContext(traceId, { score, culprit: { name, kind: "chain", span_id: "s", evidence: [] } });
  return aDelivery(notify("team"), { traceId, context, createdAt: Date.UTC(2026, 10, 23, 12, n) });
}

describe("a digest", () => {
  it("says how many, when, which kinds with a few traces each, and how many were held back", () => {
    const deliveries = [
      failure(0, "retrieval", 0.31),
      failure(1, "answer", 0.5),
      ...[2, 3, 4].map((n) => failure(n, "retrieval", 0.1 * n)),
    ];
    expect(renderDigest(deliveries, { suppressed: 7 })).toEqual({
      title: "faithfulness: 5 failures (7 more held back)",
      text: [
        "2026-11-23 12:00 UTC to 2026-11-23 12:04 UTC",
        "",
        "4 × faithfulness below 0.7, culprit retrieval: scores 0.2 to 0.4",
        "  trace trace-4",
        "  trace trace-3",
        "  trace trace-2",
        "",
        "1 × faithfulness below 0.7, culprit answer: score 0.5",
        "  trace trace-1",
      ].join("\n"),
      data: { failures: 5, kinds: 2, heldBack: 7 },
    });
  });

  it("stays short over a thousand deliveries of a hundred kinds, and loses no count", () => {
    const deliveries = Array.from({ length: 1_000 }, (_, n) => failure(n, `span-${n % 100}`, 0.1));
    const { title, text, data } = renderDigest(deliveries);
    expect([title, data]).toEqual(["faithfulness: 1000 failures", { failures: 1_000, kinds: 100, heldBack: 0 }]);
    expect(text.length).toBeLessThan(4_000);
    const counted = [...text.matchAll(/^(\d+) ×/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
    expect(counted).toBe(1_000);
    expect(text).toContain("900 × in 90 other kinds");
  });

  it("is an ordinary notification, with one failure too", () => {
    const { title, text, data } = renderDigest([failure(1, "retrieval", 0.3)]);
    expect(title).toBe("faithfulness: 1 failure");
    expect(notify("team", { title, text, data })).toMatchObject({ action: "notify", title });
  });
});
