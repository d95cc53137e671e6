// Pays somebody: (to whom, what, from which outputs) -> unsigned transaction.
import { balance, type BuiltTransaction } from './balance.ts';
import type { AssetQuantity } from './chain/chain.ts';
import { memoData } from './memo.ts';
import { planPayment, type PaymentRequest } from './payment-order.ts';
import { assetUnit } from './value.ts';

const tokenText = (asset: AssetQuantity): string => `${asset.quantity} of token ${assetUnit(asset)}`;

/**
 * The recipient's outputs come first, then change, all of it to the payer's change address. Throws what `planPayment` and
 * `balance` throw, and `memo-invalid`.
 */
export async function buildPayment(request: PaymentRequest, signal?: AbortSignal): Promise<BuiltTransaction> {
  const { payer, parameters, validUntilSlot } = request;
  const { all, outputs } = planPayment(request);
  const auxiliary = memoData(request.memo);
  return await balance(
    {
      action: 'pay',
      inputs: (all ?? []).map((utxo) => ({ utxo })),
      outputs,
      payer: all === null ? payer : { ...payer, utxos: [] },
      parameters,
      validUntilSlot,
      tokenText,
      // No transaction costs less, so that a wallet that has just enough is not refused.
      feeGuess: parameters.minFeeB,
      ...(auxiliary === null ? {} : { auxiliary }),
    },
    signal,
  );
}
