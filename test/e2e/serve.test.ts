import { mkdtempSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { ended, said, serveProcess, startLoopsmith } from "./loopsmith-process.ts";

const folder = mkdtempSync(join(tmpdir(), "loopsmith-serve-"));
const loopFile = join(folder, "loop.ts");
writeFileSync(
  loopFile,
  "export default { projectName: 'p', evaluator: () => 1, threshold: 0.5, waitForProject: true };",
);
const KEY = "a-key-of-some-length";

vi.setConfig({ testTimeout: 300_000 });

/** The status of `GET /sessions` when the server is called by that name; `fetch` sets the header itself. */
function statusAs(url: string, host: string, key = KEY): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/sessions`, { headers: { host, "x-api-key": key } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on("error", reject).end();
  });
}

describe("loopsmith serve", () => {
  it("answers off loopback to the address it prints and to every other name, with the key alone", async () => {
    await using server = await serveProcess(join(folder, "open"), ["--host", "0.0.0.0"], { LOOPSMITH_API_KEY: KEY });
    expect(await statusAs(server.url, new URL(server.url).host)).toBe(200);
    expect(await statusAs(server.url, "traces.internal:1984")).toBe(200);
    expect(await statusAs(server.url, "traces.internal", "wrong")).toBe(401);
  });

  it("answers to the names it is given", async () => {
    const env = { LOOPSMITH_API_KEY: KEY, LOOPSMITH_ALLOWED_HOSTS: "traces.internal, other.internal" };
    await using server = await serveProcess(join(folder, "named"), ["--host", "0.0.0.0"], env);
    for (const host of [new URL(server.url).host, "traces.internal:1984", "other.internal", "localhost"]) {
      expect(await statusAs(server.url, host), host).toBe(200);
    }
    expect(await statusAs(server.url, "evil.example")).toBe(403);
  });

  it("answers on loopback to loopback and to what flags name", async () => {
    const args = ["--allowed-host", "a.internal", "--allowed-host", "b.internal"];
    await using server = await serveProcess(join(folder, "loopback"), args);
    for (const host of [new URL(server.url).host, "localhost", "a.internal", "b.internal"]) {
      expect(await statusAs(server.url, host), host).toBe(200);
    }
    expect(await statusAs(server.url, "evil.example")).toBe(403);
  });
});

describe("being told to stop", () => {
  it.each([
    ["serve", "--json"],
    ["run", loopFile],
  ])("ends %s in order when SIGTERM comes twice at once", async (...args) => {
    const child = startLoopsmith([...args], { LOOPSMITH_DATA_DIR: join(folder, "stop") });
    onTestFinished(() => void child.kill("SIGKILL"));
    const end = ended(child);
    await said(child, args[0] === "serve" ? "url" : "watching");
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGTERM"), 20);
    expect(await end).toMatchObject({ status: 0 });
  });
});
