import { describe, expect, it } from "vitest";
import { LoopsmithError } from "../../model/errors.ts";
import type { VerdictRecord } from "../../store/resource/ledger.ts";
import { createRecorder } from "./recorder.ts";

const record = (id: string): VerdictRecord => ({ verdict: { id }, leaseToken: "t", deliveries: [] }) as never;

function away(): LoopsmithError {
  return new LoopsmithError("unavailable", "the database is away", { hint: "Wait." });
}

describe("createRecorder", () => {
  it("tries again what was judged while the database is away, all of it together", async () => {
    const tried: string[][] = [];
    const write = createRecorder({
      verdictRecord({ records }) {
        tried.push(records.map(({ verdict }) => verdict.id));
        return tried.length < 3 ? Promise.reject(away()) : Promise.resolve(new Set(["a", "b"]));
      },
    });
    expect(await Promise.all([write(record("a")), write(record("b"))])).toEqual([true, true]);
    expect(tried).toEqual([
      ["a", "b"],
      ["a", "b"],
      ["a", "b"],
    ]);
  });

  it("lets go when it is told to stop", async () => {
    const stopping = new AbortController();
    const write = createRecorder({
      verdictRecord() {
        stopping.abort();
        return Promise.reject(away());
      },
    });
    await expect(write(record("a"), stopping.signal)).rejects.toMatchObject({ code: "unavailable" });
  });

  it("writes the others one by one when the database refuses one of them", async () => {
    const write = createRecorder({
      verdictRecord({ records }) {
        const ids = records.map(({ verdict }) => verdict.id);
        if (ids.includes("bad")) {
          return Promise.reject(new LoopsmithError("internal", "refused", { hint: "Report it." }));
        }
        return Promise.resolve(new Set(ids));
      },
    });
    const results = await Promise.allSettled(["a", "bad", "b"].map((id) => write(record(id))));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });
});
