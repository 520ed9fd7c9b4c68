import { BlockList, isIP } from 'node:net';

/**
 * Whether an IP address is anything but a public host: private, loopback, link-local, shared, documentation, multicast
 * and reserved ranges of the IANA special-purpose registries (RFC 6890 and its successors), also where an IPv6 address
 * wraps such an IPv4 address.
 */
export function isPrivateAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  const family = isIP(bare);
  if (family === 0) return true;
  const blocked = new BlockList();
  for (const [net, prefix] of family === 4 ? PRIVATE_IPV4 : PRIVATE_IPV6)
    blocked.addSubnet(net, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return blocked.check(bare, family === 4 ? 'ipv4' : 'ipv6');
}

const PRIVATE_IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/**
 * Only 2000::/3 is given to hosts so far (IANA, IPv6 global unicast): everything outside of it is refused, which covers
 * loopback, local, multicast and the prefixes that wrap an IPv4 address. Inside of it: Teredo, documentation, 6to4.
 */
const PRIVATE_IPV6: readonly (readonly [string, number])[] = [
  ['::', 3],
  ['4000::', 2],
  ['8000::', 1],
  ['2001::', 32],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];
