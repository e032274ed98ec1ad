import { once } from "node:events";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LoopsmithError } from "../../model/errors.ts";
import { newId } from "../../model/id.ts";
import type { Score } from "../../model/score.ts";
import type { JsonObject } from "../../model/json.ts";
import { fromModule } from "../from-module.ts";
import { runEvaluator } from "../run-evaluator.ts";
import { inputsFixture, spanFixture, traceFixture } from "../trace.fixture.ts";
import { fenceFor } from "./fence.ts";
import type { IsolationOptions } from "./isolation-options.ts";

const POISON = new URL("./poison.fixture.ts", import.meta.url);

function judge(name: string, isolate: IsolationOptions = {}, inputs: JsonObject = {}): Promise<Score[]> {
  const evaluator = fromModule(POISON, { export: name, isolate, timeoutMs: 90_000 });
  return judgeWith(evaluator, inputs);
}

function judgeWith(evaluator: ReturnType<typeof fromModule>, inputs: JsonObject = {}): Promise<Score[]> {
  const [input] = inputsFixture(evaluator, traceFixture(spanFixture({ id: "root", name: "ask", inputs })));
  return runEvaluator(evaluator, input!);
}

async function failureOf(judged: Promise<unknown>): Promise<LoopsmithError> {
  const error: unknown = await judged.then(
    (value) => expect.fail(`it answered ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!LoopsmithError.isInstance(error)) throw error;
  expect(error.code).toBe("evaluator_failed");
  return error;
}

/** Processes that carry the mark in their environment, zombies aside. */
function marked(mark: string): number {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "utf8").includes(mark);
    } catch {
      return false;
    }
  }).length;
}

const canIsolate = ((): boolean => {
  try {
    fenceFor({ memoryMb: 256, network: false, whenUnenforceable: "refuse" });
    return process.platform === "linux";
  } catch {
    return false;
  }
})();

// A busy machine takes seconds to start a process from sources.
describe.runIf(canIsolate)("an isolated evaluator", { timeout: 180_000 }, () => {
  it("is called like any other, again and again in one process", async () => {
    const evaluator = fromModule(POISON, { export: "counts", isolate: true });
    expect(evaluator).toMatchObject({ name: "counts", version: "1", on: "trace", isolated: true });
    const [first] = await judgeWith(evaluator);
    const [second] = await judgeWith(evaluator);
    expect([first?.score, second?.score]).toEqual([1, 2]);
    expect(first).toMatchObject({ key: "counts", evaluator: "counts" });
    const replaced = fromModule(POISON, { export: "counts", isolate: { callsPerProcess: 1 } });
    await judgeWith(replaced);
    expect((await judgeWith(replaced))[0]?.score).toBe(1);
  });

  it("refuses at once a module or an export that is not there", () => {
    const missing = new URL("./nowhere.ts", import.meta.url);
    expect(() => fromModule(missing)).toThrow(/there is no evaluator module .*nowhere\.ts/);
    expect(() => fromModule(POISON, { export: "nothingOfTheKind", isolate: true })).toThrow(/has no export/);
  });

  it("sees the run it judges", async () => {
    const [score] = await judge("readsItself");
    expect(score).toMatchObject({ score: 1, comment: "ask" });
  });

  it("fails like any other when it throws or returns rubbish, and lives on", async () => {
    expect((await failureOf(judge("throws"))).message).toContain("no idea");
    expect((await failureOf(judge("returnsRubbish"))).details).toMatchObject({ reason: "rubbish" });
  });

  it("is killed at its timeout when it loops for ever", async () => {
    const mark = newId();
    const isolate = { env: { MARK: mark } };
    const judged = judgeWith(fromModule(POISON, { export: "loopsForEver", isolate, timeoutMs: 5_000 }));
    await expect.poll(() => marked(mark), { timeout: 4_000 }).toBe(1);
    const error = await failureOf(judged);
    expect(error.message).toContain("did not finish within 5000 ms and its process was killed");
    await expect.poll(() => marked(mark), { timeout: 20_000 }).toBe(0);
  });

  it("cannot take more memory than it is granted", async () => {
    const before = process.memoryUsage().rss;
    const heap = await failureOf(judge("allocatesObjects", { memoryMb: 128 }));
    expect(heap.message).toContain("its memory limit of 128 MB was reached");
    expect(heap.details).toMatchObject({ reason: "killed" });
    // Whether it hears of it or is ended, the message says which limit it was.
    const buffers = await failureOf(judge("allocatesUntilItThrows", { memoryMb: 128 }));
    expect(buffers.message).toContain("its memory limit of 128 MB was reached");
    // Either it hears that there is no more, or Node itself needed some and had to end.
    const most = await judge("allocatesUntilRefused", { memoryMb: 128 }).catch((error: unknown) => error);
    if (LoopsmithError.isInstance(most)) expect(most.details).toMatchObject({ reason: "killed" });
    else expect((most as Score[])[0]?.score).toBeLessThanOrEqual(128);
    const evaluator = fromModule(POISON, { export: "allocatesBuffers", isolate: { memoryMb: 128 }, timeoutMs: 5_000 });
    expect(["killed", "timeout"]).toContain((await failureOf(judgeWith(evaluator))).details["reason"]);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20);
  });

  it.each(["forks", "runsShell", "startsThread"])("starts no process and no thread of its own: %s", async (name) => {
    expect((await failureOf(judge(name))).message).toMatch(/access|permission/i);
  });

  it("writes no file", async () => {
    const path = join(tmpdir(), newId());
    expect((await failureOf(judge("writesFile", {}, { path }))).message).toMatch(/access|permission/i);
    expect(existsSync(path)).toBe(false);
  });

  it("reaches the network only where it is granted", async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked += 1;
      response.writeHead(204).end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect((await failureOf(judge("callsHome", {}, { url }))).message).toContain("isolate: { network: true }");
    expect(asked).toBe(0);
    expect((await judge("callsHome", { network: true }, { url }))[0]?.score).toBe(204);
    expect(asked).toBe(1);
    server.close();
  });

  it("sees only the environment it is given", async () => {
    const [score] = await judge("readsSecrets", { env: { MODEL_KEY: "granted" } });
    const seen = JSON.parse(score?.comment ?? "{}") as Record<string, string>;
    expect(seen["MODEL_KEY"]).toBe("granted");
    expect(Object.keys(seen).filter((name) => name in process.env && name !== "PATH" && name !== "PWD")).toEqual([]);
  });

  it("says why it ended", async () => {
    expect((await failureOf(judge("exits"))).message).toContain("ended with exit code 0 before it answered");
    const thrown = await failureOf(judge("throwsLater"));
    expect(thrown.message).toContain("exit code 1");
    expect((await failureOf(judge("talksTooMuch"))).message).toContain("answered more than 1 MB");
    expect((await judge("printsTooMuch"))[0]?.score).toBe(1);
    // A name that the text of the module only mentions.
    expect((await failureOf(judge("node:fs"))).message).toContain('no export "node:fs"');
  });
});

describe("what cannot be enforced", () => {
  const asked = { memoryMb: 512, network: false, whenUnenforceable: "refuse" } as const;
  const system = { platform: "linux", nodeVersion: "20.20.0", runs: () => true, nodeDataKb: () => 1 } as const;

  it("is refused, saying what and how to go on", () => {
    const bare = { ...system, runs: () => false };
    expect(() => fenceFor(asked, bare)).toThrow(/network is not denied/);
    expect(fenceFor({ ...asked, network: true }, bare).unenforced).toEqual([]);
    expect(fenceFor(asked, { ...bare, nodeVersion: "26.0.0" }).unenforced).toEqual([]);
    expect(() => fenceFor(asked, { ...bare, platform: "darwin", nodeVersion: "26.0.0" })).toThrow(/memory outside/);
  });

  it("is a warning where that was asked for", async () => {
    const warned = once(process, "warning");
    const fence = fenceFor(
      { ...asked, whenUnenforceable: "warn" },
      { ...system, platform: "darwin", runs: () => false },
    );
    expect(fence.unenforced).toHaveLength(2);
    const [warning] = (await warned) as [Error];
    expect(warning.message).toContain("cannot be isolated as asked for");
  });

  it("falls back to a user namespace without root", () => {
    const unprivileged = { ...system, runs: (_command: string, ...args: string[]) => args.includes("-r") };
    expect(fenceFor(asked, unprivileged).args).toContain("-r");
  });
});
