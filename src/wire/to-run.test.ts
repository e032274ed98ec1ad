import type { Run } from "langsmith/schemas";
import { describe, expect, it } from "vitest";
import { createSpan, createTrace, type Span, type Trace } from "../model/trace.ts";
import { toRun, toRuns } from "./to-run.ts";

const TIMES = { startAt: 1_700_000_000_000.123, endAt: 1_700_000_001_000 };

const span = (id: string, parentId: string | null, over: Partial<Span> = {}): Span =>
  createSpan({ id, traceId: "root", parentId, name: id, ...TIMES, ...over });

const traceOf = (...spans: Span[]): Trace => createTrace(spans[0]!, spans, { projectId: "p", projectName: "demo" });

describe("toRun", () => {
  it("nests every level and is a LangSmith Run", () => {
    const run: Run = toRun(
      traceOf(span("root", null, { outputs: { answer: 1 } }), span("a", "root"), span("b", "a"), span("c", "root")),
    );
    expect(run.child_runs?.map((child) => child.name)).toEqual(["a", "c"]);
    expect(run.child_runs?.[0]?.child_runs?.map((child) => child.name)).toEqual(["b"]);
    expect(run.child_run_ids).toEqual(["a", "c"]);
    expect(run.outputs).toEqual({ answer: 1 });
    expect(run.session_id).toBe("p");
  });

  it("writes times in UTC with microseconds, and leaves absent fields out", () => {
    const run = toRun(traceOf(span("root", null, { endAt: null })));
    expect(run.start_time).toBe("2023-11-14T22:13:20.000123Z");
    expect("end_time" in run).toBe(false);
    expect("error" in run).toBe(false);
    expect("outputs" in run).toBe(false);
    expect("parent_run_id" in run).toBe(false);
  });

  it("keeps orphans, cycles and repeated ids, each once", () => {
    const run = toRun(
      traceOf(
        span("root", null),
        span("orphan", "never arrived"),
        span("x", "y"),
        span("y", "x"),
        span("self", "self"),
        span("orphan", "never arrived"),
      ),
    );
    expect(run.child_run_ids).toEqual(["orphan", "self", "x"]);
    expect(run.child_runs[2]?.child_run_ids).toEqual(["y"]);
    expect(run.child_runs[2]?.child_runs[0]?.child_runs).toEqual([]);
  });

  it("sums feedback by key", () => {
    const run = toRun(
      traceOf(
        span("root", null, {
          scores: [
            { key: "quality", score: 1 },
            { key: "quality", score: 0 },
            { key: "__proto__", score: null, value: "bad" },
          ],
        }),
      ),
    );
    expect(run.feedback_stats.quality).toEqual({ n: 2, avg: 0.5, values: {} });
    expect(Object.getOwnPropertyDescriptor(run.feedback_stats, "__proto__")?.value).toEqual({
      n: 1,
      avg: null,
      values: { bad: 1 },
    });
  });

  it("survives a chain of 20,000 levels", () => {
    const spans = Array.from({ length: 20_000 }, (_, i) => span(String(i), i === 0 ? null : String(i - 1)));
    const runs = toRuns(traceOf(...spans));
    expect(runs.size).toBe(20_000);
    expect(runs.get("19998")?.child_run_ids).toEqual(["19999"]);
  });
});
