import { DatabaseSync } from "@photostructure/sqlite";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { loopIdOf } from "../../src/model/id.ts";
import { fails, PROJECT } from "./chaos-loop.ts";
import { sqliteProblem } from "./integrity.ts";
import { startReceiver } from "./receiver.ts";
import type { Scenario } from "./scenario.ts";
import { sendLoad } from "./send-load.ts";
import { startNode } from "./start-node.ts";

const TOOLS = ["losetup", "mkfs.xfs", "mkfs.ext4", "mount", "umount"];
const IMAGE_MB = 512;
const HOST_MB = 4096;

/**
 * xfs (which can clone a file in an instant) holds an image, the image an ext4, the ext4 the database. A clone of the
 * image while the server writes is what a power cut would leave on the disk: what was not yet synced is not in it.
 */
export const powerCut: Scenario = {
  name: "power-cut",
  unavailable() {
    if (process.getuid?.() !== 0) return "needs root for loop devices";
    const missing = TOOLS.filter((tool) => spawnSync("which", [tool]).status !== 0);
    return missing.length > 0 ? `needs ${missing.join(", ")} (Debian: xfsprogs, e2fsprogs)` : null;
  },

  async run(context) {
    const { random, quick, broken, folder, say } = context;
    const cuts = quick ? 20 : 200;
    const undo: (() => void)[] = [];
    try {
      const { image, live, host } = buildDisk(folder, undo);
      await using receiver = await startReceiver({ random });
      const acknowledged = new Set<string>();
      let total = { lost: 0, doubled: 0, corrupt: 0 };
      let badCuts = 0;
      const database = { path: join(live, "l.db"), synchronous: broken ? ("normal" as const) : ("full" as const) };
      const node = await startNode({ database, receiver: receiver.url });
      undo.push(() => node.process.kill("SIGKILL"));
      const loads = [5, 20].map((batch) => sendLoad(node.url, acknowledged, { senders: 2, batch, pauseMs: 40 }));
      undo.push(() => loads.forEach((load) => void load.stop()));
      for (let cut = 0; cut < cuts; cut += 1) {
        await new Promise((resolve) => setTimeout(resolve, 50 + random() * 150));
        // Before the clone: what is acknowledged while it is made may be in it or not.
        const promised = [...acknowledged];
        const told = new Map([...receiver.ids].map(([traceId, ids]) => [traceId, new Set(ids)]));
        const clone = join(host, "clone.img");
        execFileSync("cp", ["--reflink=always", image, clone]);
        const found = inspect(clone, join(folder, "clone"), promised, told);
        total = sum(total, found);
        if (found.lost + found.doubled + found.corrupt > 0) badCuts += 1;
        rmSync(clone);
        if (cut % 20 === 19) say(`${cut + 1} cuts, ${acknowledged.size} acknowledged, ${badCuts} bad`);
      }
      await Promise.all(loads.map((load) => load.stop()));
      await node.kill();
      const ok = badCuts === 0 && acknowledged.size > cuts;
      const details = { acknowledged: acknowledged.size, badCuts, synchronous: database.synchronous };
      return { points: cuts, ...total, ok, details };
    } finally {
      for (const step of undo.reverse()) step();
    }
  },
};

type Counts = { lost: number; doubled: number; corrupt: number };

function sum(a: Counts, b: Counts): Counts {
  return { lost: a.lost + b.lost, doubled: a.doubled + b.doubled, corrupt: a.corrupt + b.corrupt };
}

function buildDisk(folder: string, undo: (() => void)[]): { image: string; live: string; host: string } {
  const run = (command: string, ...args: string[]): string =>
    execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  const quietly = (command: string, ...args: string[]): void => void spawnSync(command, args, { stdio: "ignore" });
  const [disk, host, live] = [join(folder, "disk.img"), join(folder, "host"), join(folder, "live")];
  for (const path of [host, live, join(folder, "clone")]) mkdirSync(path);
  run("truncate", "-s", `${HOST_MB}M`, disk);
  run("mkfs.xfs", "-q", "-m", "reflink=1", disk);
  run("mount", "-o", "loop", disk, host);
  undo.push(() => quietly("umount", "-l", host));
  const image = join(host, "image.img");
  run("truncate", "-s", `${IMAGE_MB}M`, image);
  run("mkfs.ext4", "-q", "-F", image);
  run("mount", "-o", "loop", image, live);
  undo.push(() => quietly("umount", "-l", live));
  return { image, live, host };
}

/** Mounts the clone, which replays the journal as after a cut, and looks what is left of the promises. */
function inspect(
  clone: string,
  mountPoint: string,
  promised: readonly string[],
  told: ReadonlyMap<string, ReadonlySet<string>>,
): Counts {
  const mounted = spawnSync("mount", ["-o", "loop", clone, mountPoint], { stdio: "ignore" });
  if (mounted.status !== 0) return { lost: 0, doubled: 0, corrupt: 1 };
  try {
    return inspectMounted(join(mountPoint, "l.db"), promised, told);
  } finally {
    const unmounted = spawnSync("umount", [mountPoint], { stdio: "ignore" });
    if (unmounted.status !== 0) spawnSync("umount", ["-l", mountPoint], { stdio: "ignore" });
  }
}

/** Asks the file itself: opening a whole store at each cut, and reading every trace, would take most of the time. */
function inspectMounted(
  path: string,
  promised: readonly string[],
  told: ReadonlyMap<string, ReadonlySet<string>>,
): Counts {
  if (sqliteProblem(path) !== null) return { lost: 0, doubled: 0, corrupt: 1 };
  const database = new DatabaseSync(path);
  try {
    const tables = database.prepare("select count(*) as count from sqlite_master where name = 'span'");
    // Not even the schema was synced.
    if ((tables.get() as { count: number }).count === 0) return { lost: promised.length, doubled: 0, corrupt: 0 };
    const missing = database.prepare(
      "select count(*) as count from json_each(?) as promised where not exists (select 1 from span where id = promised.value)",
    );
    const { count: lost } = missing.get(JSON.stringify(promised)) as { count: number };
    // Webhooks that went out for a decision the disk does not know: after the restart it would be made again.
    const verdicts = database.prepare("select trace_id from verdict where loop_id = ?");
    const rows = verdicts.all(loopIdOf({ name: PROJECT, projectName: PROJECT })) as { trace_id: string }[];
    const known = new Set(rows.map(({ trace_id }) => trace_id));
    const doubled = [...told.keys()].filter((traceId) => fails(traceId) && !known.has(traceId)).length;
    return { lost, doubled, corrupt: 0 };
  } finally {
    database.close();
  }
}
