// Which addresses a file of a stranger's choice may be fetched from: those of the public internet, and nothing that may lie behind us.
import ipaddr from 'ipaddr.js';

/** Public by its range, and yet every virtual machine of one cloud reaches its own secrets there. */
const METADATA = new Set(['168.63.129.16']);

/** Global unicast as IANA gives it out. All else is special, or will be (RFC 4291, section 2.4). */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3');

/**
 * IPv6 forms that carry an IPv4 address (mapped, NAT64, 6to4, Teredo) are refused whatever they carry: a translator on the way would
 * decide where they end.
 */
export function isPublicAddress(text: string): boolean {
  // A zone (fe80::1%eth0) names an interface of this machine.
  if (text.includes('%') || !ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast' || METADATA.has(address.toString())) return false;
  // "127.1" and the like are what somebody hides behind; resolvers answer in full.
  if (address.kind() === 'ipv4') return ipaddr.IPv4.isValidFourPartDecimal(text);
  return address.match(GLOBAL_UNICAST);
}
