import type { TouchedTrace } from "../store/resource/span.ts";
import type { Store } from "../store/store.ts";
import type { InFlightBytes } from "./in-flight-bytes.ts";
import type { IngestLine } from "./ingest-line.ts";

/** Sizes the server holds clients to. Each has a default; a smaller value only refuses more. */
export interface ServerLimits {
  /** Bytes of one request body as it comes over the wire. @default 104_857_600 (100 MiB) */
  bodyBytes: number;
  /** Bytes of one request body after decompression. @default 104_857_600 (100 MiB) */
  inflatedBytes: number;
  /** Bytes of bodies held in memory at the same time; beyond them clients hear 429. @default 134_217_728 (128 MiB) */
  inFlightBytes: number;
}

export const DEFAULT_LIMITS: ServerLimits = {
  bodyBytes: 100 * 1024 * 1024,
  inflatedBytes: 100 * 1024 * 1024,
  inFlightBytes: 128 * 1024 * 1024,
};

/** Where the server reports what it does. `console` fits. */
export interface ServerLogger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string, error?: unknown): void;
}

/** What every resource's handlers stand on. */
export interface ServerContext {
  readonly store: Store;
  readonly limits: ServerLimits;
  readonly logger: ServerLogger;
  readonly inFlight: InFlightBytes;
  readonly ingestLine: IngestLine;
  /** Signs the URLs that need no API key (attachments, feedback tokens). */
  signingKey(): Promise<Uint8Array>;
  /** Clock, epoch ms. */
  now(): number;
  /** Tells subscribers what an ingest has committed. */
  notify(touched: TouchedTrace[]): void;
}
