// From the exact bytes to what a person is shown: each transaction of a batch beside what is known, a later one beside what earlier ones make.
import { timeOf, type Utxo } from '@nunet/contracts/chain/chain.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText } from '@nunet/shared/fields.ts';
import { depositOf, effectOn } from './effect.ts';
import { readLockIntent } from './escrow-lock.ts';
import { intentOf } from './intent.ts';
import { isKey, isOwnMoney, keysAsked, ownKeys, resolve, type OwnKeys } from './ownership.ts';
import type { CertificateView, OutputView, PreviewGround, TransactionPreview } from './preview.ts';
import type { Reading } from './reading.ts';
import { readStrict, type StrictOutput, type StrictTransaction } from './read-strict.ts';
import { risksOf } from './risks.ts';
import { effectOfValue, tokenAmounts } from './token-amount.ts';

/** CIP-103 names no bound; each has to be looked at. */
export const MAX_BATCH = 20;

/** In their order. Throws `transaction-unreadable`: nothing of the batch can be signed then. */
export function previewTransactions(cbors: readonly string[], ground: PreviewGround): TransactionPreview[] {
  if (cbors.length === 0 || cbors.length > MAX_BATCH)
    throw new NunetError('transaction-unreadable', `Cannot show ${cbors.length} transactions at once, want 1 to ${MAX_BATCH}`);
  const own = ownKeys(ground);
  const known = new Map(ground.inputs.map((utxo) => [referenceText(utxo.reference), utxo]));
  return cbors.map((cbor) => {
    const transaction = readStrict(cbor);
    const preview = previewOf(transaction, ground, own, known);
    // One that is made to fail leaves only what is put up for it.
    const made: Utxo[] = transaction.isValid ? transaction.outputs : [];
    for (const utxo of made) known.set(referenceText(utxo.reference), utxo);
    return preview;
  });
}

function previewOf(
  transaction: StrictTransaction,
  ground: PreviewGround,
  own: OwnKeys,
  known: ReadonlyMap<string, Utxo>,
): TransactionPreview {
  const inputs = resolve(transaction.inputs, known);
  const collateral = resolve(transaction.collateralInputs, known);
  const reading: Reading = {
    transaction,
    ground,
    own,
    inputs,
    collateral,
    effect: effectOn(transaction, { inputs, collateral }, ground, own),
  };
  const certificates = certificateViews(transaction, ground, own);
  const lock = readLockIntent(reading);
  const intent = intentOf(reading, certificates, lock);
  const { whole, ifScriptFails, withdrawnLovelace } = reading.effect;
  const slotTime = (slot: number | null): number | null => (slot === null ? null : timeOf(slot, ground.slotConfig));
  return {
    hash: transaction.id,
    intent,
    effect: effectOfValue(whole, ground.ntx),
    effectIfScriptFails: ifScriptFails === null ? null : effectOfValue(ifScriptFails, ground.ntx),
    feeLovelace: transaction.fee,
    withdrawnLovelace,
    certificates,
    votes: transaction.votes.map(({ role, credential, action, choice }) => ({
      role,
      action,
      choice,
      isOwn: role === 'drep' && isKey(credential, own.drep),
    })),
    proposals: transaction.proposals.map(({ action, deposit, returnsTo }) => ({
      action,
      depositLovelace: deposit,
      returnsTo: returnsTo.text,
    })),
    outputs: transaction.outputs.map((output) => outputView(output, ground, own)),
    inputs: inputs.map(({ reference, utxo }) => ({
      reference,
      isOwn: utxo !== null && isOwnMoney(utxo.to, own),
      lovelace: utxo?.lovelace ?? null,
    })),
    mint: tokenAmounts(transaction.mint, ground.ntx),
    validFromMs: slotTime(transaction.validFrom),
    validUntilMs: slotTime(transaction.validUntil),
    metadata: transaction.metadataText,
    keys: keysAsked(transaction, [...inputs, ...collateral], own),
    risks: risksOf({ ...reading, intent, certificates, lock }),
    cbor: transaction.cbor,
  };
}

const outputView = (output: StrictOutput, ground: PreviewGround, own: OwnKeys): OutputView => ({
  address: output.to.text,
  name: ground.known.find(({ address }) => address === output.to.text)?.name ?? null,
  isOwn: isOwnMoney(output.to, own),
  isScript: output.to.payment?.kind === 'script',
  hasDatum: output.inlineDatum !== undefined || output.datumHash !== undefined,
  lovelace: output.lovelace,
  tokens: tokenAmounts(output.assets, ground.ntx),
});

const certificateViews = (transaction: StrictTransaction, { deposits }: PreviewGround, own: OwnKeys): CertificateView[] =>
  transaction.certificates.map((certificate) => ({
    name: certificate.name,
    isOwn: certificate.credentials.some((credential) => isKey(credential, own.stake) || isKey(credential, own.drep)),
    credential: certificate.credentials[0] ?? null,
    pool: certificate.pool,
    drep: certificate.drep,
    depositLovelace: depositOf(certificate, deposits),
  }));
