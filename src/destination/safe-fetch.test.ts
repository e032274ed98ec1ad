import type { ServerResponse } from "node:http";
import { describe, expect, it, vi } from "vitest";
import { scriptedHttp } from "../../test/servers/scripted-http.ts";
import { createSafeFetch, type ResolvedAddress } from "./safe-fetch.ts";

const v4 = (address: string): ResolvedAddress => ({ address, family: 4 });
const v6 = (address: string): ResolvedAddress => ({ address, family: 6 });

describe("safe fetch", () => {
  it("sends method, headers and body, and hands back status, headers and body", async () => {
    await using server = await scriptedHttp([{ status: 201, headers: { "x-answer": "yes" }, body: "dünn" }]);
    const response = await createSafeFetch({ allowPrivateNetworks: true })(`${server.url}/path?q=1`, {
      method: "PUT",
      headers: { "X-Question": "why" },
      body: "häh",
    });
    expect([response.status, response.headers.get("x-answer"), await response.text()]).toEqual([201, "yes", "dünn"]);
    expect(server.requests).toMatchObject([
      { method: "PUT", path: "/path?q=1", body: "häh", headers: { "x-question": "why", "content-length": "4" } },
    ]);
  });

  it.each([
    "http://127.0.0.1:PORT/",
    "http://localhost:PORT/",
    "http://LOCALHOST:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f000001:PORT/",
    "http://0x7f.0.0.1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://017700000001:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://0:PORT/",
    "http://0.0.0.0:PORT/",
    "http://①②⑦.⓪.⓪.①:PORT/",
    "http://127。0。0。1:PORT/",
    "http://%31%32%37.0.0.1:PORT/",
    "http://[::]:PORT/",
    "http://[::1]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/",
    "http://[64:ff9b::127.0.0.1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "https://127.0.0.1:PORT/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://[fd00:ec2::254]/",
    "ftp://127.0.0.1:PORT/",
    "file:///etc/passwd",
    "data:text/plain,hello",
  ])("refuses %s before a connection is made", async (template) => {
    await using server = await scriptedHttp([200]);
    const url = template.replace("PORT", String(server.port));
    await expect(createSafeFetch()(url)).rejects.toMatchObject({ code: "forbidden" });
    expect(server.connections).toBe(0);
  });

  it.each<[what: string, answer: ResolvedAddress[]]>([
    ["a private address", [v4("127.0.0.1")]],
    ["a private address behind a public one", [v4("192.0.2.200"), v4("127.0.0.1")]],
    ["a public address behind a private one", [v4("127.0.0.1"), v4("93.184.216.34")]],
    ["a private IPv6 address beside a public IPv4 one", [v4("93.184.216.34"), v6("::1")]],
    ["a mapped address", [v6("::ffff:127.0.0.1")]],
    ["something that is no address", [v4("localhost")]],
  ])("refuses a name that resolves to %s", async (_, answer) => {
    await using server = await scriptedHttp([200]);
    const refused = createSafeFetch({ resolve: async () => answer })(`http://hooks.example:${server.port}/`);
    await expect(refused).rejects.toMatchObject({ code: "forbidden" });
    expect(server.connections).toBe(0);
  });

  it("connects to the address it judged, when the resolver changes its answer afterwards", async (context) => {
    if (process.platform !== "linux") context.skip("needs 127.0.0.2 beside 127.0.0.1");
    await using permitted = await scriptedHttp([{ status: 200, headers: { connection: "close" } }], "127.0.0.2");
    await using secret = await scriptedHttp([200], "127.0.0.1", permitted.port);
    const answers = ["127.0.0.2", "127.0.0.1", "127.0.0.1"];
    const resolve = vi.fn(async () => [v4(answers.shift() ?? "127.0.0.1")]);
    const rebinding = createSafeFetch({ allowPrivateNetworks: ["127.0.0.2"], resolve });

    const first = await rebinding(`http://rebind.example:${permitted.port}/`);
    expect([first.status, resolve.mock.calls.length, permitted.requests.length]).toEqual([200, 1, 1]);
    await expect(rebinding(`http://rebind.example:${permitted.port}/`)).rejects.toMatchObject({ code: "forbidden" });
    expect(secret.connections).toBe(0);
  });

  it("resolves no name for a literal address", async () => {
    const resolve = vi.fn(async () => [v4("93.184.216.34")]);
    await expect(createSafeFetch({ resolve })("http://10.0.0.1/")).rejects.toMatchObject({ code: "forbidden" });
    expect(resolve).not.toHaveBeenCalled();
  });

  it("hands a redirect back without following it", async () => {
    await using inside = await scriptedHttp([200]);
    await using server = await scriptedHttp([{ status: 302, headers: { location: inside.url } }]);
    const response = await createSafeFetch({ allowPrivateNetworks: true })(server.url);
    expect([response.status, response.headers.get("location")]).toEqual([302, inside.url]);
    expect(inside.connections).toBe(0);
  });

  it("reuses a connection, and sends once more on a fresh one when the reused one is reset", async () => {
    const reset = (response: ServerResponse): void => void response.socket?.resetAndDestroy();
    await using server = await scriptedHttp([200, 200, reset, 200, reset]);
    const fetch = createSafeFetch({ allowPrivateNetworks: true });
    const request = async (): Promise<string> => (await fetch(server.url)).text();
    await request();
    await request();
    expect([server.requests.length, server.connections]).toEqual([2, 1]);
    await request();
    expect([server.requests.length, server.connections]).toEqual([4, 2]);
    await expect(request()).rejects.toMatchObject({ code: "ECONNRESET" });
    expect([server.requests.length, server.connections]).toEqual([6, 3]);
  });

  it.each<[init: RequestInit, sent: number]>([
    [{ method: "POST", body: "x" }, 1],
    [{ method: "PATCH", body: "x" }, 1],
    [{ method: "POST", body: "x", headers: { "Idempotency-Key": "1" } }, 2],
    [{ method: "POST", body: "x", headers: { "webhook-id": "1" } }, 2],
    [{ method: "PUT", body: "x" }, 2],
  ])("after a reset of a reused connection sends %j %i times in all", async (init, sent) => {
    const reset = (response: ServerResponse): void => void response.socket?.resetAndDestroy();
    await using server = await scriptedHttp([200, reset]);
    const fetch = createSafeFetch({ allowPrivateNetworks: true });
    await (await fetch(server.url)).text();
    await expect(fetch(server.url, init)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(server.requests.length).toBe(1 + sent);
  });

  it("rejects a status that is none", async () => {
    await using server = await scriptedHttp([
      (response) => void response.socket?.end("HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n"),
    ]);
    await expect(createSafeFetch({ allowPrivateNetworks: true })(server.url)).rejects.toMatchObject({
      code: "unavailable",
    });
  });

  it("reports a name without addresses as not found", async () => {
    await expect(createSafeFetch({ resolve: async () => [] })("http://gone.example/")).rejects.toMatchObject({
      code: "ENOTFOUND",
    });
  });
});
