/** Canonical paths that need no API key: what a load balancer asks, and URLs that carry their own secret. */
const PUBLIC = [
  /^\/info$/,
  /^\/ok$/,
  /^\/public\//,
  /^\/v2\/public\//,
  /^\/attachments\//,
  /^\/feedback\/tokens\/[^/]+$/,
] as const;

/** Whether a canonical path may be called without credentials. Everything that is not listed needs them. */
export function isPublicPath(path: string): boolean {
  return PUBLIC.some((pattern) => pattern.test(path));
}
