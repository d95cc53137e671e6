// What a person should know before signing a transaction: one small rule a risk, in the order in which they are shown. Pure.
import { timeOf } from '@nunet/contracts/chain/chain.ts';
import { difference, quantityOf } from '@nunet/contracts/value.ts';
import type { AddressView } from './address-view.ts';
import type { LockReading } from './escrow-lock.ts';
import { lossOf } from './effect.ts';
import { lookAlike } from './look-alike.ts';
import { isHome, isKey, isOwnMoney } from './ownership.ts';
import type { CertificateView, Intent, Risk } from './preview.ts';
import { foreignOutputs, isScript, scriptInputs, type Reading } from './reading.ts';

export interface RiskGround extends Reading {
  intent: Intent;
  certificates: readonly CertificateView[];
  lock: LockReading;
}

type Rule = (ground: RiskGround) => Risk | null;

const risk = (code: Risk['code'], level: Risk['level'], detail: Risk['detail'] = {}): Risk => ({ code, level, detail });

/** Ordinary transactions cost under 0.5 ADA, those with large scripts some 1.5 (limits of Conway, 2026). */
const FEE_WARN = 2_000_000n;
const FEE_CONFIRM = 5_000_000n;
/** CIP-30: a wallet puts up at most 5 ADA. */
const MOST_COLLATERAL = 5_000_000n;
/** Less than this left of the ADA, in percent: next to nothing. */
const EMPTY_PERCENT = 2n;

const addressesOf = ({ transaction }: Reading): AddressView[] => [
  ...transaction.outputs.map(({ to }) => to),
  ...(transaction.collateralReturn === null ? [] : [transaction.collateralReturn.to]),
  ...transaction.withdrawals.map(({ from }) => from),
  ...transaction.proposals.map(({ returnsTo }) => returnsTo),
  ...transaction.certificates.flatMap(({ rewards }) => (rewards === null ? [] : [rewards])),
];

const isRecognised = ({ intent }: RiskGround): boolean => intent.kind !== 'unrecognised';
const isEnded = ({ intent }: RiskGround): boolean => intent.kind === 'reclaim' || intent.kind === 'agree' || intent.kind === 'settle';

const networkMismatch: Rule = (ground) => {
  const mainnet = addressesOf(ground).find(({ network }) => network === 'mainnet');
  if (mainnet !== undefined) return risk('network-mismatch', 'stop', { address: mainnet.text });
  return ground.transaction.networkId === 1 ? risk('network-mismatch', 'stop') : null;
};

const byronAddress: Rule = (ground) => {
  const byron = addressesOf(ground).find(({ kind, network }) => kind === 'byron' && network === 'test');
  return byron === undefined ? null : risk('byron-address', 'confirm', { address: byron.text });
};

const markedInvalid: Rule = ({ transaction }) => (transaction.isValid ? null : risk('marked-invalid', 'stop'));

const unknownFields: Rule = ({ transaction: { unknownFields: fields } }) =>
  fields.length === 0 ? null : risk('unknown-fields', 'stop', { fields: fields.slice(0, 10).join(', ') });

const unknownCertificates: Rule = ({ certificates }) => {
  const count = certificates.filter(({ name }) => name === 'unknown').length;
  return count === 0 ? null : risk('unknown-certificates', 'stop', { count });
};

const expired: Rule = ({ transaction: { validUntil }, ground: { tipTimeMs, slotConfig } }) => {
  if (validUntil === null || tipTimeMs === null) return null;
  const untilMs = timeOf(validUntil, slotConfig);
  return untilMs <= tipTimeMs ? risk('expired', 'stop', { untilMs }) : null;
};

const foreignOracles: Rule = ({ lock }) =>
  lock.state === 'like-ours' && lock.because === 'foreign-oracles' ? risk('foreign-oracles', 'stop', { count: lock.foreignOracles }) : null;

const quoteMismatch: Rule = ({ lock }) =>
  lock.state === 'like-ours' && lock.because === 'quote-mismatch' ? risk('quote-mismatch', 'stop') : null;

const quoteMissing: Rule = ({ lock }) =>
  lock.state === 'like-ours' && lock.because === 'quote-missing' ? risk('quote-missing', 'confirm') : null;

