import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Client } from "langsmith";
import { ended, ownDatabase, said, serveProcess, startLoopsmith } from "./loopsmith-process.ts";

const postgres = process.env["LOOPSMITH_TEST_POSTGRES"];
const folder = mkdtempSync(join(tmpdir(), "loopsmith-worker-"));

vi.setConfig({ testTimeout: 300_000 });

function loopFile(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function sendRun(url: string): Promise<void> {
  const client = new Client({ apiUrl: url, apiKey: "any", autoBatchTracing: false });
  const now = Date.now();
  await client.createRun({
    name: "r",
    run_type: "chain",
    inputs: {},
    project_name: "p",
    start_time: now,
    end_time: now,
  });
}

describe("a database that is away", () => {
  it.each([["serve"], ["worker", loopFile("away.ts", "export default {};")]])(
    "ends %s, which says so",
    async (...args) => {
      const env = { LOOPSMITH_DATABASE_URL: "postgres://user:a-password@127.0.0.1:9/db" };
      const { status, stderr } = await ended(startLoopsmith(args, env));
      expect(status).toBe(5);
      expect(stderr).toContain("start it again");
      expect(stderr).not.toMatch(/a-password|by (it|them)sel/);
    },
  );
});

describe.skipIf(!postgres)("LOOPSMITH_DATABASE_URL", () => {
  it("is what doctor, serve and status speak of, without the password", async () => {
    await using database = await ownDatabase(postgres ?? "");
    const url = new URL(database.url);
    url.password = "a-password";
    const env = { LOOPSMITH_DATABASE_URL: url.href, LOOPSMITH_DATA_DIR: join(folder, "never-made") };
    const place = `PostgreSQL ${url.host}${url.pathname}`;
    const server = startLoopsmith(["serve"], env);
    onTestFinished(() => void server.kill("SIGKILL"));
    const served = ended(server);
    await said(server, "LANGSMITH_API_KEY");
    server.kill("SIGTERM");
    for (const { status, stdout } of [
      await served,
      await ended(startLoopsmith(["doctor"], env)),
      await ended(startLoopsmith(["status"], env)),
    ]) {
      expect(status).toBe(0);
      expect(stdout).toContain(place);
      expect(stdout).not.toMatch(/a-password|never-made/);
    }
    expect(existsSync(join(folder, "never-made"))).toBe(false);
    url.pathname = "no_such_database";
    const wrong = await ended(startLoopsmith(["doctor"], { ...env, LOOPSMITH_DATABASE_URL: url.href }));
    expect(wrong.status).not.toBe(0);
    expect(wrong.stdout).toContain("FAIL database");
  });
});

describe.skipIf(!postgres)("serve and worker over one PostgreSQL", () => {
  it("judges what came while the worker runs, long before the next look at the past", async () => {
    await using database = await ownDatabase(postgres ?? "");
    const env = { LOOPSMITH_DATABASE_URL: database.url };
    await using server = await serveProcess(join(folder, "unused"), [], env);
    await sendRun(server.url);
    const file = loopFile(
      "failing.ts",
      "export default { projectName: 'p', evaluator: () => 0, threshold: 0.5, settleMs: 0, learn: false };",
    );
    const worker = startLoopsmith(["worker", file, "--json"], env);
    onTestFinished(() => void worker.kill("SIGKILL"));
    const end = ended(worker);
    await said(worker, "failure:detected");
    const again = said(worker, "failure:detected");
    const isLate = new Promise((resolve) => setTimeout(resolve, 30_000, "late"));
    await sendRun(server.url);
    expect(await Promise.race([again, isLate])).not.toBe("late");
    worker.kill("SIGTERM");
    expect(await end).toMatchObject({ status: 0 });
  });
});
