// What a payment has to come to: who gets which outputs, and why some orders are refused. Loads no transaction builder.
import { formatAmount } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { addressParts } from './address.ts';
import type { AssetQuantity, ProtocolParameters, Utxo } from './chain/chain.ts';
import { portionsOf } from './portions.ts';
import { assetUnit, difference, isSpendable, type Output } from './value.ts';

export interface PaymentRequest {
  /** Base or enterprise address of a key. */
  to: string;
  what:
    /** `lovelace` null: the least that the tokens need. */
    | { kind: 'amount'; lovelace: bigint | null; assets: AssetQuantity[] }
    /** All outputs that can be spent, with all that they hold, less the fee. */
    | { kind: 'everything' };
  /** CIP-20; '' for none. */
  memo: string;
  /** Where the change goes, and what may be spent. */
  payer: { utxos: Utxo[]; changeAddress: string };
  parameters: ProtocolParameters;
  /** First slot in which it is invalid. */
  validUntilSlot: number;
}

const LARGEST = 1n << 63n;

/** Lovelace at a script without a datum is lost with most scripts, and the address does not tell with which. */
function demandKey(to: string): void {
  if (addressParts(to).payment.kind === 'script') {
    throw new NunetError(
      'address-of-script',
      `Cannot pay ${to}: it belongs to a script, and what arrives there without the data that it wants is lost; ask for a wallet's address`,
    );
  }
}

function demandAmounts(lovelace: bigint | null, assets: readonly AssetQuantity[]): void {
  const units = new Set(assets.map(assetUnit));
  const isAmount = (quantity: bigint): boolean => quantity > 0n && quantity < LARGEST;
  if (units.size < assets.length || !assets.every(({ quantity }) => isAmount(quantity)) || (lovelace !== null && !isAmount(lovelace)))
    throw new NunetError('amount-invalid', 'Cannot pay: want each amount to be from 1 to 2^63 - 1, and each token once');
  if (lovelace === null && assets.length === 0) throw new NunetError('amount-invalid', 'Cannot pay: no amount was given');
}

/** What leaves the wallet for the recipient: the transaction's first outputs, in this order. */
export interface PaymentPlan {
  /** Set where everything goes: exactly these are spent, and nothing comes back. */
  all: Utxo[] | null;
  /** Throws `funds-insufficient` where the fee leaves too little. */
  outputs: (fee: bigint) => Output[];
}

/** Throws `address-invalid`, `address-of-script`, `amount-invalid`, `amount-too-small`. */
export function planPayment({ to, what, payer, parameters }: PaymentRequest): PaymentPlan {
  demandKey(to);
  if (what.kind === 'everything') {
    const all = payer.utxos.filter(isSpendable);
    const held = difference(all, []);
    return {
      all,
      outputs: (fee) => {
        const { outputs, least } = portionsOf(to, { ...held, lovelace: held.lovelace - fee }, parameters);
        if (held.lovelace - fee >= least) return outputs;
        throw new NunetError(
          'funds-insufficient',
          `Cannot send everything: the wallet can spend ${formatAmount(held.lovelace)} ADA, fee and tokens need ${formatAmount(least + fee)}`,
        );
      },
    };
  }
  demandAmounts(what.lovelace, what.assets);
  const { assets } = what;
  const lovelace = what.lovelace ?? portionsOf(to, { lovelace: 0n, assets }, parameters).least;
  // Larger amounts of lovelace take more bytes, and so a little more lovelace: sized with the amount itself.
  const { outputs, least } = portionsOf(to, { lovelace, assets }, parameters);
  if (lovelace < least) {
    throw new NunetError(
      'amount-too-small',
      `Cannot pay ${formatAmount(lovelace)} ADA: the ledger wants at least ${formatAmount(least)} ADA in what is sent`,
    );
  }
  return { all: null, outputs: () => outputs };
}
