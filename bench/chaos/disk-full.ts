import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createServer } from "../../src/server/index.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { until } from "../loop/until.ts";
import { chaosLoop } from "./chaos-loop.ts";
import { sqliteProblem } from "./integrity.ts";
import { startReceiver } from "./receiver.ts";
import { isOk, type Scenario } from "./scenario.ts";
import { sendLoad } from "./send-load.ts";
import { takeAccount } from "./settle-up.ts";

/** Several times what all rounds write: the disk must be full for the filler's sake, not for the database's. */
const DISK_MB = 512;

/** A small file system fills up under load and gets space again, several times over; nobody restarts anything. */
export const diskFull: Scenario = {
  name: "disk-full",
  unavailable: () => (process.getuid?.() === 0 ? null : "needs root to mount a small file system"),
  async run({ random, quick, broken, folder, say }) {
    const rounds = quick ? 2 : 20;
    const disk = join(folder, "disk");
    mkdirSync(disk);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_MB}m`, "tmpfs", disk]);
    if (mounted.status !== 0) throw new Error(`mount: ${String(mounted.stderr)}`);
    try {
      const filler = join(disk, "filler");
      const acknowledged = new Set<string>();
      const answers = new Map<number, number>();
      let firstAckMs = 0;
      await using receiver = await startReceiver({ random, lostAcks: 0 });
      const path = join(disk, "l.db");
      const store = await sqliteStore({ path });
      const server = createServer({ store });
      const loop = chaosLoop({ client: server, receiver: receiver.url });
      await loop.start();
      const send: typeof fetch = async (input, init) => {
        const response = await server.fetch(input as string, init);
        answers.set(response.status, (answers.get(response.status) ?? 0) + 1);
        // The negative control: whoever sends takes a refusal for an acknowledgement.
        return broken && !response.ok ? new Response(null, { status: 202 }) : response;
      };
      for (let round = 0; round < rounds; round += 1) {
        const loads = [5, 20].map((batch) =>
          sendLoad("http://loopsmith.internal", acknowledged, { senders: 1, batch, pauseMs: 15, send }),
        );
        try {
          await new Promise((resolve) => setTimeout(resolve, 200 + random() * 300));
          const refusedBefore = refused(answers);
          // The log has room of its own, and gives some back: it is filled until nothing is left anywhere.
          const isFull = (): boolean => {
            fill(filler);
            return refused(answers) > refusedBefore + 5;
          };
          await until(isFull, 120_000, 100);
          rmSync(filler);
          const freedAt = performance.now();
          const before = acknowledged.size;
          await until(() => acknowledged.size > before, 30_000);
          firstAckMs = Math.max(firstAckMs, performance.now() - freedAt);
        } finally {
          await Promise.all(loads.map((load) => load.stop()));
        }
        say(`${round + 1} times full, ${acknowledged.size} acknowledged`);
      }
      // What was in hand when the disk was full for the last time comes back when its leases have run out.
      const account = (): ReturnType<typeof takeAccount> => takeAccount(store, receiver.ids, acknowledged);
      await until(async () => (await account()).lost === 0, 90_000, 1_000).catch(() => undefined);
      const { lost, missing, doubled } = await account();
      await loop.stop();
      await store.close();
      const counts = { lost, doubled, corrupt: sqliteProblem(path) === null ? 0 : 1 };
      const statuses = Object.fromEntries(answers);
      const ok = isOk(counts) && Object.keys(statuses).every((status) => ["202", "200", "503"].includes(status));
      const firstAckAfterSpaceMs = Math.round(firstAckMs);
      const details = { acknowledged: acknowledged.size, missing, statuses, firstAckAfterSpaceMs };
      return { points: rounds, ...counts, ok, details };
    } finally {
      spawnSync("umount", ["-l", disk]);
    }
  },
};

function refused(answers: ReadonlyMap<number, number>): number {
  return answers.get(503) ?? 0;
}

/** Takes all the space there is. */
function fill(path: string): void {
  for (const size of [1 << 20, 1 << 16, 1 << 12]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: "a" });
    } catch {
      // Full to this grain.
    }
  }
}
