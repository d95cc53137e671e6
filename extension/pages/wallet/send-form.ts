// What is asked of the runner for a payment, from what a person typed; each "no" by its name and place. Pure.
import type { AppState } from '../../messages.ts';
import { checkAddress, type AddressProblem } from '../../wallet/address-check.ts';
import { readQuantity, type QuantityProblem } from '../../wallet/amount-text.ts';
import type { Contact, TokenView, WalletRequest, WalletView } from '../../wallet/messages.ts';

export const MAX_MEMO = 512;

export interface TypedPayment {
  to: string;
  /** ADA; empty: the least that the tokens need. */
  ada: string;
  /** By unit, as typed. */
  tokens: readonly { unit: string; text: string }[];
  isAll: boolean;
  memo: string;
}

export interface PaymentProblems {
  to: { reason: AddressProblem; like: string | null } | null;
  ada: QuantityProblem | 'too-much' | 'nothing' | null;
  tokens: Readonly<Record<string, QuantityProblem | 'too-much'>>;
  memo: 'too-long' | null;
}

type Order = Extract<WalletRequest, { type: 'build-payment' }>;

/** The order, or what is wrong with each part. */
export function readPayment(
  typed: TypedPayment,
  wallet: Pick<WalletView, 'address' | 'lovelace' | 'tokens'>,
  contacts: readonly Contact[],
): { order: Order } | { problems: PaymentProblems } {
  const verdict = checkAddress(typed.to, { own: [wallet.address], contacts });
  const to = verdict.ok ? null : { reason: verdict.reason, like: verdict.like };
  const memo = typed.memo.length > MAX_MEMO ? 'too-long' : null;
  const wanted: { token: TokenView; quantity: bigint }[] = [];
  const wrong: Record<string, QuantityProblem | 'too-much'> = {};
  if (!typed.isAll) {
    for (const { unit, text } of typed.tokens) {
      const token = wallet.tokens.find((one) => one.unit === unit);
      if (token === undefined) continue;
      const read = readQuantity(text, token.decimals);
      if (!read.ok) wrong[unit] = read.reason;
      else if (read.quantity > token.quantity) wrong[unit] = 'too-much';
      else wanted.push({ token, quantity: read.quantity });
    }
  }
  const ada = typed.isAll ? { lovelace: null, problem: null } : readAda(typed, wallet.lovelace, typed.tokens.length > 0);
  if (!verdict.ok || ada.problem !== null || memo !== null || Object.keys(wrong).length > 0)
    return { problems: { to, ada: ada.problem, tokens: wrong, memo } };
  return {
    order: {
      type: 'build-payment',
      to: verdict.address,
      lovelace: ada.lovelace,
      tokens: wanted.map(({ token, quantity }) => ({ policyId: token.policyId, assetName: token.assetName, quantity })),
      isAll: typed.isAll,
      memo: typed.memo.trim(),
    },
  };
}

function readAda(
  { ada }: TypedPayment,
  available: bigint,
  hasTokens: boolean,
): { lovelace: bigint | null; problem: PaymentProblems['ada'] } {
  if (ada.trim() === '') return hasTokens ? { lovelace: null, problem: null } : { lovelace: null, problem: 'nothing' };
  const read = readQuantity(ada, 6);
  if (!read.ok) return { lovelace: null, problem: read.reason };
  return read.quantity > available ? { lovelace: null, problem: 'too-much' } : { lovelace: read.quantity, problem: null };
}

/** Payments wait for figures that the chain told. */
export const canPay = (app: AppState | null): boolean => app?.network.state === 'ready' && app.wallet?.isKnown === true;
