import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { inflateZstdSteps } from "../../src/wire/compression/inflate-zstd.ts";
import { zstdRaw, zstdRle } from "../../src/wire/compression/zstd.fixture.ts";
import { decodeBody } from "../../src/wire/read-body.ts";
import { runPaused } from "../../src/wire/steps.ts";
import { fuzz } from "./fuzz-target.ts";

const TEXT = Buffer.from(
  JSON.stringify({ messages: Array.from({ length: 40 }, (_, index) => `question ${index * 7919}`) }),
);

/** Written by the zstd command line tool, level 3: Huffman-coded literals and sequences. */
const ZSTD_CLI =
  "KLUv/WRhCWUHAHKHGRxgp7YBevztq/a2Kdc6OwdBgPd9++4VdFPQKVAEgIOALbWKtSgJchhsKddSLUqCHAZbrqU6ccDzZoHfbJ6l16wjXZ9u5Xf0Wr74PqdZI0Ov9j6HJxBSjvAM6vMgnAJnkHWQzErAKTYg8AIJJEjuIghg090MpulwMAEDRhOGaBgcCgA6oYnMGE1HYTN+4EpHTzFRrgbn6O3GDBU9eVHQoCdbFGH0Nm9GhJ7zKGbp1mpGWyHEHPIm3VBQ4eR1PNNm9PM0myHOc9SMi06wGRidXTPaPDVmGDqvZvw5qWaAvCOhCb/ujC+3IJMBDYf6rQ==";

const MAX_BYTES = 4 * 1024 * 1024;

async function inflates(work: Promise<Uint8Array>): Promise<void> {
  expect((await work).byteLength).toBeLessThanOrEqual(MAX_BYTES);
}

test("inflates broken gzip bodies within the limit, or refuses them with a hint", () =>
  fuzz([gzipSync(TEXT), gzipSync(Buffer.alloc(100_000)), Buffer.concat([gzipSync("a"), gzipSync("b")])], (body) =>
    inflates(decodeBody(body, "gzip", { maxBytes: MAX_BYTES })),
  ));

const ZSTD = [Buffer.from(ZSTD_CLI, "base64"), zstdRaw(TEXT), zstdRle(5), Buffer.concat([zstdRaw(TEXT), zstdRle(2)])];

test("inflates broken zstd bodies within the limit, or refuses them with a hint", () =>
  fuzz(ZSTD, (body) => inflates(decodeBody(body, "zstd", { maxBytes: MAX_BYTES }))));

test("does so without Node's own zstd decoder too", () =>
  fuzz(ZSTD, (body) => inflates(runPaused(inflateZstdSteps(body, { maxBytes: MAX_BYTES }), () => Promise.resolve()))));
