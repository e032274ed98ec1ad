import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loopIdOf } from "../../src/model/id.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { PROJECT } from "./chaos-loop.ts";
import { sqliteProblem } from "./integrity.ts";
import { sleep } from "./recovery.ts";
import { isOk, type Scenario } from "./scenario.ts";
import { sendLoad } from "./send-load.ts";

/** What the trace must say, by loop. On a busy machine the timeout may come before the offence. */
const REASONS: Record<string, RegExp> = {
  loopsForEver: /did not finish within/,
  allocates: /memory limit|did not finish within/,
  forks: /restricted|did not finish within/,
};
const PROBE_EVERY_MS = 250;
const PROBE_TIMEOUT_MS = 5_000;

/**
 * Evaluators that loop for ever, allocate without end, or fork, in processes of their own beside a loop that works. Its
 * negative control runs the endless one in the server's process.
 */
export const poisonedEvaluators: Scenario = {
  name: "poisoned-evaluators",
  unavailable: () => (process.platform === "linux" ? null : "memory and processes are fenced in on Linux only"),
  async run({ quick, broken, folder, say }) {
    const total = quick ? 10 : 100;
    const path = join(folder, "p.db");
    const file = fileURLToPath(new URL("poisoned-node.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", "./scripts/ts.mjs", file, path, String(!broken)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const closed = once(child, "close");
    const [said] = (await once(child.stdout, "data")) as [Buffer];
    const { url } = JSON.parse(String(said)) as { url: string };
    const acknowledged = new Set<string>();
    const load = sendLoad(url, acknowledged, { senders: 1, batch: 5, pauseMs: 50, total });
    let [probes, unanswered, mostMb] = [0, 0, 0];
    // Eight calls at a time, ten seconds each at most; and as much again for a busy machine.
    const giveUpAt = performance.now() + (Math.ceil(total / 8) + 1) * 20_000;
    while (performance.now() < giveUpAt && unanswered < 3) {
      const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) }).catch(() => null);
      probes += 1;
      if (!answer) unanswered += 1;
      await answer?.arrayBuffer();
      mostMb = Math.max(mostMb, memoryMb(child.pid ?? 0));
      if (probes % 40 === 0) say(`${probes} probes, ${unanswered} unanswered, the server has ${mostMb} MB`);
      const isDue = acknowledged.size === total && probes % 4 === 0;
      if (isDue && (await undecided(path, acknowledged)) === 0) break;
      await sleep(PROBE_EVERY_MS);
    }
    child.stdin.end();
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await closed;
    clearTimeout(timer);
    await load.stop();
    const { lost, unexplained } = await takeStock(path, acknowledged);
    const survivors = countSurvivors();
    const counts = { lost, doubled: 0, corrupt: sqliteProblem(path) === null ? 0 : 1 };
    const ok =
      isOk(counts) && acknowledged.size === total && unanswered === 0 && unexplained.length === 0 && survivors === 0;
    const details = {
      acknowledged: acknowledged.size,
      probes,
      unanswered,
      unexplained: unexplained.slice(0, 3),
      survivors,
      mostMb,
    };
    return { points: total * Object.keys(REASONS).length, ...counts, ok, details };
  },
};

/** Rows of all loops that nobody has brought to an end. */
async function undecided(path: string, acknowledged: ReadonlySet<string>): Promise<number> {
  await using store = await sqliteStore({ path });
  let open = 0;
  for (const name of ["healthy", ...Object.keys(REASONS)]) {
    const { byState } = await store.ledgerCounts({ loopId: loopId(name) });
    open += acknowledged.size - byState.decided - byState.failed;
  }
  return open;
}

async function takeStock(
  path: string,
  acknowledged: ReadonlySet<string>,
): Promise<{ lost: number; unexplained: string[] }> {
  await using store = await sqliteStore({ path });
  let lost = 0;
  const unexplained: string[] = [];
  for (const traceId of acknowledged) {
    const healthy = await store.ledgerGet({ loopId: loopId("healthy"), traceId });
    if (healthy?.state !== "decided") lost += 1;
    for (const [name, reason] of Object.entries(REASONS)) {
      const row = await store.ledgerGet({ loopId: loopId(name), traceId });
      if (row?.state !== "failed" || !reason.test(row.reason ?? "")) unexplained.push(`${name}: ${row?.reason}`);
    }
  }
  return { lost, unexplained };
}

function loopId(name: string): string {
  return loopIdOf({ name, projectName: PROJECT });
}

function memoryMb(pid: number): number {
  try {
    const [, pages = "0"] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
    return Math.round((Number(pages) * 4096) / 1e6);
  } catch {
    return 0;
  }
}

/** Processes that an evaluator started and that outlived it. */
function countSurvivors(): number {
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, "utf8").includes("\0-e\0for(;;);");
    } catch {
      return false;
    }
  }).length;
}
