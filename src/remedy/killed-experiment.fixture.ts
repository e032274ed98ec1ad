import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { JsonObject } from "../model/json.ts";
import { openStore } from "../store/open-store.ts";
import { memoryJournal } from "./experiment-journal.ts";
import type { GateVerdict } from "./gate-verdict.ts";
import { answerTo, killedOptions } from "./killed-options.fixture.ts";
import type { Payment } from "./killed-options.fixture.ts";
import { memoryPlatform } from "./memory-platform.fixture.ts";
import { runExperiment } from "./run-experiment.ts";

/** Where in an exchange the process dies: before the provider hears of it, after it was paid but unanswered, after the answer. */
const MOMENTS = ["before", "unanswered", "answered"] as const;

export interface KilledExperiment {
  verdict: GateVerdict;
  /** Processes killed. */
  kills: number;
  /** Calls the provider was paid for, and how many different ones. */
  payments: number;
  distinct: number;
  /** Calls open in the journal at each kill. */
  inFlight: number[];
  /** What the provider took in, and what the journal says was spent. */
  chargedUsd: number;
  journalUsd: number;
  /** Runs on the platform by arm, and feedback ids on them. */
  runs: number[];
  feedback: { total: number; distinct: number };
  seconds: number;
}

/**
 * Runs a 400-example experiment in child processes against a provider and a platform in this one, killing the process
 * (SIGKILL) at every request number given, counted from the start, and starting it again.
 */
export async function killedExperiment(dataDir: string, killAt: readonly number[]): Promise<KilledExperiment> {
  const startedAt = performance.now();
  const platform = memoryPlatform();
  const payments = new Map<string, number>();
  let [requests, chargedUsd, child] = [0, 0, undefined as ChildProcess | undefined];
  const pending = [...killAt].sort((a, b) => a - b);
  const pay = (payment: Payment): JsonObject => {
    payments.set(payment.key, (payments.get(payment.key) ?? 0) + 1);
    chargedUsd += payment.config ? 0.01 : 0.001;
    return answerTo(payment);
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      requests += 1;
      const due = pending[0] !== undefined && requests >= pending[0];
      if (due) pending.shift();
      const moment = due ? MOMENTS[pending.length % MOMENTS.length] : undefined;
      void answer(request.url ?? "", JSON.parse(Buffer.concat(chunks).toString()), response, moment);
    });
  });
  async function answer(
    url: string,
    body: unknown,
    response: ServerResponse,
    moment?: (typeof MOMENTS)[number],
  ): Promise<void> {
    if (moment === "before") return void child?.kill("SIGKILL");
    const method = /^\/platform\/(\w+)$/.exec(url)?.[1] as keyof typeof platform | undefined;
    const result = method
      ? await (platform[method] as (params: unknown) => Promise<unknown>)(body)
      : pay(body as Payment);
    if (moment === "unanswered") return void child?.kill("SIGKILL");
    response.end(JSON.stringify(result ?? null), () => {
      if (moment === "answered") child?.kill("SIGKILL");
    });
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const inFlight: number[] = [];
  let [printed, kills] = ["", 0];
  for (;;) {
    const script = new URL("./killed-child.fixture.ts", import.meta.url).pathname;
    child = spawn(process.execPath, ["--import", "./scripts/ts.mjs", script, url, dataDir], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    printed = "";
    child.stdout?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    if (signal !== "SIGKILL") {
      if (code !== 0) throw new Error(`the experiment ended with ${code}`);
      break;
    }
    kills += 1;
    inFlight.push(await openCalls(dataDir));
  }
  server.closeAllConnections();
  server.close();

  const { verdict, spentUsd } = JSON.parse(printed) as { verdict: GateVerdict; spentUsd: number };
  const results = await Promise.all(
    ["baseline", "wider"].map(async (arm) => {
      const found = await platform.experimentFind({ nameOrId: `killed: ${arm}` });
      return platform.resultList({ experimentId: found?.id ?? "" });
    }),
  );
  const feedback = results.flat().flatMap((result) => result.scores.map((score) => score.id));
  return {
    verdict,
    kills,
    payments: [...payments.values()].reduce((sum, count) => sum + count, 0),
    distinct: payments.size,
    inFlight,
    chargedUsd,
    journalUsd: spentUsd,
    runs: results.map((runs) => runs.length),
    feedback: { total: feedback.length, distinct: new Set(feedback).size },
    seconds: (performance.now() - startedAt) / 1000,
  };
}

/** Calls the store knows to be under way: reserved and not settled. */
async function openCalls(dataDir: string): Promise<number> {
  await using store = await openStore({ dataDir });
  return (await store.remedyCallTotals({ remedyId: "killed" })).open;
}

/** The same experiment in this process, left alone: its verdict and how many calls it needs. */
export async function undisturbedExperiment(): Promise<{ verdict: GateVerdict; calls: number; runs: number }> {
  const pay = async (payment: Payment | { key: string; outputs: JsonObject | null }): Promise<JsonObject> =>
    answerTo(payment as Payment);
  const { candidates, baseline, calls } = await runExperiment(killedOptions(pay, memoryPlatform(), memoryJournal()));
  const [candidate] = candidates;
  if (!candidate?.verdict) throw new Error("no verdict");
  return { verdict: candidate.verdict, calls: calls.paid, runs: baseline.runs + candidate.runs };
}
