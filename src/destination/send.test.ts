import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { deliveryContext } from "../../test/servers/delivery-context.ts";
import { scriptedHttp } from "../../test/servers/scripted-http.ts";
import { createSend } from "./send.ts";

function drip(response: ServerResponse): void {
  response.writeHead(200, { "content-length": "100000" });
  const timer = setInterval(() => response.write("x"), 10);
  response.on("close", () => clearInterval(timer));
}

describe("one HTTP exchange", () => {
  it("waits for a body no longer than asked", { timeout: 5_000 }, async () => {
    await using server = await scriptedHttp([drip]);
    const send = createSend({ allowPrivateNetworks: true, timeoutMs: 20_000 }, 60);
    const answer = await send({ url: server.url, headers: {} }, deliveryContext());
    expect(answer).toMatchObject({ status: 200, complete: false, text: expect.stringMatching(/^x+$/) });
  });

  it("gives the status of an answer whose body the deadline cut", { timeout: 5_000 }, async () => {
    await using server = await scriptedHttp([drip]);
    const send = createSend({ allowPrivateNetworks: true, timeoutMs: 200 });
    expect(await send({ url: server.url, headers: {} }, deliveryContext())).toMatchObject({
      status: 200,
      complete: false,
    });
  });

  it("reads at most a megabyte, however the body is packed", async () => {
    const bomb = (response: ServerResponse): void => {
      response.writeHead(200, { "content-encoding": "gzip" });
      response.end(Buffer.alloc(3_000_000, 120));
    };
    await using server = await scriptedHttp([bomb]);
    const answer = await createSend({ allowPrivateNetworks: true })(
      { url: server.url, headers: {} },
      deliveryContext(),
    );
    expect([answer.text.length, answer.complete]).toEqual([1_000_000, false]);
  });

  it("takes any number of exchanges at once without a warning", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on("warning", onWarning);
    await using server = await scriptedHttp([200]);
    const send = createSend({ allowPrivateNetworks: true });
    const context = deliveryContext();
    await Promise.all(Array.from({ length: 30 }, () => send({ url: server.url, headers: {} }, context)));
    // Warnings are emitted in order, each on the next tick: once this one has come, so have all others.
    const last = once(process, "warning");
    process.emitWarning("the last one");
    await last;
    process.off("warning", onWarning);
    expect(warnings.map(({ message }) => message)).toEqual(["the last one"]);
  });

  it("leaves no listener on the process's stop signal", async () => {
    await using server = await scriptedHttp([200]);
    const stop = new AbortController();
    let listeners = 0;
    const { signal } = stop;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
    const send = createSend({ allowPrivateNetworks: true });
    for (let i = 0; i < 3; i++) await send({ url: server.url, headers: {} }, deliveryContext({ signal }));
    expect(listeners).toBe(0);
  });
});
