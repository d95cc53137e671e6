// A proposal judged and worked out: the exact bytes that would be signed, their hashes, and which keys sign. Pure; a "no" is thrown before
// anybody is asked.
import { keyHashBytes } from '@nunet/contracts/key-hash.ts';
import { addressText } from '@nunet/contracts/chain/address.ts';
import { blake2b } from '@noble/hashes/blake2.js';
import { equalBytes } from '@noble/curves/utils.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { addressesOf } from './account-keys.ts';
import { signatureStructure } from '@nunet/contracts/cose.ts';
import { lockIn } from './lock-terms.ts';
import type { KeyRole, Proposal, Signable, VaultAccount } from './messages.ts';
import { orderHash, type OwnerStatement } from './owner-order.ts';
import { readSignable } from './signed-transaction.ts';
import type { HeldGrant } from './stored.ts';

/** One message and the keys that sign it. */
export interface Signing {
  message: Uint8Array;
  roles: KeyRole[];
}

export type Prepared =
  | { kind: 'transactions'; signings: Signing[] }
  | { kind: 'lock'; signings: [Signing]; grant: HeldGrant }
  | { kind: 'data'; signings: [Signing]; address: Uint8Array; payload: Uint8Array }
  /** What is signed is made when it is approved, because it lives for a minute only. */
  | { kind: 'owner'; signings: []; order: OwnerStatement };

/** A transaction's id is what its keys sign. */
export const bodySigning = (id: string, roles: readonly KeyRole[]): Signing => ({ message: hexToBytes(id), roles: [...new Set(roles)] });

/** A web page may not have signed what looks like a statement of this project, in whatever it is wrapped. */
const OUR_DOMAIN = /^\W*nunet\/|nunet\/[a-z0-9-]{1,40}\/\d/i;
const isInOurDomain = (payload: Uint8Array): boolean => OUR_DOMAIN.test(new TextDecoder('latin1').decode(payload));

/** CIP-30: an address of the key; CIP-95: the DRep key's enterprise address, or its id of 28 bytes, or of 29 with CIP-129's header. */
function isAddressOf(account: VaultAccount, role: KeyRole, address: Uint8Array): boolean {
  const own = addressesOf(account);
  const drep = keyHashBytes(account.drep);
  const of: Record<KeyRole, Uint8Array[]> = {
    payment: [own.base, own.enterprise],
    stake: [own.reward],
    drep: [drep, Uint8Array.of(0x22, ...drep), Uint8Array.of(0x60, ...drep)],
  };
  return of[role].some((one) => equalBytes(one, address));
}

function prepareData(
  { role, address, payload }: Extract<Signable, { kind: 'data' }>,
  { origin }: Proposal,
  account: VaultAccount,
): Prepared {
  const bytes = hexToBytes(address);
  const content = hexToBytes(payload);
  if (!isAddressOf(account, role, bytes))
    throw new NunetError('address-foreign', 'Cannot sign the message: the address does not belong to this account and key');
  if (origin !== null && isInOurDomain(content))
    throw new NunetError('payload-refused', 'Cannot sign the message: a web page may not ask for a statement of NuNet');
  return { kind: 'data', signings: [{ message: signatureStructure(bytes, content), roles: [role] }], address: bytes, payload: content };
}

function prepareLock(
  { cbor, grant }: Extract<Signable, { kind: 'lock' }>,
  { origin, network }: Proposal,
  account: VaultAccount,
  jobKeyOf: (keyId: string) => string,
): Prepared {
  if (origin !== null) throw new NunetError('lock-refused', 'Cannot sign the lock: a web page may not ask for one');
  const { transaction } = readSignable(cbor);
  const home = addressText(addressesOf(account).base);
  const { lock, asset } = lockIn(transaction, { grant, jobKey: jobKeyOf(grant.keyId), home });
  const held: HeldGrant = { ...grant, network, account: account.index, asset, locks: [lock] };
  return { kind: 'lock', signings: [bodySigning(transaction.id, ['payment'])], grant: held };
}

/** Throws `transaction-refused`, `address-mainnet`, `lock-refused`, `address-foreign`, `payload-refused`, `order-refused`. */
export function prepare(proposal: Proposal, account: VaultAccount, jobKeyOf: (keyId: string) => string): Prepared {
  const { what } = proposal;
  switch (what.kind) {
    case 'transactions':
      return {
        kind: 'transactions',
        signings: what.transactions.map(({ cbor, roles }) => bodySigning(readSignable(cbor).transaction.id, roles)),
      };
    case 'lock':
      return prepareLock(what, proposal, account, jobKeyOf);
    case 'data':
      return prepareData(what, proposal, account);
    case 'owner':
      if (proposal.origin !== null) throw new NunetError('order-refused', 'Cannot sign the order: a web page may not ask for one');
      return { kind: 'owner', signings: [], order: { network: proposal.network, agent: what.agent, order: what.order, above: what.above } };
  }
}

/** What the page compares with what it shows: the body's hash is the message itself, of data it is the hash of the Sig_structure, of an order its own. */
export const hashesOf = (prepared: Prepared): string[] =>
  prepared.kind === 'owner'
    ? [bytesToHex(orderHash(prepared.order.order))]
    : prepared.signings.map(({ message }) => bytesToHex(prepared.kind === 'data' ? blake2b(message, { dkLen: 32 }) : message));
