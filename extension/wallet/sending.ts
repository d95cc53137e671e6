// The last look before a transaction leaves: signatures that fit, inputs that nobody else is promised; then it is journaled and sent.
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import { readTransactionHex, type Transaction } from '@nunet/contracts/chain/transaction.ts';
import { addWitnesses, type KeyWitness } from '@nunet/contracts/sign.ts';
import { quantityOf } from '@nunet/contracts/value.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import type { MoneyLink } from './money-link.ts';
import { netEffect, outputsAt } from './net-effect.ts';
import type { PaidAddresses } from './paid-addresses.ts';
import type { PromisedInputs } from './promised-inputs.ts';
import { ownerOfPayment, type Sent } from './sent.ts';
import { demandWitnesses } from './witness-check.ts';

/** The ledger's limit, in bytes. */
const MAX_TRANSACTION = 16_384;

export interface SendingParts {
  link: Pick<MoneyLink, 'address' | 'chain' | 'ntx' | 'signal' | 'utxos' | 'look'>;
  inputs: Pick<PromisedInputs, 'free'>;
  sent: Sent;
  paid: PaidAddresses;
  /** The collateral. */
  apart: OutputReference | null;
}

/** Throws `transaction-too-big` and `transaction-invalid`. */
function readSent(cbor: string): Transaction {
  if (cbor.length / 2 > MAX_TRANSACTION)
    throw new NunetError('transaction-too-big', `Cannot send: ${cbor.length / 2} bytes, the ledger takes ${MAX_TRANSACTION}`);
  try {
    return readTransactionHex(cbor);
  } catch (cause) {
    throw new NunetError('transaction-invalid', 'Cannot send: this is no transaction that can be read', { cause });
  }
}

/** Outputs of what the account is known to hold, else from the chain. */
async function outputsOf({ chain, utxos, signal }: SendingParts['link'], references: readonly OutputReference[]): Promise<Utxo[]> {
  const held = new Map((utxos() ?? []).map((utxo) => [referenceText(utxo.reference), utxo]));
  const unknown = references.filter((reference) => !held.has(referenceText(reference)));
  for (const utxo of await outputsAt(chain, unknown, signal)) held.set(referenceText(utxo.reference), utxo);
  return references.flatMap((reference) => held.get(referenceText(reference)) ?? []);
}

async function send({ link, inputs, sent, paid, apart }: SendingParts, cbor: string, spent: readonly Utxo[]): Promise<{ txId: string }> {
  const transaction = readSent(cbor);
  const { id, outputs } = transaction;
  const { address, ntx } = link;
  const isApart = ({ reference }: Utxo): boolean => apart !== null && referenceText(reference) === referenceText(apart);
  const mine = spent.filter((utxo) => utxo.address === address && !isApart(utxo));
  const free = new Set(inputs.free(ownerOfPayment(id), mine));
  const taken = mine.find((utxo) => !free.has(utxo));
  if (taken !== undefined) {
    throw new NunetError(
      'inputs-taken',
      `Cannot send ${id}: it spends ${referenceText(taken.reference)}, which a job or another payment spends already; build it again`,
    );
  }
  const effect = netEffect(address, transaction, spent);
  const answer = await sent.send(cbor, { lovelace: effect.lovelace, baseUnits: ntx === null ? 0n : quantityOf(effect, ntx) });
  await paid.add(outputs.map((output) => output.address).filter((other) => other !== address));
  void link.look();
  return answer;
}

/** Throws `witness-...`, `inputs-taken`, `transaction-...`, `output-unknown`, and `chain-rejected` with the ledger's reason. */
export async function sendWith(parts: SendingParts, cbor: string, witnesses: KeyWitness[]): Promise<{ txId: string }> {
  const unsigned = readSent(cbor);
  // What was sent already may be in a block, and what it spent be gone.
  if (parts.sent.has(unsigned.id)) return { txId: unsigned.id };
  const spent = await outputsOf(parts.link, [...unsigned.inputs, ...unsigned.collateralInputs]);
  demandWitnesses(unsigned, witnesses, spent);
  return send(parts, addWitnesses(cbor, witnesses), spent.slice(0, unsigned.inputs.length));
}

/** One with all its signatures, of a web page for example; the ledger checks them. Throws as `sendWith`, but for witnesses. */
export async function sendSigned(parts: SendingParts, cbor: string): Promise<{ txId: string }> {
  const spent = await outputsOf(parts.link, readSent(cbor).inputs).catch((error: unknown) => {
    // It may spend what another one makes that is in no block yet.
    if (error instanceof NunetError && error.code === 'output-unknown') return [];
    throw error;
  });
  return send(parts, cbor, spent);
}
