import { spawnSync } from "node:child_process";
import { LoopsmithError } from "../../model/errors.ts";
import type { ResolvedIsolation } from "./isolation-options.ts";

/** How the isolated process is started, and what this system could not take from it. */
export interface Fence {
  command: string;
  /** Before Node's own arguments. */
  args: string[];
  nodeArgs: string[];
  /** What was asked for and is not enforced, one sentence each. */
  unenforced: string[];
}

export interface FenceSystem {
  platform: NodeJS.Platform;
  /** As in `process.versions.node`. */
  nodeVersion: string;
  /** Whether a command runs here and ends with 0. */
  runs(command: string, ...args: string[]): boolean;
  /** Private memory in KB that Node maps before it runs anything; since Node 24 half a GB is set aside for code alone. */
  nodeDataKb(): number;
}

/** Where the wrappers are looked for; the environment of this process is not passed on. */
export const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** Share of the memory limit that the JavaScript heap may take, so that it reports its own end before the system does. */
const HEAP_SHARE = 0.75;
const PROBE_TIMEOUT_MS = 5_000;

const probed = new Map<string, boolean>();
let dataKb: number | undefined;
const READ_DATA_KB = `process.stdout.write(/VmData:\\s*(\\d+)/.exec(fs.readFileSync("/proc/self/status", "utf8"))[1])`;

const HERE: FenceSystem = {
  platform: process.platform,
  nodeVersion: process.versions.node,
  runs(command, ...args) {
    const key = [command, ...args].join(" ");
    const known = probed.get(key);
    if (known !== undefined) return known;
    const env = { PATH: SYSTEM_PATH };
    const { status } = spawnSync(command, args, { stdio: "ignore", timeout: PROBE_TIMEOUT_MS, env });
    probed.set(key, status === 0);
    return status === 0;
  },
  nodeDataKb: () =>
    (dataKb ??= Number(
      spawnSync(process.execPath, ["-e", READ_DATA_KB], { env: {}, timeout: PROBE_TIMEOUT_MS }).stdout,
    )),
};

/**
 * Chooses how to take the network, the memory and the system from a process here. Node's permission model denies writing
 * files, child processes, threads and native addons on every system; the kernel does the rest, on Linux.
 *
 * @throws LoopsmithError `not_implemented` when something asked for cannot be enforced, unless a warning is enough
 */
export function fenceFor(
  options: Pick<ResolvedIsolation, "memoryMb" | "network" | "whenUnenforceable">,
  system: FenceSystem = HERE,
): Fence {
  const { memoryMb, network } = options;
  const [major = 0, minor = 0] = system.nodeVersion.split(".").map(Number);
  const isNamed = major >= 24 || (major === 22 && minor >= 13);
  const nodeArgs = [
    isNamed ? "--permission" : "--experimental-permission",
    "--allow-fs-read=*",
    "--no-warnings",
    `--max-old-space-size=${Math.floor(memoryMb * HEAP_SHARE)}`,
  ];
  const unenforced: string[] = [];
  const wrappers: string[] = [];
  const isLinux = system.platform === "linux";
  // Otherwise an endless loop outlives a parent that was killed.
  if (isLinux && system.runs("setpriv", "--pdeathsig", "KILL", "true")) wrappers.push("setpriv", "--pdeathsig", "KILL");

  const nodeFencesNetwork = major >= 25;
  if (network) {
    if (nodeFencesNetwork) nodeArgs.push("--allow-net");
  } else if (isLinux && system.runs("unshare", "-n", "true")) wrappers.push("unshare", "-n", "--");
  else if (isLinux && system.runs("unshare", "-r", "-n", "true")) wrappers.push("unshare", "-r", "-n", "--");
  else if (!nodeFencesNetwork) {
    unenforced.push("the network is not denied: that needs Linux with network namespaces (unshare), or Node 26");
  }
  if (!isLinux) unenforced.push("memory outside the JavaScript heap is not bounded: that needs Linux");

  if (unenforced.length > 0) tell(unenforced, options.whenUnenforceable);
  // RLIMIT_DATA counts private memory that can be written, so it bounds Buffers and leaves V8 its address space.
  const limit = isLinux ? `ulimit -d ${system.nodeDataKb() + memoryMb * 1024} && ` : "";
  if (system.platform === "win32") return { command: process.execPath, args: [], nodeArgs, unenforced };
  const args = ["-c", `${limit}exec "$@"`, "sh", ...wrappers, process.execPath];
  return { command: "/bin/sh", args, nodeArgs, unenforced };
}

function tell(unenforced: readonly string[], how: ResolvedIsolation["whenUnenforceable"]): void {
  const message = `an evaluator cannot be isolated as asked for here: ${unenforced.join("; ")}`;
  if (how === "warn") return process.emitWarning(message, { code: "LOOPSMITH_ISOLATION" });
  throw new LoopsmithError("not_implemented", message, {
    hint: 'Grant it (isolate: { network: true }), run on Linux, or accept what is enforced with whenUnenforceable: "warn".',
    details: { unenforced },
  });
}
