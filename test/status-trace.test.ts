import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { createProgram } from "../src/cli/program.ts";
import { defineEvaluator, fromModule } from "../src/evaluator/index.ts";
import { createFeedbackLoop } from "../src/loop.ts";
import type { FeedbackLoopOptions } from "../src/loop/options.ts";
import { LoopsmithError } from "../src/model/errors.ts";
import { openStore } from "../src/store/open-store.ts";
import { json, rootWrite } from "./contract/span-writes.ts";

/** What `loopsmith status --trace` prints, over the folder the loop wrote. */
async function statusOf(dataDir: string, traceId?: string): Promise<string> {
  const said: string[] = [];
  const terminal = { out: (text: string) => void said.push(text), err: () => undefined, interactive: false };
  await createProgram(terminal, {}).parseAsync(
    ["status", ...(traceId === undefined ? [] : ["--trace", traceId]), "--data-dir", dataDir],
    { from: "user" },
  );
  return said.join("\n");
}

type Options = Partial<FeedbackLoopOptions>;
const away = defineEvaluator({
  name: "paid",
  evaluate: () => {
    throw new LoopsmithError("unauthorized", "the provider refuses the key", { hint: "Look at the key." });
  },
});
const broken = defineEvaluator({
  name: "broken",
  evaluate: () => {
    throw new Error("no model today");
  },
});
const endless = fromModule(new URL("../src/evaluator/isolation/poison.fixture.ts", import.meta.url), {
  export: "loopsForEver",
  isolate: { whenUnenforceable: "warn" },
  timeoutMs: 3_000,
});

it.each<[string, Options & { open?: true }, RegExp]>([
  [
    "still settling",
    { settleMs: 3_600_000 },
    /settling, revision 1, 0 attempts, due .*\n {2}why: .* nothing more arrives until then/,
  ],
  ["still running", { open: true }, /settling, .*\n {2}why: .*root has not ended/],
  ["sampled out", { sample: 0 }, /skipped, .*\n {2}why: sampled out/],
  ["out of budget", { budgets: [{ per: "month", calls: 0 }] }, /deferred, .*due .*\n {2}why: the budget of the loop/],
  ["failed by its evaluator", { evaluator: broken, maxAttempts: 2 }, /2 attempts[^]*no model today[^]*verdict: error/],
  [
    "killed with its evaluator",
    { evaluator: endless, maxAttempts: 1 },
    /did not finish within 3000 ms and its process was killed/,
  ],
  [
    "paused with its provider",
    { evaluator: away },
    /deferred, .*0 attempts.*\n {2}why: the evaluator "paid" is paused/,
  ],
  [
    "scored under other keys",
    { evaluator: () => ({ key: "a", score: 1 }), threshold: { b: 0.5 } },
    /decided[^]*why: its scores are a 1; the threshold speaks of b\n {2}verdict: unscored/,
  ],
  ["delivered", {}, /decided[^]*verdict: fail[^]*add_to_annotation_queue: delivered at 20/],
])("says of a trace that is %s where it stands and why", async (_state, { open, ...options }, expected) => {
  const dataDir = mkdtempSync(join(tmpdir(), "loopsmith-why-"));
  const traceId = await run(dataDir, open ?? false, options);
  expect(await statusOf(dataDir, traceId)).toMatch(expected);
});

it("lets no trace vanish from the table of loops", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "loopsmith-why-"));
  await run(dataDir, false, { name: "sampled", sample: 0 });
  await run(dataDir, false, { name: "budgeted", budgets: [{ per: "month", calls: 0 }] });
  const said = await statusOf(dataDir);
  expect(said).toMatch(/pass +fail +unscored +error +deferred +skipped/);
  expect(said).toMatch(/sampled: 1 skipped, because sampled out/);
  expect(said).toMatch(/budgeted: 2 deferred, because the budget of the loop/);
  expect(said).toMatch(/budgeted: 0 of 0 calls used this month/);
});

async function run(dataDir: string, isOpen: boolean, options: Options): Promise<string> {
  await using store = await openStore({ dataDir });
  const now = Date.now();
  const root = rootWrite({ startAt: now, endAt: isOpen ? null : now, outputs: json({ answer: "bad" }) });
  await store.spanIngest({ spans: [root] });
  await using loop = createFeedbackLoop({
    client: { store, subscribe: () => () => undefined },
    projectName: "contract",
    evaluator: () => 0,
    threshold: 0.5,
    settleMs: 0,
    retryMs: 1,
    learn: false,
    onFailure: () => ({ action: "add_to_annotation_queue", queueName: "review" }),
    ...options,
  });
  if (options.settleMs === undefined) await loop.runOnce();
  else {
    // `runOnce` would wait for it.
    await loop.start();
    await vi.waitFor(async () => expect((await loop.status()).traces.settling).toBe(1), { timeout: 20_000 });
  }
  return root.id;
}
