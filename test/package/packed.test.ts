import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

interface PackedFile {
  path: string;
}

const ROOT = resolve(import.meta.dirname, "../..");
const project = mkdtempSync(join(tmpdir(), "loopsmith-packed-"));
let files: string[] = [];

/** What a user has after `npm install loopsmith`: the published files and the production dependencies, nothing else. */
beforeAll(() => {
  const packed = execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", project], {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [tarball] = JSON.parse(packed) as { filename: string; files: PackedFile[] }[];
  if (!tarball) throw new Error("npm packed nothing");
  files = tarball.files.map(({ path }) => path);
  const modules = join(project, "node_modules");
  const home = join(modules, "loopsmith");
  mkdirSync(home, { recursive: true });
  execFileSync("tar", ["-xzf", join(project, tarball.filename), "--strip-components=1", "-C", home]);
  const list = spawnSync("npm", ["ls", "--omit=dev", "--omit=optional", "--all", "--parseable"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  for (const path of list.stdout.split("\n")) {
    const inside = relative(join(ROOT, "node_modules"), path);
    // Packages nested in others come along with these.
    if (path === "" || inside.startsWith("..") || inside.includes("node_modules")) continue;
    mkdirSync(dirname(join(modules, inside)), { recursive: true });
    symlinkSync(path, join(modules, inside));
  }
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
}, 120_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

function node(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { LANGSMITH_ENDPOINT: _endpoint, ...env } = process.env;
  return spawnSync(process.execPath, args, { cwd: project, encoding: "utf8", env: { ...env, LOOPSMITH_PORT: "0" } });
}

vi.setConfig({ testTimeout: 300_000 });

describe("the published package", () => {
  it("brings what package.json names, and no tests, sources or build leftovers", () => {
    const { bin, exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
      bin: Record<string, string>;
      exports: Record<string, string | Record<string, string>>;
    };
    const named = [
      ...Object.values(bin),
      ...Object.values(exports).flatMap((target) => (typeof target === "string" ? [target] : Object.values(target))),
    ].map((path) => path.replace(/^\.\//, ""));
    expect(named.filter((path) => !files.includes(path))).toEqual([]);
    expect(files.filter((path) => /\.(test|fixture)\.|\.tsbuildinfo$|^(src|test|bench)\//.test(path))).toEqual([]);
  });

  it("imports under every name it promises", () => {
    const program = `
      const names = ["loopsmith", "loopsmith/server", "loopsmith/evaluators"];
      const modules = await Promise.all(names.map((name) => import(name)));
      console.log(JSON.stringify(modules.map((module) => Object.keys(module).length > 0)));
    `;
    const { stdout, stderr } = node("--input-type=module", "--eval", program);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual([true, true, true]);
  });

  it("runs the whole loop from the command line", () => {
    const { status, stdout, stderr } = node(join("node_modules", "loopsmith", "bin", "loopsmith.js"), "demo", "--json");
    expect(status, stderr).toBe(0);
    const { failures, queue } = JSON.parse(stdout) as { failures: number; queue: { items: number } };
    expect(failures).toBeGreaterThan(0);
    expect(queue.items).toBe(failures);
  });

  it("lets a loop file in TypeScript import all of it", () => {
    const loop = `
      import { defineLoop } from "loopsmith";
      import { length } from "loopsmith/evaluators";
      import { openStore } from "loopsmith/server";
      if (typeof openStore !== "function") throw new Error("no server");
      export default defineLoop({ projectName: "p", evaluator: length({ max: 9 }), threshold: 0.5 });
    `;
    writeFileSync(join(project, "loop.ts"), loop);
    const cases = Array.from({ length: 40 }, (_, at) => ({ inputs: {}, outputs: { a: "yes" }, failed: at % 2 === 0 }));
    writeFileSync(join(project, "labels.jsonl"), cases.map((one) => JSON.stringify(one)).join("\n"));
    const bin = join("node_modules", "loopsmith", "bin", "loopsmith.js");
    const { status, stderr } = node(bin, "evaluators", "check", "loop.ts", "--labels", "labels.jsonl");
    expect(status, stderr).toBe(0);
  });

  it("writes large batches on the thread it ships", () => {
    const program = `
      import { createServer, openStore } from "loopsmith/server";
      const store = await openStore({ dataDir: "data" });
      const server = createServer({ store });
      const post = Array.from({ length: 400 }, (_, index) => {
        const id = crypto.randomUUID();
        const order = "20261123T100000000000Z" + id;
        return { id, trace_id: id, dotted_order: order, name: "run", run_type: "chain", session_name: "p", inputs: { text: "x".repeat(4096) }, start_time: "2026-11-23T10:00:00Z" };
      });
      const body = JSON.stringify({ post });
      const headers = { "content-type": "application/json", "content-length": String(body.length) };
      const answer = await server.fetch(new Request("http://127.0.0.1/runs/batch", { method: "POST", body, headers }));
      console.log(answer.status);
      await server.close();
      await store.close();
    `;
    const { stdout, stderr } = node("--input-type=module", "--eval", program);
    expect(stderr).toBe("");
    expect(stdout.trim()).toBe("202");
  });
});
