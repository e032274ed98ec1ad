import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { LoopsmithError } from "../model/errors.ts";

/**
 * Opens the fence. `false` (default): public addresses only. `true`: also loopback, private (RFC 1918), carrier-grade
 * NAT and unique local addresses, but no metadata service. A list: exactly these host names (`hooks.internal`,
 * `*.corp.example`), addresses (`10.0.0.7`) and networks (`10.0.0.0/8`).
 */
export type AllowPrivateNetworks = boolean | readonly string[];

export interface NetworkFence {
  /**
   * Passes an address that may be connected to.
   * @param host the name or address in the URL, for the message and for allowed names
   * @throws LoopsmithError `forbidden`, saying how to allow it
   */
  check(address: string, host: string): void;
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** What ipaddr.js calls public but is not: outside 2000::/3 nothing is global, and clouds use public space internally. */
const GLOBAL_IPV6 = ipaddr.parseCIDR("2000::/3");
const OPENED_BY_TRUE = new Set(["loopback", "private", "carrierGradeNat", "uniqueLocal"]);

/** Metadata and platform services of AWS, Google Cloud, Alibaba Cloud and Azure, wherever their range is judged otherwise. */
const METADATA = new Set(["169.254.169.254", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16"]);

const WORDS: Readonly<Record<string, string>> = {
  private: "a private network",
  uniqueLocal: "a private network",
  carrierGradeNat: "carrier-grade NAT",
  linkLocal: "link-local",
  ipv4Mapped: "an IPv4-mapped address",
  rfc6052: "NAT64",
  rfc6145: "IPv4-translated",
  "6to4": "a 6to4 tunnel",
  teredo: "a Teredo tunnel",
};

/**
 * Builds the fence that keeps deliveries out of private networks. It judges addresses, not names; `createSafeFetch`
 * applies it to the very address a socket connects to.
 * @throws LoopsmithError `invalid` for a list entry that is neither host name, address nor network
 */
export function createNetworkFence(allow: AllowPrivateNetworks = false): NetworkFence {
  const entries = typeof allow === "boolean" ? [] : allow.map(parseEntry);
  return {
    check(text, host) {
      const refused = refusalOf(text, allow === true);
      if (refused === null) return;
      const name = host.toLowerCase().replace(/\.$/, "");
      const address = isIP(text) ? unmapped(ipaddr.parse(text)) : null;
      const metadata = address !== null && METADATA.has(address.toString());
      if (entries.some((entry) => entry.matches(name, address, metadata))) return;
      throw new LoopsmithError("forbidden", `Refused to connect to ${describe(host, text)}: it is ${refused}.`, {
        hint: `If this receiver is yours, allow it: allowPrivateNetworks: ["${name}"].`,
        details: { host, address: text },
      });
    },
  };
}

/** Why an address is behind the fence, in words, or `null` when it is open. */
function refusalOf(text: string, privateAllowed: boolean): string | null {
  // ipaddr.js also reads "10.0.0" and the like; what a socket would not read the same way is refused.
  if (isIP(text) === 0) return "no valid address";
  const parsed = ipaddr.parse(text);
  // A mapped address reaches the IPv4 host inside it, so permission is judged by that host.
  const address = privateAllowed ? unmapped(parsed) : parsed;
  if (METADATA.has(unmapped(parsed).toString())) return "a cloud metadata service";
  const range = address.range();
  if (range === "unicast") return isGlobal(address) ? null : "a reserved address";
  if (privateAllowed && OPENED_BY_TRUE.has(range)) return null;
  return WORDS[range] ?? `a ${range} address`;
}

function isGlobal(address: Address): boolean {
  return address.kind() === "ipv4" || address.match(GLOBAL_IPV6);
}

function unmapped(address: Address): Address {
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

interface Entry {
  matches(host: string, address: Address | null, metadata: boolean): boolean;
}

const HOST = /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*$/;

function parseEntry(text: string): Entry {
  const entry = text
    .trim()
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");
  const cidr = ipaddr.isValidCIDR(entry) ? entry : ipaddr.IPv6.isValid(entry) ? `${entry}/128` : `${entry}/32`;
  if (
    ipaddr.isValidCIDR(cidr) &&
    (entry.includes("/") || ipaddr.IPv4.isValidFourPartDecimal(entry) || entry.includes(":"))
  ) {
    const [network, bits] = ipaddr.parseCIDR(cidr);
    const single = bits === (network.kind() === "ipv4" ? 32 : 128);
    return {
      // A wide network never opens a metadata service by accident; it must be named by itself.
      matches: (_, address, metadata) =>
        address !== null && address.kind() === network.kind() && address.match(network, bits) && (single || !metadata),
    };
  }
  if (!HOST.test(entry) || /^[\d.]+$/.test(entry)) {
    throw new LoopsmithError("invalid", `allowPrivateNetworks: "${text}" is no host name, address or network.`, {
      hint: 'Use entries such as "hooks.internal", "*.corp.example", "10.0.0.7" or "10.0.0.0/8", without scheme or port.',
    });
  }
  return {
    matches: entry.startsWith("*.") ? (host) => host.endsWith(entry.slice(1)) : (host) => host === entry,
  };
}

function describe(host: string, address: string): string {
  return host === address ? host : `${host} (${address})`;
}
