import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createProgram } from "../src/cli/program.ts";
import type { RunReport } from "../src/cli/summary.ts";
import { LoopsmithError } from "../src/model/errors.ts";
import { openStore } from "../src/store/open-store.ts";
import { rootWrite } from "./contract/span-writes.ts";

interface Ended {
  out: string;
  code: string | null;
}

/** A folder whose store holds traces of this moment. */
async function folderWith(traces: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "loopsmith-report-"));
  await using store = await openStore({ dataDir: folder });
  const now = Date.now() - 1_000;
  await store.spanIngest({ spans: Array.from({ length: traces }, () => rootWrite({ startAt: now, endAt: now })) });
  return folder;
}

/** Drives the command line over a loop file in the folder. */
async function run(folder: string, loop: string, args: readonly string[] = ["--once"]): Promise<Ended> {
  const said: string[] = [];
  const terminal = { out: (text: string) => void said.push(text), err: () => undefined, interactive: false };
  const file = join(folder, "loop.mjs");
  const common =
    'projectName: "contract", threshold: 0.5, settleMs: 0, retryMs: 1, maxAttempts: 2, learn: false, writeScores: false';
  writeFileSync(file, `export default { ${common}, ${loop} };`);
  const [command = "run", ...rest] = args[0]?.startsWith("--") ? ["run", ...args] : args;
  const all = [command, file, ...rest, "--data-dir", folder];
  try {
    await createProgram(terminal, { LOOPSMITH_PORT: "0" }).parseAsync(all, { from: "user" });
    return { out: said.join("\n"), code: null };
  } catch (error) {
    return { out: said.join("\n"), code: LoopsmithError.isInstance(error) ? error.code : String(error) };
  }
}

describe("the report of a finite run", () => {
  it.each([
    ["throws", 'evaluator: () => { throw new Error("no model today"); }', /no model today/],
    ["hangs", "evaluator: () => new Promise(() => {}), evaluatorTimeoutMs: 20", /20 ms/],
    ["answers rubbish", "evaluator: () => NaN", /NaN/],
  ])("says what was not judged and why when the evaluator %s", async (_what, loop, reason) => {
    const folder = await folderWith(3);
    const { out, code } = await run(folder, loop);
    expect(out).toMatch(/^0 traces judged, 0 failed\n3 (could not be judged|deferred): /);
    expect(out).toMatch(reason);
    expect(out).not.toContain("Culprit spans");
    expect(code).toBe("evaluator_failed");
  });

  it("tells of what a budget deferred, and of verdicts without a score", async () => {
    const folder = await folderWith(5);
    const budgeted = await run(folder, 'evaluator: () => 1, budgets: [{ per: "day", calls: 2 }]');
    expect(budgeted.out).toMatch(
      /^2 traces judged, 0 failed \(0%\)\n3 deferred: the budget of the loop \(2 calls per day\)/,
    );
    expect(budgeted.code).toBe("budget_exhausted");

    const other = await run(await folderWith(2), "evaluator: () => 1, threshold: { other: 0.5 }");
    expect(other).toEqual({
      out: "0 traces judged, 0 failed\n2 without a score that the threshold speaks of",
      code: null,
    });
  });

  it("counts deliveries by kind, and what this call did beside what was done before", async () => {
    const folder = await folderWith(4);
    const loop = `evaluator: () => 0, throttle: false,
      destinations: { team: { kind: "t", recording: false, deliver: async () => ({ status: "dead", reason: "gone" }) } },
      actions: { later: async () => { throw new Error("not yet"); } },
      onFailure: () => [{ action: "tag", tag: "bad" }, { action: "notify", destination: "team" }, { action: "custom", name: "later" }]`;
    const backfill = ["backfill", "--since", "1d", "--limit", "3", "--json"];
    const first = JSON.parse((await run(folder, loop, backfill)).out) as RunReport;
    expect(first).toMatchObject({ traces: 3, failures: 3, total: { traces: 3, failures: 3 } });
    expect(first.deliveries).toMatchObject([
      { kind: "custom", delivered: 0, pending: 3, dead: 0 },
      { kind: "notify", delivered: 0, pending: 0, dead: 3 },
      { kind: "tag", delivered: 3, pending: 0, dead: 0 },
    ]);
    const second = JSON.parse((await run(folder, loop, backfill)).out) as RunReport;
    expect(second).toMatchObject({ traces: 1, failures: 1, total: { traces: 4, failures: 4 } });
    expect(second.culprits).toHaveLength(1);
    expect(second.deliveries.find(({ kind }) => kind === "tag")?.delivered).toBe(1);
  });
});
