import { isIPv6 } from "node:net";
import { LoopsmithError } from "../model/errors.ts";

const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"] as const;

/**
 * Refuses requests whose Host names a machine we are not: a page in a browser can make its own domain resolve to
 * 127.0.0.1 and would otherwise read a server that is open on loopback (DNS rebinding).
 * @throws LoopsmithError `forbidden`
 */
export function hostGuard(allowedHosts: readonly string[]): (host: string | null) => void {
  const allowed = new Set([...LOOPBACK_NAMES, ...allowedHosts].map((name) => name.toLowerCase()));
  return (host) => {
    if (host === null || allowed.has("*")) return;
    const name = host.toLowerCase();
    if (allowed.has(name) || allowed.has(name.replace(/:\d+$/, ""))) return;
    throw new LoopsmithError("forbidden", `this server does not answer to the host name "${host.slice(0, 100)}"`, {
      hint: "Call it by 127.0.0.1 or localhost, or add the name: --allowed-host of `loopsmith serve`, else allowedHosts.",
    });
  };
}

/**
 * The names a server that is bound to `host` answers to beside loopback: those given and the address itself. Without any, off
 * loopback, to all: nobody gets further than the key there, which a page with a rebound name does not have.
 */
export function hostsAnswered(host: string, named: readonly string[] = []): string[] {
  return named.length === 0 && !isLoopback(host) ? ["*"] : [...named, hostInUrl(host)];
}

/** An address as it stands in a URL: that of IPv6 in brackets. */
export function hostInUrl(address: string): string {
  return isIPv6(address) ? `[${address}]` : address;
}

/** Whether an address to bind to can only be reached from this machine. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}
