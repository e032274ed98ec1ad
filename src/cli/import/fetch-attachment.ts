import { readAtMost } from "../../internal/read-at-most.ts";

export interface Fetched {
  mimeType: string;
  bytes: Uint8Array;
}

/** Larger attachments are left where they are. */
const MAX_BYTES = 50 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

/** What is behind a presigned URL (relative ones belong to `origin`); `null` when it cannot be had. */
export async function fetchAttachment(url: string, origin: string): Promise<Fetched | null> {
  try {
    const target = new URL(url, `${origin}/`);
    if (!/^https?:$/.test(target.protocol)) return null;
    const response = await fetch(target, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok || !response.body) return null;
    const bytes = await readAtMost(response, MAX_BYTES);
    return bytes && { mimeType: response.headers.get("content-type") ?? "application/octet-stream", bytes };
  } catch {
    return null;
  }
}
