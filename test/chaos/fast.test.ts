import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { budgetOvershoot } from "../../bench/chaos/budget.ts";
import { clockJumps } from "../../bench/chaos/clock-jumps.ts";
import { removeCompiled } from "../../bench/chaos/compile.ts";
import { killAgainAndAgain } from "../../bench/chaos/kill.ts";
import { killBackfill } from "../../bench/chaos/kill-backfill.ts";
import type { ScenarioContext } from "../../bench/chaos/scenario.ts";
import { randomSource } from "../../src/internal/random.ts";

const folders: string[] = [];

function context(broken: boolean): ScenarioContext {
  const folder = mkdtempSync(join(tmpdir(), "loopsmith-chaos-test-"));
  folders.push(folder);
  return { random: randomSource(11), quick: true, broken, folder, postgresUrl: null, say: () => undefined };
}

afterAll(() => {
  removeCompiled();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

// `npm run chaos` runs all of them at length; these few say at every commit that nothing fundamental broke.
describe("chaos, the fast part", () => {
  it.each([
    [false, "keeps what it acknowledged through kills", true],
    [true, "is seen to lose it when it acknowledges too early", false],
  ])(
    "kill -9, broken on purpose: %s: %s",
    async (broken, _what, ok) => {
      const setting = context(broken);
      const result = await killAgainAndAgain(setting, { path: join(setting.folder, "l.db") }, 4);
      expect(result, JSON.stringify(result.details)).toMatchObject({ ok, doubled: 0, corrupt: 0 });
    },
    60_000,
  );

  it.each([
    [false, true],
    [true, false],
  ])(
    "kill -9 in the middle of a backfill, broken on purpose: %s",
    async (broken, ok) => {
      const result = await killBackfill(context(broken), 2);
      expect(result, JSON.stringify(result.details)).toMatchObject({ ok, doubled: 0, corrupt: 0 });
    },
    60_000,
  );

  it.each([
    [false, true],
    [true, false],
  ])(
    "budget, broken on purpose: %s",
    async (broken, ok) => {
      expect((await budgetOvershoot.run(context(broken))).ok).toBe(ok);
    },
    30_000,
  );

  it("loses nothing when the clock jumps", async () => {
    expect(await clockJumps.run(context(false))).toMatchObject({ lost: 0, doubled: 0, ok: true });
  }, 60_000);
});
