// Whether an address that a person typed or pasted may be paid to, with the reason for each "no". Pure; the page and the runner both ask it.
import { base58, bech32, bech32m } from '@scure/base';

export type AddressProblem =
  | 'empty'
  /** Characters that nobody sees, or spaces within. */
  | 'hidden-characters'
  /** Of the time before 2020, base58. */
  | 'byron'
  | 'mixed-case'
  /** Right but for its checksum, which is of another standard: made by a program that errs. */
  | 'bech32m'
  /** A character is wrong, or two have changed places. */
  | 'checksum'
  | 'truncated'
  | 'too-long'
  | 'stake-address'
  | 'other-network'
  | 'pointer'
  | 'script'
  | 'not-an-address'
  /** Begins and ends as one that the person knows, and is another. */
  | 'look-alike';

export type AddressVerdict =
  | { ok: true; address: string; isOwn: boolean; contact: string | null }
  /** `like`: the address that it looks like, for `look-alike`. */
  | { ok: false; reason: AddressProblem; like: string | null };

export interface KnownAddresses {
  own: readonly string[];
  contacts: readonly { name: string; address: string }[];
}

/** Longest text that is looked at; a Byron address has up to 114 characters. */
const MAX_TEXT = 200;
/** `addr_test1`, 57 or 29 bytes in groups of five bits, six of checksum. */
const BASE_LENGTH = 108;
const ENTERPRISE_LENGTH = 63;
/**
 * Beyond prefix and kind, three characters in front and four at the end: less than any screen shows, so that whoever grinds an
 * address to look like another one is caught; by chance two addresses share them once in 34 thousand million.
 */
const HEAD = 'addr_test1'.length + 1 + 3;
const TAIL = 4;

const UNSEEN = /[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const MAINNET_PREFIX = /^(addr|stake)1/i;
const PREFIX = /^(addr|stake)_test1/i;

function isByron(text: string): boolean {
  if (!/^[1-9A-HJ-NP-Za-km-z]{40,130}$/.test(text)) return false;
  const [array, tag, number] = base58.decode(text);
  // An array of two, the first of them encoded CBOR (tag 24).
  return array === 0x82 && tag === 0xd8 && number === 0x18;
}

const decodes = (standard: typeof bech32, text: string): boolean => {
  try {
    standard.decode(text as `${string}1${string}`, MAX_TEXT);
    return true;
  } catch {
    return false;
  }
};

/** Why text that is no bech32 is none. */
function malformed(text: string): AddressProblem {
  if (isByron(text)) return 'byron';
  if (MAINNET_PREFIX.test(text)) return 'other-network';
  if (!PREFIX.test(text)) return /…|\.\.\./.test(text) ? 'truncated' : 'not-an-address';
  if (/…|\.\.\./.test(text)) return 'truncated';
  if (text !== text.toLowerCase() && text !== text.toUpperCase()) return 'mixed-case';
  if (decodes(bech32m, text)) return 'bech32m';
  if (text.length > BASE_LENGTH) return 'too-long';
  return text.length === BASE_LENGTH || text.length === ENTERPRISE_LENGTH ? 'checksum' : 'truncated';
}

/** The kind of a well-formed one (CIP-19), or null where it is a base or enterprise address of a key on a test network. */
function wrongKind(prefix: string, bytes: Uint8Array): AddressProblem | null {
  const header = bytes[0] ?? 0;
  const kind = header >> 4;
  const isStake = kind === 14 || kind === 15;
  if (!/^(addr|stake)(_test)?$/.test(prefix) || prefix.startsWith('stake') !== isStake || (!isStake && kind > 7)) return 'not-an-address';
  if ((header & 15) !== 0 || !prefix.endsWith('_test')) return 'other-network';
  if (isStake) return 'stake-address';
  if (kind === 4 || kind === 5) return 'pointer';
  const wanted = kind < 4 ? 57 : 29;
  if (bytes.length !== wanted) return bytes.length < wanted ? 'truncated' : 'too-long';
  return kind % 2 === 1 ? 'script' : null;
}

const looksLike = (address: string, known: string): boolean =>
  address !== known && address.slice(0, HEAD) === known.slice(0, HEAD) && address.slice(-TAIL) === known.slice(-TAIL);

export function checkAddress(text: string, { own, contacts }: KnownAddresses): AddressVerdict {
  const no = (reason: AddressProblem, like: string | null = null): AddressVerdict => ({ ok: false, reason, like });
  if (text.length > MAX_TEXT) return no('too-long');
  const trimmed = text.trim();
  if (trimmed === '') return no('empty');
  if (UNSEEN.test(trimmed)) return no('hidden-characters');
  if (!decodes(bech32, trimmed)) return no(malformed(trimmed));
  const { prefix, words } = bech32.decode(trimmed as `${string}1${string}`, MAX_TEXT);
  const bytes = bech32.fromWordsUnsafe(words);
  if (bytes === undefined) return no('not-an-address');
  const wrong = wrongKind(prefix, bytes);
  if (wrong !== null) return no(wrong);
  const address = trimmed.toLowerCase();
  const like = [...own, ...contacts.map((contact) => contact.address)].find((known) => looksLike(address, known));
  if (like !== undefined) return no('look-alike', like);
  return {
    ok: true,
    address,
    isOwn: own.includes(address),
    contact: contacts.find((contact) => contact.address === address)?.name ?? null,
  };
}
