// Builds what a person pays, and the collateral, over outputs that are free: nothing of a job's, of another payment's, or set apart.
import type { BuiltTransaction } from '@nunet/contracts/balance.ts';
import { slotOf, timeOf, type Utxo } from '@nunet/contracts/chain/chain.ts';
import { planPayment, type PaymentRequest } from '@nunet/contracts/payment-order.ts';
import { transactionId } from '@nunet/contracts/sign.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import type { TransactionClient } from '../chain/transaction-client.ts';
import { checkAddress, type KnownAddresses } from './address-check.ts';
import { addressRefusal } from './address-refusal.ts';
import { COLLATERAL_LOVELACE, collateralIn, isCollateral } from './collateral.ts';
import type { BuiltPayment, WalletRequest } from './messages.ts';
import type { MoneyLink } from './money-link.ts';
import type { PromisedInputs } from './promised-inputs.ts';

/** From the newest block on: long enough to read the sheet and to find the password, short enough that it is not sent next week. */
const VALID_MS = 2 * 3_600_000;

export interface PaymentGround {
  link: Pick<MoneyLink, 'address' | 'chain' | 'signal'>;
  transactions: Pick<TransactionClient, 'pay'>;
  /** Those of an owner without a name: promised to nobody. */
  inputs: Pick<PromisedInputs, 'free'>;
  known: KnownAddresses;
  apart: OutputReference | null;
}

type Order = Pick<PaymentRequest, 'to' | 'what' | 'memo'>;

/** What to do about a payment that the account's outputs do not come to. */
function explained(error: unknown, listed: readonly Utxo[], free: readonly Utxo[], apart: Utxo | null): unknown {
  if (!(error instanceof NunetError)) return error;
  if (error.code === 'transaction-too-big')
    return new NunetError(error.code, `${error.message}, or pay a smaller amount to yourself first, which joins small outputs into one`, {
      cause: error,
    });
  if (error.code !== 'funds-insufficient') return error;
  const waiting = listed.length - free.length - (apart === null ? 0 : 1);
  if (waiting > 0)
    return new NunetError('funds-pending', `${error.message}, or wait for what is on its way: its change comes back with the next block`, {
      cause: error,
    });
  if (apart !== null)
    return new NunetError('funds-insufficient', `${error.message}, or give the 5 ADA of collateral back to be spent`, { cause: error });
  return error;
}

/** A failing source is an error here, never an empty wallet. */
async function build(
  { link, transactions, inputs, apart }: PaymentGround,
  order: Order,
): Promise<{ built: BuiltTransaction; answer: BuiltPayment }> {
  const { chain, address, signal } = link;
  const [listed, parameters, tip] = await Promise.all([chain.utxos(address, { signal }), chain.parameters(signal), chain.tip(signal)]);
  const kept = collateralIn(listed, apart);
  const free = inputs.free('', listed).filter((utxo) => utxo !== kept);
  const validUntilSlot = slotOf(tip.timeMs + VALID_MS, chain.slotConfig);
  const request: PaymentRequest = { ...order, payer: { utxos: free, changeAddress: address }, parameters, validUntilSlot };
  try {
    const built = await transactions.pay(request, signal);
    const { cbor, fee } = built;
    const lovelace = planPayment(request)
      .outputs(fee)
      .reduce((sum, output) => sum + output.lovelace, 0n);
    return { built, answer: { cbor, fee, lovelace, validUntilMs: timeOf(validUntilSlot, chain.slotConfig) } };
  } catch (error) {
    throw explained(error, listed, free, kept);
  }
}

/** Throws `address-...`, what `contracts/payment.ts` throws, `funds-pending`, `chain-...`, `transaction-refused`, `builder-unavailable`. */
export async function buildPayment(
  ground: PaymentGround,
  request: Extract<WalletRequest, { type: 'build-payment' }>,
): Promise<BuiltPayment> {
  const verdict = checkAddress(request.to, ground.known);
  if (!verdict.ok) throw addressRefusal(verdict);
  const { lovelace, tokens, isAll, memo } = request;
  const what: PaymentRequest['what'] = isAll ? { kind: 'everything' } : { kind: 'amount', lovelace, assets: tokens };
  return (await build(ground, { to: verdict.address, what, memo })).answer;
}

/** An output that can be set apart as it is, or the transaction that makes one. */
export async function buildCollateral(ground: PaymentGround): Promise<{ reference: OutputReference; payment: BuiltPayment | null }> {
  const { link, inputs, apart } = ground;
  const listed = await link.chain.utxos(link.address, { signal: link.signal });
  const there = collateralIn(listed, apart) ?? inputs.free('', listed).find(isCollateral);
  if (there !== undefined) return { reference: there.reference, payment: null };
  const what: PaymentRequest['what'] = { kind: 'amount', lovelace: COLLATERAL_LOVELACE, assets: [] };
  const { answer } = await build(ground, { to: link.address, what, memo: '' });
  // What is paid is always a payment's first output.
  return { reference: { txId: transactionId(answer.cbor), index: 0 }, payment: answer };
}
