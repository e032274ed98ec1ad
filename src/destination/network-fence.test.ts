import { describe, expect, it } from "vitest";
import { LoopsmithError } from "../model/errors.ts";
import { createNetworkFence, type AllowPrivateNetworks } from "./network-fence.ts";

function verdict(allow: AllowPrivateNetworks, address: string, host = address): string {
  try {
    createNetworkFence(allow).check(address, host);
    return "open";
  } catch (error) {
    if (!LoopsmithError.isInstance(error)) throw error;
    return error.code;
  }
}

/** Address, and what the fence says with `false`, with `true`. */
const CASES: readonly (readonly [address: string, byDefault: "open" | "forbidden", whenTrue: "open" | "forbidden"])[] =
  [
    // public
    ["8.8.8.8", "open", "open"],
    ["1.1.1.1", "open", "open"],
    ["93.184.216.34", "open", "open"],
    ["172.15.255.255", "open", "open"],
    ["172.32.0.0", "open", "open"],
    ["100.63.255.255", "open", "open"],
    ["100.128.0.0", "open", "open"],
    ["169.253.255.255", "open", "open"],
    ["126.255.255.255", "open", "open"],
    ["223.255.255.255", "open", "open"],
    ["2606:4700:4700::1111", "open", "open"],
    ["2a00:1450:4001:80b::200e", "open", "open"],
    // loopback
    ["127.0.0.1", "forbidden", "open"],
    ["127.0.0.2", "forbidden", "open"],
    ["127.255.255.255", "forbidden", "open"],
    ["::1", "forbidden", "open"],
    ["0:0:0:0:0:0:0:1", "forbidden", "open"],
    // private
    ["10.0.0.0", "forbidden", "open"],
    ["10.255.255.255", "forbidden", "open"],
    ["172.16.0.1", "forbidden", "open"],
    ["172.31.255.255", "forbidden", "open"],
    ["192.168.0.1", "forbidden", "open"],
    ["192.168.255.255", "forbidden", "open"],
    ["fc00::1", "forbidden", "open"],
    ["fd12:3456:789a::1", "forbidden", "open"],
    // carrier-grade NAT
    ["100.64.0.1", "forbidden", "open"],
    ["100.127.255.255", "forbidden", "open"],
    // IPv4 written as IPv6
    ["::ffff:127.0.0.1", "forbidden", "open"],
    ["::ffff:7f00:1", "forbidden", "open"],
    ["::ffff:10.0.0.1", "forbidden", "open"],
    ["::ffff:8.8.8.8", "forbidden", "open"],
    ["::ffff:169.254.169.254", "forbidden", "forbidden"],
    ["::ffff:a9fe:a9fe", "forbidden", "forbidden"],
    ["::ffff:0:127.0.0.1", "forbidden", "forbidden"],
    ["::127.0.0.1", "forbidden", "open"],
    ["::7f00:1", "forbidden", "forbidden"],
    // tunnels and translators
    ["64:ff9b::7f00:1", "forbidden", "forbidden"],
    ["64:ff9b::808:808", "forbidden", "forbidden"],
    ["64:ff9b:1::a00:1", "forbidden", "forbidden"],
    ["2002:7f00:1::", "forbidden", "forbidden"],
    ["2002:808:808::1", "forbidden", "forbidden"],
    ["2001:0:4136:e378:8000:63bf:3fff:fdd2", "forbidden", "forbidden"],
    ["192.88.99.1", "forbidden", "forbidden"],
    // link-local and metadata services
    ["169.254.0.1", "forbidden", "forbidden"],
    ["169.254.169.254", "forbidden", "forbidden"],
    ["169.254.170.2", "forbidden", "forbidden"],
    ["fe80::1", "forbidden", "forbidden"],
    ["fe80::1%eth0", "forbidden", "forbidden"],
    ["febf::1", "forbidden", "forbidden"],
    ["fd00:ec2::254", "forbidden", "forbidden"],
    ["fd00:0ec2:0:0:0:0:0:254", "forbidden", "forbidden"],
    ["fd20:ce::254", "forbidden", "forbidden"],
    ["100.100.100.200", "forbidden", "forbidden"],
    ["168.63.129.16", "forbidden", "forbidden"],
    // this network, unspecified, broadcast, multicast
    ["0.0.0.0", "forbidden", "forbidden"],
    ["0.1.2.3", "forbidden", "forbidden"],
    ["::", "forbidden", "forbidden"],
    ["255.255.255.255", "forbidden", "forbidden"],
    ["224.0.0.1", "forbidden", "forbidden"],
    ["239.255.255.250", "forbidden", "forbidden"],
    ["ff02::1", "forbidden", "forbidden"],
    // reserved, documentation, benchmarking, discarded, deprecated
    ["192.0.0.192", "forbidden", "forbidden"],
    ["192.0.2.1", "forbidden", "forbidden"],
    ["198.18.0.1", "forbidden", "forbidden"],
    ["198.51.100.7", "forbidden", "forbidden"],
    ["203.0.113.9", "forbidden", "forbidden"],
    ["240.0.0.1", "forbidden", "forbidden"],
    ["2001:db8::1", "forbidden", "forbidden"],
    ["3fff::1", "forbidden", "forbidden"],
    ["100::1", "forbidden", "forbidden"],
    ["fec0::1", "forbidden", "forbidden"],
    ["4000::1", "forbidden", "forbidden"],
    ["5f00::1", "forbidden", "forbidden"],
    // what a broken resolver might answer
    ["", "forbidden", "forbidden"],
    ["localhost", "forbidden", "forbidden"],
    ["10.0.0", "forbidden", "forbidden"],
    ["2130706433", "forbidden", "forbidden"],
    ["0x7f000001", "forbidden", "forbidden"],
    ["0177.0.0.1", "forbidden", "forbidden"],
  ];

