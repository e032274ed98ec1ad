import { describe, expect, it } from "vitest";
import { climbWithHooks } from "./climb-with-hooks.ts";
import type { BlameJudge, ReplaySpan } from "./climb-with-hooks.ts";
import { climbLadder } from "./ladder.ts";
import { sketchTrace } from "./trace.fixture.ts";

const trace = sketchTrace([
  { id: "root" },
  { id: "first", kind: "retriever", outputs: { documents: [] } },
  { id: "second", error: "boom" },
  { id: "third", kind: "llm", outputs: {} },
]);

describe("climbWithHooks", () => {
  it("is the ladder without hooks", async () => {
    expect(await climbWithHooks(trace, [])).toEqual(climbLadder(trace, []));
  });

  it("lets the judge choose from the shortlist it was shown", async () => {
    const shown: string[] = [];
    const judge: BlameJudge = async (_, shortlist) => {
      shown.push(...shortlist.map((suspect) => suspect.spanId));
      return { spanId: "first", reason: "nothing was found, so the rest was made up" };
    };
    const result = await climbWithHooks(trace, [], { judge });
    expect(shown).toEqual(["second", "first", "third"]);
    expect(result.method).toBe("judge");
    expect(result.culprit!.spanId).toBe("first");
    expect(result.culprit!.evidence.map((item) => item.kind)).toEqual(["judge", "structure"]);
  });

  it("ignores a judge that names a span it was not shown, or none", async () => {
    const invents: BlameJudge = async () => ({ spanId: "root", reason: "the trace told me to" });
    const passes: BlameJudge = async () => null;
    expect(await climbWithHooks(trace, [], { judge: invents })).toEqual(climbLadder(trace, []));
    expect(await climbWithHooks(trace, [], { judge: passes })).toEqual(climbLadder(trace, []));
    const tooFar: BlameJudge = async () => ({ spanId: "third", reason: "not on the list" });
    expect((await climbWithHooks(trace, [], { judge: tooFar, shortlist: 2 })).method).toBe("evidence");
  });

  it("does not ask about a trace without suspects", async () => {
    const quiet = sketchTrace([{ id: "root" }, { id: "a" }]);
    const judge: BlameJudge = async () => {
      throw new Error("must not be asked");
    };
    expect((await climbWithHooks(quiet, [], { judge })).method).toBe("not attributable");
  });

  it("takes a replay that fixes the failure as proof, and stops there", async () => {
    const tried: string[] = [];
    const replay: ReplaySpan = async (_, span) => {
      tried.push(span.id);
      return { fixed: span.id === "first", detail: "quality 0.9" };
    };
    const result = await climbWithHooks(trace, [], { replay });
    expect(tried).toEqual(["second", "first"]);
    expect(result.method).toBe("replay");
    expect(result.culprit).toMatchObject({ spanId: "first", score: 1 });
    expect(result.culprit!.evidence[0]!.text).toBe("correcting this span made the failure go away: quality 0.9");
    expect(result.runnersUp.map((suspect) => suspect.spanId)).toEqual(["third", "second"]);
  });

  it("puts spans cleared by replay last, and tries no more than allowed", async () => {
    const tried: string[] = [];
    const replay: ReplaySpan = async (_, span) => {
      tried.push(span.id);
      return { fixed: false };
    };
    const result = await climbWithHooks(trace, [], { replay, maxReplays: 1 });
    expect(tried).toEqual(["second"]);
    expect(result.culprit!.spanId).toBe("first");
    expect(result.runnersUp.map((suspect) => suspect.spanId)).toEqual(["third", "second"]);
  });

  it("aborts a hook that takes longer than it may, and says after how long", async () => {
    const aborted: string[] = [];
    const never = (name: string, signal: AbortSignal): Promise<null> =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          aborted.push(name);
          reject(signal.reason as Error);
        }),
      );
    const judge: BlameJudge = (_trace, _shortlist, _scores, signal) => never("judge", signal);
    const replay: ReplaySpan = (_trace, _span, signal) => never("replay", signal);
    const heard: string[] = [];
    const onHookError = (_: string, error: unknown) => heard.push((error as Error).message);
    const options = { judge, replay, maxReplays: 1, timeoutMs: 20, onHookError };
    expect(await climbWithHooks(trace, [], options)).toEqual(climbLadder(trace, []));
    expect(aborted).toEqual(["judge", "replay"]);
    expect(heard).toEqual(["the judge did not answer within 20 ms", "the replay did not answer within 20 ms"]);
  });

  it("keeps the attribution when a hook fails and someone listens; throws when nobody does", async () => {
    const judge: BlameJudge = async () => {
      throw new Error("model is down");
    };
    const heard: string[] = [];
    const onHookError = (rung: string, error: unknown) => heard.push(`${rung}: ${(error as Error).message}`);
    expect(await climbWithHooks(trace, [], { judge, onHookError })).toEqual(climbLadder(trace, []));
    expect(heard).toEqual(["judge: model is down"]);
    await expect(climbWithHooks(trace, [], { judge })).rejects.toThrow("model is down");
  });
});
