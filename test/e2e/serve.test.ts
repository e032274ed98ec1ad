import { mkdtempSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { serveProcess } from "./loopsmith-process.ts";

const folder = mkdtempSync(join(tmpdir(), "loopsmith-serve-"));
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
