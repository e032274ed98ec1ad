import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { createProgram } from "../src/cli/program.ts";
import { createFeedbackLoop } from "../src/loop.ts";
import { resolveSince, resolveUntil } from "../src/loop/window.ts";
import { LoopsmithError } from "../src/model/errors.ts";
import { openStore } from "../src/store/open-store.ts";
import { json, rootWrite } from "./contract/span-writes.ts";

const folder = mkdtempSync(join(tmpdir(), "loopsmith-errors-"));
let [traceId, deliveryId] = ["", ""];

beforeAll(async () => {
  await using store = await openStore({ dataDir: folder });
  const now = Date.now() - 1_000;
  const roots = Array.from({ length: 5 }, () => rootWrite({ startAt: now, endAt: now, outputs: json({ a: 1 }) }));
  await store.spanIngest({ spans: roots });
  await using loop = createFeedbackLoop({
    client: { store, subscribe: () => () => undefined },
    projectName: "contract",
    evaluator: () => 0,
    threshold: 0.5,
    settleMs: 0,
    learn: false,
    onFailure: () => ({ action: "tag", tag: "bad" }),
  });
  await loop.runOnce();
  const [delivery] = await loop.deliveries();
  [traceId, deliveryId] = [delivery?.traceId ?? "", delivery?.id ?? ""];
});

async function run(...args: string[]): Promise<string> {
  const said: string[] = [];
  const terminal = { out: (text: string) => void said.push(text), err: () => undefined, interactive: false };
  const all = [...args, "--data-dir", folder];
  await createProgram(terminal, { LOOPSMITH_PORT: "0" }).parseAsync(all, { from: "user" });
  return said.join("\n");
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const LOOP = 'projectName: "contract", name: "again", evaluator: () => 1, threshold: 0.5, settleMs: 0, learn: false';

describe("the command line", () => {
  it("shows one delivery whole, and knows which there are not", async () => {
    expect(await run("deliveries", deliveryId)).toMatch(new RegExp(`id +${deliveryId}[^]*"tag": "bad"`));
    expect(JSON.parse(await run("deliveries", deliveryId, "--json"))).toMatchObject({ delivery: { id: deliveryId } });
    await expect(run("deliveries", "nope")).rejects.toMatchObject({ code: "not_found" });
    await expect(run("replay", deliveryId, "nope")).rejects.toThrow(/^there is no delivery nope$/);
    expect(await run("replay", deliveryId, "--state", "delivered")).toMatch(/^1 deliveries/);
  });

  it("says that an id was cut short", async () => {
    await expect(run("status", "--trace", traceId.slice(0, 8))).rejects.toMatchObject({
      hint: expect.stringContaining("cut short") as string,
    });
  });

  it("judges no more than --limit with --once, and says when --dry-run left some out", async () => {
    const loop = file("limit.mjs", `export default { ${LOOP} };`);
    expect(await run("run", loop, "--once", "--limit", "3")).toMatch(/^3 traces judged/);
    expect(await run("run", loop, "--once", "--since", "1d")).toMatch(/^2 traces judged/);
    expect(await run("run", loop, "--dry-run", "--limit", "4")).toMatch(/4 traces since 7d \(there are more/);
    expect(await run("run", loop, "--dry-run", "--limit", "5")).toMatch(/5 traces since 7d, /);
  });

  it("takes a loop from CommonJS and from a promise, and says what is missing from one", async () => {
    const common = file("common.cjs", `module.exports = { ${LOOP.replace("again", "common")} };`);
    expect(await run("run", common, "--once")).toMatch(/^5 traces judged/);
    const promised = file("promise.mjs", `export default Promise.resolve({ ${LOOP.replace("again", "promise")} });`);
    expect(await run("run", promised, "--once")).toMatch(/^5 traces judged/);
    const named = file("named.mjs", "export const loop = {};");
    await expect(run("run", named, "--once")).rejects.toThrow(/exports no loop; it exports loop$/);
    const none = file("none.mjs", 'export default { projectName: "contract", threshold: 0.5 };');
    await expect(run("run", none, "--once")).rejects.toThrow(/evaluator/);
  });
});

describe("times", () => {
  it("are no bare numbers", () => {
    expect(() => resolveSince("99", Date.now())).toThrow(/since is "99"/);
    expect(() => resolveUntil("2999", Date.now())).toThrow(/no time to come/);
    expect(resolveSince("1793500000000", Date.now())).toBe(1_793_500_000_000);
    expect(resolveSince("2026-11-01", Date.now())).toBe(Date.parse("2026-11-01"));
  });
});

it("an action that names no destination or handler of the loop says so", async () => {
  await using store = await openStore({ dataDir: folder });
  const said: string[] = [];
  for (const action of [
    { action: "notify" as const, destination: "nobody" },
    { action: "custom" as const, name: "x" },
  ]) {
    await using loop = createFeedbackLoop({
      client: { store, subscribe: () => () => undefined },
      projectName: "contract",
      name: action.action,
      evaluator: () => 0,
      threshold: 0.5,
      settleMs: 0,
      maxAttempts: 1,
      learn: false,
      onFailure: () => action,
    });
    loop.on("error", ({ error }) =>
      said.push(LoopsmithError.isInstance(error) ? `${error.message} ${error.hint}` : ""),
    );
    await loop.runOnce({ limit: 1 });
  }
  expect(said).toEqual([
    'the loop has no destination "nobody" Add it to the loop\'s `destinations`. There are: none.',
    'the loop has no handler "x" of a custom action Add it to the loop\'s `actions`. There are: none.',
  ]);
});
