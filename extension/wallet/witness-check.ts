// Whether the signatures beside a transaction are those that it needs, before it is sent: right key, right hash, none missing.
import { publicKeyHash } from '@nunet/contracts/key-hash.ts';
import { hexToBytes } from '@noble/hashes/utils.js';
import { addressParts } from '@nunet/contracts/address.ts';
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import type { Transaction } from '@nunet/contracts/chain/transaction.ts';
import type { KeyWitness } from '@nunet/contracts/sign.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { verifySignature } from '@nunet/shared/signature.ts';

/** Key hash that has to sign for an output; null where a script decides. An address of another kind tells nothing here. */
function ownerOf({ address }: Utxo): string | null {
  try {
    const { payment } = addressParts(address);
    return payment.kind === 'key' ? payment.hash : null;
  } catch {
    return null;
  }
}

/** `spent`: the outputs of its inputs and its collateral. Throws `witness-wrong` and `witness-missing`. */
export function demandWitnesses(transaction: Transaction, witnesses: readonly KeyWitness[], spent: readonly Utxo[]): void {
  const id = hexToBytes(transaction.id);
  const wrong = witnesses.find(({ publicKey, signature }) => !verifySignature(hexToBytes(signature), id, publicKey));
  if (wrong !== undefined)
    throw new NunetError('witness-wrong', `Cannot send ${transaction.id}: the signature of key ${wrong.publicKey} is not one over it`);
  const there = new Set([...witnesses.map(({ publicKey }) => publicKey), ...transaction.signers].map(publicKeyHash));
  const needed = [...spent.map(ownerOf), ...transaction.requiredSigners];
  const missing = needed.find((hash) => hash !== null && !there.has(hash));
  if (missing != null)
    throw new NunetError('witness-missing', `Cannot send ${transaction.id}: the signature of the key with hash ${missing} is not there`);
}
