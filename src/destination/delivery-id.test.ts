import { describe, expect, it } from "vitest";
import type { Action } from "../model/action.ts";
import { isUuid } from "../model/id.ts";
import { addToAnnotationQueue, addToDataset, createFeedback, custom, notify, tag, webhook } from "./action-helpers.ts";
import { deliveryIds, type VerdictActions } from "./delivery-id.ts";

const recording = [addToAnnotationQueue("q"), addToDataset("d"), createFeedback("k"), tag("t")];
const notifying = [webhook("https://hooks.example/a"), custom("c"), notify("team")];

function ids(actions: readonly Action[], overrides: Partial<VerdictActions> = {}): string[] {
  return deliveryIds({ loop: "loop", traceId: "trace", revision: 1, actions, ...overrides });
}

describe("delivery ids", () => {
  it("are the same for the same verdict, distinct within it, and fit for a webhook-id header", () => {
    const all = [...recording, ...notifying];
    expect(ids(all)).toEqual(ids(all));
    expect(new Set(ids(all)).size).toBe(all.length);
    expect(ids(all).every(isUuid)).toBe(true);
  });

  it("leave the revision out for recording actions, and in for notifying ones", () => {
    expect(ids(recording, { revision: 2 })).toEqual(ids(recording));
    expect(ids(notifying, { revision: 2 }).filter((id) => ids(notifying).includes(id))).toEqual([]);
  });

  it("tell loops and traces apart", () => {
    expect(ids(recording, { loop: "other" })).not.toEqual(ids(recording));
    expect(ids(recording, { traceId: "other" })).not.toEqual(ids(recording));
  });

  it("depend on where an action goes, not on what it carries", () => {
    expect(ids([addToAnnotationQueue("q", { metadata: { score: 0.1 } })])).toEqual(ids([addToAnnotationQueue("q")]));
    expect(ids([addToDataset("d", { inputs: { a: 1 } })])).toEqual(ids([addToDataset("d")]));
    expect(ids([createFeedback("k", { score: 0 })])).toEqual(ids([createFeedback("k")]));
    expect(ids([notify("team", { title: "x" })])).toEqual(ids([notify("team")]));
    expect(ids([addToAnnotationQueue("q", { spanId: "s" })])).not.toEqual(ids([addToAnnotationQueue("q")]));
    expect(ids([webhook("https://hooks.example/b")])).not.toEqual(ids([webhook("https://hooks.example/a")]));
  });

  it("count repeated targets, whatever stands between them", () => {
    const [first, , second] = ids([addToDataset("d"), tag("t"), addToDataset("d")]);
    expect(first).not.toBe(second);
    expect(ids([addToDataset("d"), addToDataset("d")])).toEqual([first, second]);
  });
});
