// One sentence for what a transaction is for, or the plain word that it fits none. Nothing is guessed: each kind is everything that it may hold.
import { isHome, isKey, isOwnMoney } from './ownership.ts';
import type { LockReading } from './escrow-lock.ts';
import { readSpendIntent } from './escrow-spend.ts';
import type { CertificateView, Intent, Recipient } from './preview.ts';
import { areInputsOwn, foreignOutputs, hasOnlyFields, involvesScripts, isAllHome, isBurdened, type Reading } from './reading.ts';
import { tokenAmounts } from './token-amount.ts';

/** Inputs, outputs, fee, both ends of validity, metadata, signers, network id. */
const PAYMENT_FIELDS = new Set([0, 1, 2, 3, 7, 8, 14, 15]);
/** And certificates, withdrawals. */
const STAKING_FIELDS = new Set([...PAYMENT_FIELDS, 4, 5]);
/** And votes, proposals, the treasury's value. */
const GOVERNANCE_FIELDS = new Set([...STAKING_FIELDS, 19, 20, 21]);

const STAKING: ReadonlySet<CertificateView['name']> = new Set([
  'stake-registration',
  'stake-deregistration',
  'stake-delegation',
  'stake-registration-delegation',
  'pool-registration',
  'pool-retirement',
]);

/** CIP-30 collateral of this wallet: one output of pure ADA set apart. */
const COLLATERAL_LOVELACE = 5_000_000n;

const unrecognised = (because: (Intent & { kind: 'unrecognised' })['because']): Intent => ({ kind: 'unrecognised', because });

/** Outputs to others added up by address, in their order. */
export function recipientsOf(reading: Reading): Recipient[] {
  const { ground } = reading;
  const byAddress = Map.groupBy(foreignOutputs(reading), ({ to }) => to.text);
  return [...byAddress].map(([address, outputs]) => {
    const quantities = new Map<string, { policyId: string; assetName: string; quantity: bigint }>();
    for (const { policyId, assetName, quantity } of outputs.flatMap(({ assets }) => assets)) {
      const unit = policyId + assetName;
      quantities.set(unit, { policyId, assetName, quantity: (quantities.get(unit)?.quantity ?? 0n) + quantity });
    }
    return {
      address,
      name: ground.known.find((entry) => entry.address === address)?.name ?? null,
      lovelace: outputs.reduce((sum, { lovelace }) => sum + lovelace, 0n),
      tokens: tokenAmounts([...quantities.values()], ground.ntx),
    };
  });
}

/** Registrations, delegations, votes: own ones alone, with nothing paid to anybody. */
function bindingIntent(reading: Reading, certificates: readonly CertificateView[]): Intent {
  const { transaction, own, effect } = reading;
  const isOwnVote = transaction.votes.every(({ role, credential }) => role === 'drep' && isKey(credential, own.drep));
  const isOwnReward = transaction.withdrawals.every(({ from }) => isKey(from.stake, own.stake));
  const returnsHome = transaction.proposals.every(({ returnsTo }) => isKey(returnsTo.stake, own.stake));
  const isOwn = certificates.every((certificate) => certificate.isOwn) && isOwnVote && isOwnReward && returnsHome;
  if (!isOwn || !isAllHome(reading) || !hasOnlyFields(reading, GOVERNANCE_FIELDS)) return unrecognised('mixture');
  const { votes, proposals } = transaction;
  const isStaking = votes.length + proposals.length === 0 && certificates.every(({ name }) => STAKING.has(name));
  return isStaking
    ? { kind: 'staking', certificates: [...certificates], withdrawnLovelace: effect.withdrawnLovelace }
    : { kind: 'governance', certificates: [...certificates], votes: votes.length, proposals: proposals.length };
}

const isCollateral = (reading: Reading): boolean =>
  reading.transaction.outputs.length > 1 &&
  reading.transaction.outputs.some(({ lovelace, assets }) => lovelace === COLLATERAL_LOVELACE && assets.length === 0);

export function intentOf(reading: Reading, certificates: readonly CertificateView[], lock: LockReading): Intent {
  const { transaction, inputs, own } = reading;
  if (transaction.unknownFields.length > 0 || certificates.some(({ name }) => name === 'unknown')) return unrecognised('unknown-fields');
  if (inputs.some(({ utxo }) => utxo === null)) return unrecognised('unresolved');
  if (lock.state === 'recognised') return lock.intent;
  if (lock.state === 'like-ours') return unrecognised(lock.because === 'mixture' ? 'mixture' : 'script-like-ours');
  const spend = readSpendIntent(reading);
  if (spend !== null) return spend;
  if (involvesScripts(reading) || !transaction.isValid) return unrecognised('script');
  if (!areInputsOwn(reading)) return unrecognised('others-money');
  const ownSigners = new Set([own.payment, own.stake, own.drep]);
  if (!transaction.requiredSigners.every((signer) => ownSigners.has(signer))) return unrecognised('mixture');
  const { withdrawals, votes, proposals } = transaction;
  if (certificates.length + withdrawals.length + votes.length + proposals.length > 0) return bindingIntent(reading, certificates);
  if (!hasOnlyFields(reading, PAYMENT_FIELDS)) return unrecognised('mixture');
  if (transaction.outputs.some((output) => isOwnMoney(output.to, own) && (!isHome(output.to, own) || isBurdened(output))))
    return unrecognised('mixture');
  const recipients = recipientsOf(reading);
  return recipients.length > 0 ? { kind: 'payment', recipients } : { kind: 'own', reason: isCollateral(reading) ? 'collateral' : 'move' };
}
