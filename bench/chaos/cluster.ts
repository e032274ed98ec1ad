import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Cluster {
  url: string;
  port: number;
  /** Kills every backend without a checkpoint: what comes next is recovery from the write-ahead log. */
  crash(): void;
  start(): void;
  /** Ends being a standby. */
  promote(): void;
  remove(): void;
}

export interface ClusterOptions {
  /** Few, so that they can be used up. @default 40 */
  maxConnections?: number;
  /** Becomes a standby of this one. @default a new, empty cluster */
  standbyOf?: Cluster;
}

/** The folder of PostgreSQL's programs, newest version first, or `null`. */
export function postgresPrograms(): string | null {
  const base = "/usr/lib/postgresql";
  if (!existsSync(base)) return null;
  const versions = readdirSync(base).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(base, version, "bin")).find((path) => existsSync(join(path, "initdb"))) ?? null;
}

/** A PostgreSQL of its own that may be crashed. */
export async function startCluster({ maxConnections = 40, standbyOf }: ClusterOptions = {}): Promise<Cluster> {
  const programs = postgresPrograms() ?? "";
  const folder = mkdtempSync(join(tmpdir(), "loopsmith-cluster-"));
  const data = join(folder, "data");
  const port = await freePort();
  const root = process.getuid?.() === 0;
  const as = (program: string, ...args: string[]): void => {
    const [command, rest] = root
      ? ["runuser", ["-u", "postgres", "--", join(programs, program), ...args]]
      : [join(programs, program), args];
    execFileSync(command, rest, { stdio: "pipe" });
  };
  if (root) execFileSync("chown", ["postgres", folder]);
  if (standbyOf) {
    const source = ["-h", "127.0.0.1", "-p", String(standbyOf.port), "-U", "loopsmith"];
    as("pg_basebackup", "-D", data, ...source, "--write-recovery-conf", "--checkpoint=fast", "--no-sync");
  } else as("initdb", "-D", data, "-U", "loopsmith", "--auth=trust", "--no-sync");
  const settings = [
    `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder}`,
    `-c max_connections=${maxConnections} -c wal_level=replica -c max_wal_senders=4`,
  ].join(" ");
  const start = (): void => as("pg_ctl", "-D", data, "-o", settings, "-l", join(folder, "log"), "-w", "start");
  const crash = (): void => as("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop");
  start();
  return {
    url: urlOf(port),
    port,
    start,
    crash,
    promote: () => as("pg_ctl", "-D", data, "-w", "promote"),
    remove() {
      try {
        crash();
      } catch {
        // It is down already.
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function urlOf(port: number): string {
  return `postgres://loopsmith@127.0.0.1:${port}/postgres`;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
