// What is this account's: money by its payment key, rewards and delegation by its stake key, votes by its DRep key.
import { publicKeyHash } from '@nunet/contracts/key-hash.ts';
import type { Credential } from '@nunet/contracts/address.ts';
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import type { KeyRole } from '../vault/messages.ts';
import { viewAddress, type AddressView } from './address-view.ts';
import type { PreviewGround } from './preview.ts';
import type { StrictTransaction } from './read-strict.ts';

/** Key hashes of the account, 28 bytes hex. */
export interface OwnKeys {
  payment: string;
  stake: string;
  drep: string;
}

export const ownKeys = ({ account }: Pick<PreviewGround, 'account'>): OwnKeys => ({
  payment: publicKeyHash(account.payment),
  stake: publicKeyHash(account.stake),
  drep: publicKeyHash(account.drep),
});

export const isKey = (credential: Credential | null, hash: string): boolean => credential?.kind === 'key' && credential.hash === hash;

/** The account's payment key opens it, whoever delegates it. */
export const isOwnMoney = (address: AddressView, own: OwnKeys): boolean => isKey(address.payment, own.payment);

/** Exactly where this wallet looks for its money: own payment key and own stake key. */
export const isHome = (address: AddressView, own: OwnKeys): boolean => isOwnMoney(address, own) && isKey(address.stake, own.stake);

/** An input, and what lies there as far as anybody knows. */
export interface KnownInput {
  reference: OutputReference;
  utxo: (Utxo & { to: AddressView }) | null;
}

/** Each input with its output, from those that the ground and earlier transactions of a chain give. */
export function resolve(references: readonly OutputReference[], known: ReadonlyMap<string, Utxo>): KnownInput[] {
  return references.map((reference) => {
    const utxo = known.get(referenceText(reference));
    return { reference, utxo: utxo === undefined ? null : { ...utxo, to: addressViewOf(utxo.address) } };
  });
}

/** A Byron address has no bech32 text; it is nobody's here. */
function addressViewOf(text: string): AddressView {
  if (/^(addr|stake)/.test(text)) return viewAddress(addressBytes(text));
  return { text, kind: 'byron', network: 'test', payment: null, stake: null };
}

/** Keys of the account that this transaction asks for, by what it spends, binds and names. */
export function keysAsked(transaction: StrictTransaction, spent: readonly KnownInput[], own: OwnKeys): KeyRole[] {
  const { certificates, withdrawals, votes, requiredSigners } = transaction;
  const isAsked = (hash: string): boolean =>
    requiredSigners.includes(hash) ||
    certificates.some(({ credentials }) => credentials.some((credential) => isKey(credential, hash))) ||
    withdrawals.some(({ from }) => isKey(from.stake, hash)) ||
    votes.some(({ credential }) => isKey(credential, hash));
  const keys: KeyRole[] = [];
  if (isAsked(own.payment) || spent.some(({ utxo }) => utxo !== null && isOwnMoney(utxo.to, own))) keys.push('payment');
  if (isAsked(own.stake)) keys.push('stake');
  if (isAsked(own.drep)) keys.push('drep');
  return keys;
}
