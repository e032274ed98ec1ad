import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { LoopsmithError } from "../model/errors.ts";
import { decodeBody } from "./read-body.ts";
import { inflateZstdSteps } from "./compression/inflate-zstd.ts";
import { runPaused } from "./steps.ts";
import { zstdRaw, zstdRle } from "./compression/zstd.fixture.ts";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
const bytes = (value: string): Uint8Array => Buffer.from(value);

async function refused(work: Promise<unknown>): Promise<LoopsmithError> {
  const error: unknown = await work.then(
    () => new Error("was not refused"),
    (reason: unknown) => reason,
  );
  if (!LoopsmithError.isInstance(error)) throw error;
  return error;
}

test("takes a body as it is, with gzip and with zstd", async () => {
  const body = JSON.stringify({ hello: "wörld \ud83d\ude00" });
  for (const encoding of [undefined, null, "", "identity", "Identity"]) {
    expect(text(await decodeBody(bytes(body), encoding))).toBe(body);
  }
  expect(text(await decodeBody(gzipSync(body), "gzip"))).toBe(body);
  expect(text(await decodeBody(gzipSync(body), "X-GZIP"))).toBe(body);
  expect(text(await decodeBody(zstdRaw(bytes(body)), "zstd"))).toBe(body);
});

test("inflates large bodies, several gzip members, several zstd frames", async () => {
  const large = Buffer.alloc(3_000_000);
  for (let at = 0; at < large.length; at++) large[at] = (at * 7919) % 251;
  expect(Buffer.compare(await decodeBody(gzipSync(large, { level: 1 }), "gzip"), large)).toBe(0);
  expect(Buffer.compare(await decodeBody(zstdRaw(large), "zstd"), large)).toBe(0);
  expect(text(await decodeBody(Buffer.concat([gzipSync("a"), gzipSync("b")]), "gzip"))).toBe("ab");
  const frames = Buffer.concat([zstdRaw(bytes("first ")), SKIPPABLE_FRAME, zstdRaw(bytes("second"))]);
  expect(text(await decodeBody(frames, "zstd"))).toBe("first second");
  const skipped = Buffer.concat([SKIPPABLE_FRAME, zstdRaw(bytes("one")), SKIPPABLE_FRAME]);
  expect(text(await decodeBody(skipped, "zstd"))).toBe("one");
});

test("reads what a streaming zstd compressor writes: no content size, many blocks", async () => {
  expect(text(await decodeBody(Buffer.from(PYTHON_ZSTD, "base64"), "zstd"))).toBe("trace ".repeat(40));
});

test.each(["gzip", "zstd"])("refuses broken %s with a hint", async (encoding) => {
  const whole = encoding === "gzip" ? gzipSync("x".repeat(500)) : zstdRaw(bytes("x".repeat(500)));
  for (const broken of [bytes("not compressed at all"), whole.subarray(0, whole.length - 12), Buffer.alloc(0)]) {
    const error = await refused(decodeBody(broken, encoding));
    expect(error.code).toBe("invalid");
    expect(error.message).toContain(encoding);
    expect(error.hint).toContain("Content-Encoding");
  }
});

test("refuses encodings it does not know, and nested ones", async () => {
  for (const encoding of ["br", "deflate", "gzip, gzip", "zstd,gzip"]) {
    const error = await refused(decodeBody(bytes("x"), encoding));
    expect(error.code).toBe("invalid");
    expect(error.message).toContain(encoding);
  }
});

test("refuses what grows past the size limit", async () => {
  const noise = Buffer.alloc(400_000);
  for (let at = 0; at < noise.length; at++) noise[at] = (at * 7919) % 253;
  const limits = { maxBytes: 300_000 };
  for (const [encoding, body] of [
    ["identity", noise],
    ["gzip", gzipSync(noise)],
    ["zstd", zstdRaw(noise)],
  ] as const) {
    const error = await refused(decodeBody(body, encoding, limits));
    expect(error.code, encoding).toBe("too_large");
    expect(error.message).toContain("300000");
  }
});

test("refuses bombs by their ratio, early", async () => {
  const gzipBomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  const zstdBomb = zstdRle(4096);
  for (const [encoding, bomb] of [
    ["gzip", gzipBomb],
    ["zstd", zstdBomb],
  ] as const) {
    const error = await refused(decodeBody(bomb, encoding));
    expect(error.code).toBe("too_large");
    expect(error.message).toContain("200 times");
  }
  // Short repetitive bodies are no bombs.
  expect((await decodeBody(gzipSync(Buffer.alloc(1_000_000)), "gzip")).byteLength).toBe(1_000_000);
});

test("refuses a zstd window over 8 MiB before anything is allocated", async () => {
  const error = await refused(decodeBody(zstdRaw(bytes("x"), { windowDescriptor: 15 << 3 }), "zstd"));
  expect(error.code).toBe("too_large");
  expect(error.hint).toContain("window");
});

test("refuses many tiny blocks over a large window, which would move memory for minutes", async () => {
  const body = zstdRle(200_000, { blockBytes: 1, windowDescriptor: 13 << 3 });
  const error = await refused(runPaused(inflateZstdSteps(body, {})));
  expect(error.message).toContain("small blocks");
});

test("gives other work its turn while it inflates zstd by itself", async () => {
  let turns = 0;
  const large = Buffer.alloc(5 * 1024 * 1024, 1);
  await runPaused(inflateZstdSteps(zstdRaw(large), {}), () => {
    turns += 1;
    return Promise.resolve();
  });
  expect(turns).toBeGreaterThanOrEqual(4);
});

const SKIPPABLE_FRAME = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

/** Written by python-zstandard's stream_writer, flushed after 20 of the 40 words. */
const PYTHON_ZSTD = "KLUv/QBIbAAAMHRyYWNlIAEAL2kpAj0AAAABAPVpAQI=";
