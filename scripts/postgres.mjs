// A throw-away PostgreSQL for the tests: the one LOOPSMITH_TEST_POSTGRES names, or Debian's, installed where we are root.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Resolves to `{ url, note, stop }`; `url` is null when there is none to be had, and `note` says why. */
export async function startPostgres() {
  const given = process.env.LOOPSMITH_TEST_POSTGRES;
  if (given) return { url: given, note: "the one LOOPSMITH_TEST_POSTGRES names", stop: async () => {} };
  const binaries = findBinaries() ?? install();
  if (binaries === null) {
    const note = "none: set LOOPSMITH_TEST_POSTGRES, or run as root on Debian; its tests are skipped";
    return { url: null, note, stop: async () => {} };
  }
  const root = process.getuid?.() === 0;
  const folder = mkdtempSync(join(tmpdir(), "loopsmith-pg-"));
  const data = join(folder, "data");
  const port = await freePort();
  // initdb refuses root, so the cluster belongs to the account Debian's package made.
  const as = (command, args) =>
    root
      ? execFileSync("runuser", ["-u", "postgres", "--", command, ...args], { stdio: "pipe" })
      : execFileSync(command, args, { stdio: "pipe" });
  if (root) execFileSync("chown", ["postgres", folder]);
  as(join(binaries, "initdb"), ["-D", data, "-U", "loopsmith", "--auth=trust", "--no-sync"]);
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder} -c max_connections=200`;
  as(join(binaries, "pg_ctl"), ["-D", data, "-o", options, "-l", join(folder, "log"), "-w", "start"]);
  return {
    url: `postgres://loopsmith@127.0.0.1:${port}/postgres`,
    note: `${binaries}, port ${port}`,
    async stop() {
      as(join(binaries, "pg_ctl"), ["-D", data, "-m", "immediate", "stop"]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function findBinaries() {
  const base = "/usr/lib/postgresql";
  if (!existsSync(base)) return null;
  const versions = readdirSync(base).sort((a, b) => Number(b) - Number(a));
  const usable = versions.map((version) => join(base, version, "bin")).find((path) => existsSync(join(path, "initdb")));
  return usable ?? null;
}

function install() {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return null;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args) => spawnSync("apt-get", args, { stdio: "ignore", env, timeout: 240_000 }).status === 0;
  if (!apt("update") || !apt("install", "-y", "--no-install-recommends", "postgresql")) return null;
  // Debian starts a cluster of its own; the tests want none but theirs.
  spawnSync("pg_ctlcluster", ["--skip-systemctl-redirect", "15", "main", "stop"], { stdio: "ignore" });
  return findBinaries();
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
