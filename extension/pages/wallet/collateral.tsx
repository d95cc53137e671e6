// Collateral: an output of pure ADA apart, as little as contracts ask for.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Button } from '../../ui/button.tsx';
import { Callout } from '../../ui/callout.tsx';
import { Card } from '../../ui/card.tsx';
import { t } from '../../ui/i18n.ts';
import { lazyView } from '../../ui/lazy-view.tsx';
import { usePage } from '../../ui/page.ts';
import { adaText } from '../../ui/quantity-text.ts';
import type { BuiltPayment, WalletView } from '../../wallet/messages.ts';
import { No } from '../no.tsx';
import { useAsking } from '../use-asking.ts';
import { canPay } from './send-form.ts';

const SignPayment = lazyView(() => import('./sign-payment.tsx').then(({ SignPayment: view }) => view));

export function Collateral({ wallet }: { wallet: WalletView }): JSX.Element {
  const { runner } = usePage();
  const asking = useAsking();
  const built = useSignal<BuiltPayment | null>(null);
  const says = useSignal<'nothing' | 'given' | null>(null);
  const words = t().wallet.collateral;
  const isSet = wallet.collateralLovelace > 0n;
  const ask = (): Promise<boolean> =>
    asking.run(async () => {
      says.value = null;
      built.value = await runner.ask({ type: 'build-collateral', isWanted: !isSet });
      if (built.value === null) says.value = isSet ? 'given' : 'nothing';
    });
  return (
    <Card title={words.title} testid="collateral">
      <div class="stack">
        <p class="hint">{words.lead}</p>
        {built.value !== null ? (
          <SignPayment
            cbor={built.value.cbor}
            wallet={wallet}
            onSent={() => {
              built.value = null;
            }}
            onBack={() => {
              built.value = null;
            }}
          />
        ) : (
          <>
            <p data-testid="collateral-state">{isSet ? words.set(adaText(wallet.collateralLovelace)) : words.none}</p>
            {says.value !== null && (
              <Callout tone="good" role="status">
                {words[says.value]}
              </Callout>
            )}
            <No no={asking.no.value} />
            <div class="actions">
              <Button
                testid={isSet ? 'collateral-give-back' : 'collateral-set'}
                isDisabled={asking.isBusy.value || !canPay(runner.app.value)}
                onClick={() => void ask()}
              >
                {isSet ? words.giveBack : words.action}
              </Button>
            </div>
          </>
        )}
      </div>
    </Card>
  );
}
