// The lock as an output, its payouts, and the lovelace that each of them needs. Without Mesh: agents check locks with it.
import type { AssetId } from '@nunet/shared/fields.ts';
import type { EscrowDatum } from '@nunet/shared/lock.ts';
import { minimumLockLovelace } from '@nunet/shared/lock-check.ts';
import type { ProtocolParameters } from './chain/chain.ts';
import { encodeDatum } from './datum.ts';
import { encodePlutusData } from './plutus-data.ts';
import { payoutTag } from './redeemer.ts';
import { ESCROW_ADDRESS } from './script.ts';
import { leastLovelace, type Output } from './value.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';

/** The output that a lock transaction makes. */
export const lockOutput = (datum: EscrowDatum, amountBaseUnits: bigint, lovelace: bigint): Output => ({
  address: ESCROW_ADDRESS,
  lovelace,
  assets: amountBaseUnits === 0n ? [] : [{ ...datum.asset, quantity: amountBaseUnits }],
  inlineDatum: encodeDatum(datum),
});

/** The output that pays `locks` (in input order) to `address`. */
export const payoutOutput = (address: string, asset: AssetId, quantity: bigint, locks: OutputReference[], lovelace: bigint): Output => ({
  address,
  lovelace,
  assets: quantity === 0n ? [] : [{ ...asset, quantity }],
  inlineDatum: encodePlutusData(payoutTag(locks)),
});

/** Least lovelace of a payout. */
export const leastPayoutLovelace = (address: string, asset: AssetId, quantity: bigint, coinsPerUtxoByte: bigint): bigint =>
  leastLovelace(payoutOutput(address, asset, quantity, [], 0n), coinsPerUtxoByte);

/** For the fee: 2 of 3 signatures need 249,856, each further one some 8,000 (measured on the devnet). */
const FEE_ALLOWANCE = 350_000n;

/**
 * The `settleLovelace` that a quote should name: the ADA under the compute provider's payout and the fee. With less, whoever
 * submits the settlement pays the rest; with more, that much more may be handed to the compute provider.
 */
export const settleLovelaceFor = (
  computeProvider: string,
  asset: AssetId,
  amountBaseUnits: bigint,
  { coinsPerUtxoByte }: Pick<ProtocolParameters, 'coinsPerUtxoByte'>,
): bigint => leastPayoutLovelace(computeProvider, asset, amountBaseUnits, coinsPerUtxoByte) + FEE_ALLOWANCE;

/**
 * Lovelace that a lock needs: enough for its own output, and enough that after a settlement that takes all of
 * `settleLovelace` the service provider's payout can still stand on the rest. An agent refuses a lock with less.
 */
export function lockLovelace(
  datum: EscrowDatum,
  amountBaseUnits: bigint,
  { coinsPerUtxoByte }: Pick<ProtocolParameters, 'coinsPerUtxoByte'>,
): bigint {
  const afterSettling = datum.settleLovelace + leastPayoutLovelace(datum.serviceProvider, datum.asset, amountBaseUnits, coinsPerUtxoByte);
  const own = leastLovelace(lockOutput(datum, amountBaseUnits, afterSettling), coinsPerUtxoByte);
  // The round figure that agents and oracles check needs no protocol parameters; the difference comes back with the change.
  const checked = minimumLockLovelace(datum.settleLovelace);
  return [own, checked].reduce((most, one) => (one > most ? one : most), afterSettling);
}