/** A script that the network record does not name; what our own does is told by the rules above. */
const unknownScript: Rule = (ground) => {
  if (isRecognised(ground)) return null;
  const isOurs = (hash: string): boolean => ground.ground.record?.escrows.some(({ scriptHash }) => scriptHash === hash) === true;
  const addresses = [
    ...ground.transaction.outputs.filter(isScript).map(({ to }) => to),
    ...scriptInputs(ground).map(({ utxo }) => utxo.to),
  ];
  const foreign = addresses.find(({ payment }) => payment !== null && !isOurs(payment.hash));
  if (foreign !== undefined) return risk('unknown-script', 'confirm', { address: foreign.text });
  const runs = ground.transaction.redeemers.length > 0 || ground.transaction.scripts.length > 0;
  return runs ? risk('unknown-script', 'confirm', { address: '' }) : null;
};

const datumMissing: Rule = ({ transaction }) => {
  const bare = transaction.outputs.filter(
    (output) => isScript(output) && output.inlineDatum === undefined && output.datumHash === undefined,
  );
  return bare.length === 0 ? null : risk('datum-missing', 'confirm', { count: bare.length });
};

const unresolvedInputs: Rule = ({ inputs, collateral }) => {
  const count = [...inputs, ...collateral].filter(({ utxo }) => utxo === null).length;
  return count === 0 ? null : risk('unresolved-inputs', 'confirm', { count });
};

const foreignInputs: Rule = (ground) => {
  if (isEnded(ground)) return null;
  const count = ground.inputs.filter(({ utxo }) => utxo !== null && !isOwnMoney(utxo.to, ground.own)).length;
  return count === 0 ? null : risk('foreign-inputs', 'warn', { count, of: ground.inputs.length });
};

const collateralAtRisk: Rule = ({ effect: { ifScriptFails } }) => {
  if (ifScriptFails === null || (ifScriptFails.lovelace >= 0n && ifScriptFails.assets.every(({ quantity }) => quantity >= 0n))) return null;
  const lovelace = -ifScriptFails.lovelace;
  const isTooMuch = lovelace > MOST_COLLATERAL || ifScriptFails.assets.some(({ quantity }) => quantity < 0n);
  return risk('collateral-at-risk', isTooMuch ? 'confirm' : 'warn', { lovelace });
};

const scriptDataWithoutScript: Rule = ({ transaction }) =>
  transaction.hasScriptData && transaction.redeemers.length === 0 && transaction.datums.size === 0
    ? risk('script-data-without-script', 'confirm')
    : null;

/** Money that looks like change, and of which somebody else has a half: the key that opens it, or the one that delegates it. */
const foreignChange: Rule = ({ transaction, own }) => {
  const mixed = transaction.outputs.find(({ to }) => isOwnMoney(to, own) !== isKey(to.stake, own.stake));
  if (mixed === undefined) return null;
  return risk('foreign-change', 'confirm', { address: mixed.to.text, keeps: isOwnMoney(mixed.to, own) ? 'payment' : 'stake' });
};

/** A reference script makes whoever spends it pay by its size: no builder here does (contracts/value.ts). */
const burdenedChange: Rule = (ground) => {
  const count = ground.transaction.outputs.filter(
    (output) => isHome(output.to, ground.own) && output.referenceScriptHash !== undefined,
  ).length;
  return count === 0 ? null : risk('burdened-change', 'warn', { count });
};

const lookAlikeAddress: Rule = (ground) => {
  const known = [ground.ground.account.address, ...ground.ground.known.map(({ address }) => address)];
  for (const { to } of foreignOutputs(ground)) {
    const like = isKey(to.stake, ground.own.stake) ? null : lookAlike(to.text, known);
    if (like !== null) return risk('look-alike-address', 'confirm', { address: to.text, like });
  }
  return null;
};

const newRecipient: Rule = (ground) => {
  if (ground.intent.kind === 'lock' || isEnded(ground)) return null;
  const known = new Set(ground.ground.known.map(({ address }) => address));
  const fresh = foreignOutputs(ground).filter((output) => !isScript(output) && !known.has(output.to.text));
  const [first] = fresh;
  return first === undefined
    ? null
    : risk('new-recipient', 'warn', { address: first.to.text, count: new Set(fresh.map(({ to }) => to.text)).size });
};

/** Lovelace and NTX that leave for good, fee included; what is known to be there before. */
function parts({ effect, ground }: RiskGround): { lost: bigint; held: bigint }[] {
  const { balance, ntx } = ground;
  if (balance === null) return [];
  const lovelace = { lost: effect.whole.lovelace < 0n ? -effect.whole.lovelace : 0n, held: balance.lovelace };
  const tokens = ntx === null ? [] : [{ lost: lossOf(effect.whole, ntx.policyId + ntx.assetName), held: balance.baseUnits }];
  return [lovelace, ...tokens].filter(({ held }) => held > 0n);
}

