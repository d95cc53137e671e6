// Whose signatures a transaction needs (Conway), so that signTx knows which of our keys sign and whether that is all.
import { publicKeyHash } from '@nunet/contracts/key-hash.ts';
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import { asArray, asBytes, asFields, asInt, asMap, readCbor, type CborItem } from '@nunet/contracts/chain/cbor.ts';
import { readTransaction } from '@nunet/contracts/chain/transaction.ts';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';

export interface NeededKeys {
  /** Hash of the body. */
  txId: string;
  /** Key hashes without which the ledger refuses it, 28 bytes hex. */
  needed: Set<string>;
  /** Key hashes that a native script of it may want: asked of us, but not missing where they are another's. */
  wanted: Set<string>;
  /** Key hashes whose witnesses it carries already. */
  present: Set<string>;
  /** Inputs whose address is not known. */
  unresolved: OutputReference[];
  /** A certificate that Conway took away (CIP-95: genesis key delegation, MIR). */
  hasDeprecated: boolean;
  /** Something binds a key in a way that is not known here: it cannot be said that all keys are ours. */
  hasUnknown: boolean;
}

const FIELD = { inputs: 0, certificates: 4, withdrawals: 5, collateral: 13, requiredSigners: 14, votes: 19 } as const;
const KEY_CREDENTIAL = 0n;
const DEPRECATED = new Set([5, 6]);
/** Certificates of Conway whose credential signs: all but the registration without a deposit (0). */
const BY_CREDENTIAL = new Set([1, 2, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]);
const POOL_REGISTRATION = 3;
const POOL_RETIREMENT = 4;
/** Voters by key: committee hot key, DRep, stake pool. */
const KEY_VOTERS = new Set([0n, 2n, 4n]);
const NATIVE_SCRIPTS = 1;

const hex = (item: CborItem | undefined): string => bytesToHex(asBytes(item));

/** `addressOf`: bech32 of an output, null where it is not known. Throws `cbor-invalid`. */
export function neededKeys(cbor: string, addressOf: (reference: OutputReference) => string | null): NeededKeys {
  const raw = hexToBytes(cbor);
  const transaction = readTransaction(raw);
  const [body, witnesses] = asArray(readCbor(raw));
  const fields = asFields(body);
  const keys: NeededKeys = {
    txId: transaction.id,
    needed: new Set(transaction.requiredSigners),
    wanted: new Set(),
    present: new Set(transaction.signers.map(publicKeyHash)),
    unresolved: [],
    hasDeprecated: false,
    hasUnknown: false,
  };
  const spent = new Map([...transaction.inputs, ...transaction.collateralInputs].map((reference) => [referenceText(reference), reference]));
  for (const reference of spent.values()) {
    const address = addressOf(reference);
    if (address === null) keys.unresolved.push(reference);
    else if (!address.startsWith('addr')) keys.hasUnknown = true;
    else addPaymentKey(addressBytes(address), keys.needed);
  }
  for (const certificate of items(fields.get(FIELD.certificates))) addCertificate(asArray(certificate), keys);
  for (const [account] of entries(fields.get(FIELD.withdrawals))) {
    const bytes = asBytes(account);
    if ((bytes[0] ?? 0) >> 4 === 14) keys.needed.add(bytesToHex(bytes.subarray(1)));
  }
  for (const [voter] of entries(fields.get(FIELD.votes))) {
    const [kind, hash] = asArray(voter);
    if (KEY_VOTERS.has(asInt(kind))) keys.needed.add(hex(hash));
  }
  for (const script of items(asFields(witnesses).get(NATIVE_SCRIPTS))) addScriptKeys(script, keys.wanted);
  return keys;
}

const items = (item: CborItem | undefined): CborItem[] => (item === undefined ? [] : asArray(item));
const entries = (item: CborItem | undefined): [CborItem, CborItem][] => (item === undefined ? [] : asMap(item));

/** Base, pointer and enterprise addresses of a key have bit 4 of the header clear (CIP-19). */
function addPaymentKey(address: Uint8Array, keys: Set<string>): void {
  if (((address[0] ?? 0) & 0x10) === 0) keys.add(bytesToHex(address.subarray(1, 29)));
}

function addCertificate([kind, ...parts]: CborItem[], keys: NeededKeys): void {
  const type = Number(asInt(kind));
  if (DEPRECATED.has(type)) keys.hasDeprecated = true;
  else if (BY_CREDENTIAL.has(type)) {
    const [credentialKind, hash] = asArray(parts[0]);
    if (asInt(credentialKind) === KEY_CREDENTIAL) keys.needed.add(hex(hash));
  } else if (type === POOL_RETIREMENT) keys.needed.add(hex(parts[0]));
  else if (type === POOL_REGISTRATION) {
    keys.needed.add(hex(parts[0]));
    for (const owner of items(parts[6])) keys.needed.add(hex(owner));
  } else if (type !== 0) keys.hasUnknown = true;
}

/** Keys that a native script names, at whatever depth the reader allows. */
function addScriptKeys(script: CborItem, keys: Set<string>): void {
  const [kind, ...parts] = asArray(script);
  const type = Number(asInt(kind));
  if (type === 0) keys.add(hex(parts[0]));
  if (type === 1 || type === 2) for (const inner of items(parts[0])) addScriptKeys(inner, keys);
  if (type === 3) for (const inner of items(parts[1])) addScriptKeys(inner, keys);
}