describe("the network fence", () => {
  it.each(CASES)("%s: %s by default, %s when private networks are allowed", (address, byDefault, whenTrue) => {
    expect([verdict(false, address), verdict(true, address)]).toEqual([byDefault, whenTrue]);
  });

  it.each<[allow: string[], address: string, host: string, expected: string]>([
    [["hooks.internal"], "10.0.0.7", "hooks.internal", "open"],
    [["hooks.internal"], "10.0.0.7", "HOOKS.internal.", "open"],
    [["hooks.internal"], "10.0.0.7", "other.internal", "forbidden"],
    [["hooks.internal"], "10.0.0.7", "evil-hooks.internal", "forbidden"],
    [["*.corp.example"], "10.0.0.7", "a.b.corp.example", "open"],
    [["*.corp.example"], "10.0.0.7", "corp.example", "forbidden"],
    [["*.corp.example"], "10.0.0.7", "evilcorp.example", "forbidden"],
    [["10.0.0.7"], "10.0.0.7", "anything.example", "open"],
    [["10.0.0.7"], "10.0.0.8", "anything.example", "forbidden"],
    [["10.0.0.0/8"], "10.200.0.1", "x", "open"],
    [["10.0.0.0/8"], "::ffff:10.200.0.1", "x", "open"],
    [["10.0.0.0/8"], "192.168.0.1", "x", "forbidden"],
    [["::1"], "::1", "::1", "open"],
    [["[::1]"], "::1", "::1", "open"],
    [["::1"], "127.0.0.1", "127.0.0.1", "forbidden"],
    [["fd00::/8"], "fd12::1", "x", "open"],
    [["fd00::/8"], "fd00:ec2::254", "x", "forbidden"],
    [["169.254.0.0/16"], "169.254.169.254", "x", "forbidden"],
    [["169.254.0.0/16"], "169.254.1.1", "x", "open"],
    [["169.254.169.254"], "169.254.169.254", "x", "open"],
    [["64:ff9b::/96"], "64:ff9b::808:808", "x", "open"],
  ])("the list %j lets %s (%s) be %s", (allow, address, host, expected) => {
    expect(verdict(allow, address, host)).toBe(expected);
  });

  it.each(["http://10.0.0.1", "hooks.internal:8080", "10.0.0", "2130706433", "10.0.0.0/33", "", "*", "a b"])(
    "refuses the list entry %j",
    (entry) => {
      expect(() => createNetworkFence([entry])).toThrowError(/no host name, address or network/);
    },
  );

  it("says how to allow what it refuses", () => {
    expect(() => createNetworkFence().check("10.0.0.7", "hooks.internal")).toThrowError(
      expect.objectContaining({
        code: "forbidden",
        message: "Refused to connect to hooks.internal (10.0.0.7): it is a private network.",
        hint: 'If this receiver is yours, allow it: allowPrivateNetworks: ["hooks.internal"].',
      }),
    );
  });
});
