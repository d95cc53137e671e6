// The devnet's faucet: ADA from the genesis outputs, test NTX minted on the spot under a policy of this genesis alone.
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import type { AssetId } from '@nunet/shared/fields.ts';
import { readTransaction, type Transaction } from '../chain/transaction.ts';
import type { Ledger } from './ledger.ts';
import { genesisTransaction, leastLovelace, paymentKey, signedPayment, type PaymentKey, type PaymentOutput } from './payment.ts';

/** Many, so that hardly a request has to spend the change of another that is still pending. */
const GENESIS_OUTPUTS = 64;
const GENESIS_LOVELACE = 10_000_000_000_000n;
const TOKEN_NAME = bytesToHex(utf8ToBytes('tNTX'));

export interface FaucetRequest {
  address: string;
  /** Lovelace an output; raised to the least that the ledger allows when tokens come with it. */
  lovelace: bigint;
  ntxBaseUnits: bigint;
  /** How many such outputs, for wallets that need several (collateral, parallel jobs). */
  outputs: number;
}

export const faucetKey = (random: (bytes: number) => Uint8Array): PaymentKey => paymentKey(random(32));

export const genesisFor = (key: PaymentKey, random: (bytes: number) => Uint8Array): Transaction =>
  readTransaction(
    genesisTransaction(
      Array.from({ length: GENESIS_OUTPUTS }, () => ({ address: key.address, lovelace: GENESIS_LOVELACE, assets: [] })),
      random(32),
    ),
  );

/** Six decimals, as NTX. */
export const testNtx = (key: PaymentKey): AssetId => ({ policyId: key.policyId, assetName: TOKEN_NAME });

/**
 * Pays at once: build, sign and submit happen without a pause, so two requests never take the same output.
 * Throws `faucet-failed`.
 */
export function payFromFaucet(ledger: Ledger, key: PaymentKey, { address, lovelace, ntxBaseUnits, outputs }: FaucetRequest): string {
  const assets = ntxBaseUnits === 0n ? [] : [{ ...testNtx(key), quantity: ntxBaseUnits }];
  const asked: PaymentOutput = { address, lovelace, assets };
  const least = leastLovelace(asked);
  const paid = { ...asked, lovelace: lovelace < least ? least : lovelace };
  const needed = paid.lovelace * BigInt(outputs) + 3_000_000n;
  const source = ledger.spendable(key.address).find((output) => output.assets.length === 0 && output.lovelace >= needed);
  if (source === undefined)
    throw new NunetError('faucet-failed', `Cannot pay ${needed} lovelace from the faucet: no output of its wallet is that large`);
  const { cbor } = signedPayment(key, {
    inputs: [source.reference],
    available: source.lovelace,
    outputs: Array.from({ length: outputs }, () => paid),
    mint: ntxBaseUnits === 0n ? [] : [{ ...testNtx(key), quantity: ntxBaseUnits * BigInt(outputs) }],
  });
  const outcome = ledger.submit(readTransaction(cbor));
  if ('rejection' in outcome)
    throw new NunetError('faucet-failed', `Cannot pay from the faucet: ${outcome.rejection.rule}: ${outcome.rejection.reason}`);
  return outcome.txId;
}