const emptiesWallet: Rule = (ground) => {
  const isEmpty = parts(ground).some(({ lost, held }) => lost > 0n && (held - lost) * 100n < held * EMPTY_PERCENT);
  return isEmpty ? risk('empties-wallet', 'confirm') : null;
};

const largePart: Rule = (ground) => {
  if (emptiesWallet(ground) !== null) return null;
  const largest = parts(ground)
    .map(({ lost, held }) => Number((lost * 100n) / held))
    .reduce((most, one) => Math.max(most, one), 0);
  return largest > 50 ? risk('large-part', 'warn', { percent: largest }) : null;
};

const highFee: Rule = ({ transaction: { fee } }) =>
  fee < FEE_WARN ? null : risk('high-fee', fee < FEE_CONFIRM ? 'warn' : 'confirm', { lovelace: fee });

const donation: Rule = ({ transaction }) =>
  transaction.donation === 0n ? null : risk('donation', 'confirm', { lovelace: transaction.donation });

const minted: Rule = ({ transaction, inputs }) => {
  if (transaction.mint.length === 0) return null;
  // Burnt from what is spent, or made anew.
  const spent = difference(
    inputs.flatMap(({ utxo }) => (utxo === null ? [] : [utxo])),
    [],
  );
  const burnt = transaction.mint.filter((asset) => asset.quantity < 0n && quantityOf(spent, asset) > 0n).length;
  return risk('mint', 'warn', { count: transaction.mint.length, burnt });
};

const certificatesToo: Rule = ({ certificates }) => {
  const known = certificates.filter(({ name }) => name !== 'unknown');
  if (known.length === 0) return null;
  const foreign = known.filter(({ isOwn }) => !isOwn).length;
  return risk('certificates', foreign > 0 ? 'confirm' : 'warn', { count: known.length, foreign });
};

const withdrawals: Rule = ({ transaction, own }) => {
  if (transaction.withdrawals.length === 0) return null;
  const foreign = transaction.withdrawals.filter(({ from }) => !isKey(from.stake, own.stake)).length;
  const lovelace = transaction.withdrawals.reduce((sum, one) => sum + one.lovelace, 0n);
  return risk('withdrawals', 'warn', { count: transaction.withdrawals.length, foreign, lovelace });
};

const votes: Rule = ({ transaction }) =>
  transaction.votes.length === 0 ? null : risk('votes', 'warn', { count: transaction.votes.length });

const proposals: Rule = ({ transaction }) =>
  transaction.proposals.length === 0
    ? null
    : risk('proposals', 'confirm', {
        count: transaction.proposals.length,
        lovelace: transaction.proposals.reduce((sum, { deposit }) => sum + deposit, 0n),
      });

const metadataUnseen: Rule = ({ transaction }) => (transaction.auxiliary === 'unseen' ? risk('metadata-unseen', 'warn') : null);

const oddEncoding: Rule = ({ transaction }) => (transaction.isOddlyEncoded ? risk('odd-encoding', 'warn') : null);

/** For what waits for nobody, a missing end is nothing to worry about. */
const noExpiry: Rule = (ground) => {
  const { transaction } = ground;
  const leaves = transaction.validUntil === null && foreignOutputs(ground).length > 0 && !isEnded(ground);
  return leaves ? risk('no-expiry', 'warn') : null;
};

const RULES: readonly Rule[] = [
  networkMismatch,
  markedInvalid,
  unknownFields,
  unknownCertificates,
  foreignOracles,
  quoteMismatch,
  expired,
  unknownScript,
  quoteMissing,
  datumMissing,
  unresolvedInputs,
  scriptDataWithoutScript,
  lookAlikeAddress,
  foreignChange,
  byronAddress,
  emptiesWallet,
  collateralAtRisk,
  donation,
  proposals,
  highFee,
  largePart,
  newRecipient,
  foreignInputs,
  minted,
  certificatesToo,
  withdrawals,
  votes,
  burdenedChange,
  metadataUnseen,
  oddEncoding,
  noExpiry,
];

const LEVELS: readonly Risk['level'][] = ['stop', 'confirm', 'warn'];

/** Worst first. An intent that fits no sentence always asks for a typed confirmation; the rules say what else there is to know. */
export const risksOf = (ground: RiskGround): Risk[] =>
  RULES.map((rule) => rule(ground))
    .filter((one) => one !== null)
    .toSorted((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
