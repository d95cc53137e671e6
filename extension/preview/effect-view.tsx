// What changes for the account: NTX and ADA large, other tokens beneath, and what else moves its money.
import type { JSX } from 'preact';
import { Ada, Amount } from '../ui/amount.tsx';
import { Facts, type Fact } from '../ui/facts.tsx';
import { t } from '../ui/i18n.ts';
import type { Effect, TokenAmount, TransactionPreview } from './preview.ts';

/** A transaction of 16 KiB can hold hundreds of tokens; the rest is in the details. */
const MOST_TOKENS = 8;

export const TokenLine = ({ token, isSigned }: { token: TokenAmount; isSigned?: boolean }): JSX.Element => (
  <Amount quantity={token.quantity} decimals={token.decimals} unit={token.label} isStrange={!token.isNtx} isSigned={isSigned} />
);

export function EffectLines({ effect, size = 'normal' }: { effect: Effect; size?: 'normal' | 'large' }): JSX.Element {
  const { lovelace, tokens } = effect;
  const ntx = tokens.filter(({ isNtx }) => isNtx);
  const others = tokens.filter(({ isNtx }) => !isNtx);
  return (
    <div class="effect" data-testid="effect">
      {ntx.map((token) => (
        <Amount key={token.unit} quantity={token.quantity} decimals={token.decimals} unit="NTX" isSigned size={size} testid="effect-ntx" />
      ))}
      {lovelace !== 0n && <Ada quantity={lovelace} isSigned size={ntx.length > 0 ? 'normal' : size} testid="effect-ada" />}
      {others.slice(0, MOST_TOKENS).map((token) => (
        <TokenLine key={token.unit} token={token} isSigned />
      ))}
      {others.length > MOST_TOKENS && <span class="hint">{t().sheet.more(others.length - MOST_TOKENS)}</span>}
    </div>
  );
}

export function EffectView({ preview }: { preview: TransactionPreview }): JSX.Element {
  const words = t().sheet;
  const { effect, effectIfScriptFails, feeLovelace, withdrawnLovelace, certificates } = preview;
  const deposits = certificates.map(({ depositLovelace }) => depositLovelace);
  const sum = (some: bigint[]): bigint => some.reduce((all, one) => all + one, 0n);
  const paid = sum(deposits.filter((one) => one > 0n));
  const back = -sum(deposits.filter((one) => one < 0n));
  const isNothing = effect.lovelace === 0n && effect.tokens.length === 0;
  const facts: Fact[] = [
    { name: words.fee, value: <Ada quantity={feeLovelace} />, testid: 'fee' },
    ...(withdrawnLovelace > 0n ? [{ name: words.withdrawn, value: <Ada quantity={withdrawnLovelace} /> }] : []),
    ...(paid > 0n ? [{ name: words.deposit, value: <Ada quantity={paid} /> }] : []),
    ...(back > 0n ? [{ name: words.depositBack, value: <Ada quantity={back} /> }] : []),
    ...(effectIfScriptFails === null
      ? []
      : [{ name: words.ifScriptFails, value: <EffectLines effect={effectIfScriptFails} />, testid: 'effect-if-fails' }]),
  ];
  return (
    <div class="stack tight">
      <h3>{isNothing ? words.effectNone : words.effect}</h3>
      {!isNothing && <EffectLines effect={effect} size="large" />}
      <Facts facts={facts} />
      {effect.tokens.some(({ isNtx }) => !isNtx) && <p class="hint">{words.spam}</p>}
    </div>
  );
}
