import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServer, listen } from "../../src/server/index.ts";
import { hostsAnswered } from "../../src/server/host-guard.ts";
import { startServer, type RunningServer } from "./official-client.ts";

const KEY = "a-key-of-some-length";
let running: RunningServer;
beforeAll(async () => {
  running = await startServer({ apiKey: KEY });
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${running.listening.url}${path}`, { headers });

describe("a server with a key", () => {
  it("wants it, as x-api-key or bearer token", async () => {
    expect((await get("/sessions")).status).toBe(401);
    expect((await get("/sessions", { "x-api-key": "wrong" })).status).toBe(401);
    expect((await get("/sessions", { "x-api-key": KEY })).status).toBe(200);
    expect((await get("/sessions", { authorization: `Bearer ${KEY}` })).status).toBe(200);
    const body = (await (await get("/sessions")).json()) as Record<string, unknown>;
    expect(body).toMatchObject({ code: "unauthorized", hint: expect.stringContaining("LANGSMITH_API_KEY") as string });
  });

  it.each(["/api/v1/sessions", "/api/sessions", "/v1/sessions", "/sessions/", "/v2/runs/x", "/platform/evaluators"])(
    "guards %s too",
    async (path) => {
      expect((await get(path)).status).toBe(401);
    },
  );

  it("answers what needs no key", async () => {
    expect((await get("/info")).status).toBe(200);
    expect((await get("/api/v1/ok")).status).toBe(200);
    expect((await get("/public/00000000-0000-4000-8000-000000000000/runs")).status).toBe(404);
  });

  it("refuses encoded separators and NUL in paths", async () => {
    for (const path of ["/public%2f..%2fsessions", "/sessions%5cx", "/sessions/%00"]) {
      expect((await get(path, { "x-api-key": KEY })).status, path).toBe(400);
    }
  });

  it("does not answer to a foreign host name", async () => {
    const answer = await running.server.fetch(
      new Request("http://evil.example/info", { headers: { host: "evil.example" } }),
    );
    expect(answer.status).toBe(403);
    const local = await running.server.fetch(new Request("http://x/info", { headers: { host: "localhost:3000" } }));
    expect(local.status).toBe(200);
  });

  it("says 404 in JSON, and 501 with what to do instead", async () => {
    const missing = await get("/no/such/route", { "x-api-key": KEY });
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ code: "not_found" });
    for (const path of ["/runs/rules", "/api/v1/platform/alerts/x", "/v2/sandboxes/boxes", "/v1/fleet/agents"]) {
      const answer = await get(path, { "x-api-key": KEY });
      expect(answer.status, path).toBe(501);
      expect(await answer.json()).toMatchObject({ code: "not_implemented", hint: expect.any(String) as string });
    }
  });
});

describe("hostsAnswered", () => {
  it("adds the address that is bound, as a Host header has it, and all names off loopback where none is given", () => {
    expect(hostsAnswered("127.0.0.2")).toEqual(["127.0.0.2"]);
    expect(hostsAnswered("::1", ["a.internal"])).toEqual(["a.internal", "[::1]"]);
    expect(hostsAnswered("fd00::2", ["a.internal"])).toEqual(["a.internal", "[fd00::2]"]);
    expect(hostsAnswered("fd00::2")).toEqual(["*"]);
  });
});

describe("listen", () => {
  it("stays on loopback without a key", async () => {
    const open = createServer({ store: running.server.store });
    await expect(listen(open, { host: "0.0.0.0", port: 0 })).rejects.toMatchObject({ code: "forbidden" });
  });

  it("takes no writes from pages of others, which a browser sends without asking", async () => {
    await using open = await startServer({});
    const { url } = open.listening;
    const send = (path: string, headers: Record<string, string>): Promise<Response> => {
      // Written as a browser does: fetch() here takes no Origin.
      const { host } = new URL(url);
      const request = { method: "POST", body: "{}", headers: { host, "content-type": "text/plain", ...headers } };
      return open.server.fetch(new Request(`${url}${path}`, request));
    };
    for (const path of ["/runs", "/feedback", "/api/loopsmith/deliveries/replay"]) {
      for (const origin of ["https://evil.example", "null", "http://localhost:1"]) {
        expect((await send(path, { origin })).status, `${path} ${origin}`).toBe(403);
      }
      expect((await send(path, { "sec-fetch-site": "cross-site" })).status).toBe(403);
      expect((await send(path, { origin: url })).status).not.toBe(403);
      expect((await send(path, {})).status).not.toBe(403);
    }
  });

  it("refuses an empty key", () => {
    expect(() => createServer({ store: running.server.store, apiKey: "" })).toThrow(/apiKey is empty/);
  });

  it("says that a port is taken", async () => {
    const second = createServer({ store: running.server.store });
    await expect(listen(second, { port: running.listening.port })).rejects.toMatchObject({ code: "conflict" });
  });
});
