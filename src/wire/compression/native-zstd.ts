import type { Transform } from "node:stream";
import * as zlib from "node:zlib";
import { MAX_WINDOW_BYTES } from "./inflate-zstd.ts";

interface ZstdOptions {
  chunkSize?: number;
  maxOutputLength?: number;
  params: Record<number, number>;
}

/** `node:zlib` from Node 22.15 on; older typings and older Nodes do not know these. */
interface NativeZstd {
  zstdDecompressSync(bytes: Uint8Array, options: ZstdOptions): Buffer;
  createZstdDecompress(options: ZstdOptions): Transform;
}

const found = zlib as unknown as Partial<NativeZstd> & { constants: Record<string, number> };

/** Node's own zstd, or `null` where this Node has none. */
export const nativeZstd: NativeZstd | null =
  found.zstdDecompressSync && found.createZstdDecompress ? (found as NativeZstd) : null;

/** Keeps the decoder's memory within what RFC 9659 allows. */
export const ZSTD_PARAMS: Record<number, number> =
  found.constants["ZSTD_d_windowLogMax"] === undefined
    ? {}
    : { [found.constants["ZSTD_d_windowLogMax"]]: Math.log2(MAX_WINDOW_BYTES) };
