/** What LangSmith's clients put before a path, depending on version and on how the endpoint was configured. */
const PREFIXES: readonly (readonly [prefix: string, replacement: string])[] = [
  ["/api/v1/platform/", "/platform/"],
  ["/v1/platform/", "/platform/"],
  ["/api/platform/", "/platform/"],
  ["/api/v1/otel/", "/otel/"],
  ["/api/v2/", "/v2/"],
  ["/api/v1/", "/"],
  // Loopsmith's own API keeps its prefix.
  ["/api/loopsmith/", "/api/loopsmith/"],
  ["/api/", "/"],
  // OTLP's own path; everything else under /v1 is LangSmith's.
  ["/v1/traces", "/v1/traces"],
  ["/v1/", "/"],
];

/**
 * One path for every way a client may spell a route, so that handlers are registered once: `/api/v1/runs`, `/api/runs` and
 * `/runs` are all `/runs`, and `/api/v2/runs/query` is `/v2/runs/query`. A trailing slash is dropped.
 */
export function canonicalPath(pathname: string): string {
  let path = pathname;
  for (const [prefix, replacement] of PREFIXES) {
    if (!path.startsWith(prefix)) continue;
    path = replacement + path.slice(prefix.length);
    break;
  }
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** Encoded separators and NUL have no place in any of our paths; guards and routers have disagreed about them before. */
export function isSuspectPath(pathname: string): boolean {
  return /%(?:2f|5c|00)/i.test(pathname);
}
