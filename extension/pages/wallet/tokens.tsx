// Tokens of the account: each with what tells it from a copy, and those that came unasked behind a row of their own.
import type { JSX } from 'preact';
import { Button } from '../../ui/button.tsx';
import { COVER, useCover } from '../../ui/cover.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Facts } from '../../ui/facts.tsx';
import { t } from '../../ui/i18n.ts';
import { usePage } from '../../ui/page.ts';
import { quantityText } from '../../ui/quantity-text.ts';
import { Stranger } from '../../ui/stranger.tsx';
import { shortId } from '../../ui/visible-text.ts';
import type { TokenView, WalletView } from '../../wallet/messages.ts';
import { TokenPicture } from './token-picture.tsx';

function TokenRow({ token }: { token: TokenView }): JSX.Element {
  const { runner, act } = usePage();
  const isCovered = useCover();
  const words = t().wallet.balance;
  const isHidden = token.hiddenBecause !== null;
  return (
    <li data-testid="token" data-unit={token.unit}>
      <details class="token">
        <summary>
          <TokenPicture token={token} />
          <span class="token-name">
            <Stranger text={token.label} length={40} />
            <span class="hint">
              <code>{shortId(token.fingerprint, 10, 5)}</code>
            </span>
          </span>
          <span class="token-quantity">{isCovered ? COVER : quantityText(token.quantity, token.decimals)}</span>
        </summary>
        <div class="stack tight">
          <Facts
            shape="stacked"
            facts={[
              { name: words.policy, value: <code>{token.policyId}</code> },
              { name: words.fingerprint, value: <code>{token.fingerprint}</code> },
            ]}
          />
          {token.image === 'elsewhere' && <p class="hint">{words.elsewhere}</p>}
          <div class="actions">
            <Button
              size="small"
              testid="show-token"
              onClick={() => void act(() => runner.ask({ type: 'show-token', unit: token.unit, isShown: isHidden }))}
            >
              {isHidden ? words.show : words.hide}
            </Button>
          </div>
        </div>
      </details>
    </li>
  );
}

export function Tokens({ wallet }: { wallet: WalletView }): JSX.Element {
  const words = t().wallet.balance;
  // NTX heads the balance.
  const tokens = wallet.tokens.filter((token) => !token.isNtx);
  const shown = tokens.filter((token) => token.hiddenBecause === null);
  const hidden = tokens.filter((token) => token.hiddenBecause !== null);
  return (
    <>
      {shown.length === 0 ? (
        <EmptyState icon="coin" title={words.none} says={words.noneHint} isPlain testid="no-tokens" />
      ) : (
        <ul class="tokens" aria-label={words.tokens}>
          {shown.map((token) => (
            <TokenRow key={token.unit} token={token} />
          ))}
        </ul>
      )}
      {hidden.length > 0 && (
        <details class="fold" data-testid="hidden-tokens">
          <summary>{words.hiddenTokens(hidden.length)}</summary>
          <p class="hint">{words.hiddenHint}</p>
          <ul class="tokens">
            {hidden.map((token) => (
              <TokenRow key={token.unit} token={token} />
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
