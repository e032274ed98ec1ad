import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../src/model/id.ts";
import { createServer } from "../src/server/index.ts";
import { openStore } from "../src/store/open-store.ts";

const folder = mkdtempSync(join(tmpdir(), "loopsmith-full-"));
const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=6m", "tmpfs", folder]).status === 0;

function run(id: string): string {
  const time = new Date().toISOString();
  const payload = { text: "x".repeat(20_000) };
  return JSON.stringify({
    id,
    trace_id: id,
    name: "r",
    run_type: "chain",
    start_time: time,
    end_time: time,
    inputs: payload,
    session_name: "p",
  });
}

// A file system of 6 MB needs the right to mount one; where that is missing there is no disk to fill.
describe.skipIf(!mounted)("a disk that is full", () => {
  const filler = join(folder, "filler");

  beforeAll(() => writeFileSync(filler, Buffer.alloc(2_000_000)));
  afterAll(() => {
    spawnSync("umount", ["-l", folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  it("answers 503, loses nothing acknowledged, and goes on once there is space", async () => {
    const store = await openStore({ dataDir: join(folder, "data") });
    const server = createServer({ store });
    const send = (id: string): Promise<Response> =>
      server.fetch("http://localhost/runs", { method: "POST", body: run(id) });
    const acknowledged: string[] = [];
    let refusal: Response | null = null;
    for (let attempt = 0; attempt < 1000 && !refusal; attempt += 1) {
      const id = newId();
      const response = await send(id);
      if (response.ok) acknowledged.push(id);
      else refusal = response;
    }
    expect(acknowledged.length).toBeGreaterThan(10);
    expect(refusal?.status).toBe(503);
    expect(Number(refusal?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await refusal?.json()).toMatchObject({
      code: "storage_full",
      hint: expect.stringContaining("Free space") as string,
    });
    expect((await store.traceRead({ traceIds: acknowledged })).length).toBe(acknowledged.length);

    rmSync(filler);
    const later = newId();
    expect((await send(later)).ok).toBe(true);
    await store.close();
    const reopened = await openStore({ dataDir: join(folder, "data") });
    expect((await reopened.traceRead({ traceIds: [...acknowledged, later] })).length).toBe(acknowledged.length + 1);
    await reopened.close();
  });
});
