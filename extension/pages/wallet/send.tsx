// Sending: to whom, what, with the fee and the exact effect before anything is signed.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { formatAmount } from '@nunet/shared/amount.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Callout } from '../../ui/callout.tsx';
import { Field, Select, TextArea } from '../../ui/field.tsx';
import { t } from '../../ui/i18n.ts';
import { lazyView } from '../../ui/lazy-view.tsx';
import { usePage } from '../../ui/page.ts';
import { quantityText } from '../../ui/quantity-text.ts';
import { Tick } from '../../ui/toggle.tsx';
import { shortId, visibleText } from '../../ui/visible-text.ts';
import type { BuiltPayment, TokenView, WalletView } from '../../wallet/messages.ts';
import { No } from '../no.tsx';
import { useAsking } from '../use-asking.ts';
import { useContacts } from './contacts-state.ts';
import { quantityProblem } from './problem-text.ts';
import { Recipient } from './recipient.tsx';
import { canPay, MAX_MEMO, readPayment, type PaymentProblems, type TypedPayment } from './send-form.ts';

// The preview reads whole transactions: loaded when there is one.
const SignPayment = lazyView(() => import('./sign-payment.tsx').then(({ SignPayment: view }) => view));

interface SendProps {
  wallet: WalletView;
  /** A recipient that was chosen elsewhere; empty: none. */
  to: string;
  onDone: () => void;
}

const label = (token: TokenView): string => (token.isNtx ? 'NTX' : `${visibleText(token.label, 30)} · ${shortId(token.fingerprint, 8, 4)}`);

export function Send({ wallet, to, onDone }: SendProps): JSX.Element {
  const { runner } = usePage();
  const asking = useAsking();
  const contacts = useContacts();
  const ntx = wallet.tokens.find((token) => token.isNtx);
  const typed = useSignal<TypedPayment>({
    to,
    ada: '',
    tokens: ntx === undefined ? [] : [{ unit: ntx.unit, text: '' }],
    isAll: false,
    memo: '',
  });
  const problems = useSignal<PaymentProblems | null>(null);
  const built = useSignal<BuiltPayment | null>(null);
  const end = useSignal<'sent' | 'refused' | null>(null);
  const words = t().wallet.send;
  const now = typed.value;
  const change = (part: Partial<TypedPayment>): void => {
    typed.value = { ...typed.value, ...part };
    problems.value = null;
    asking.clear();
  };
  const setToken = (unit: string, text: string): void =>
    change({ tokens: now.tokens.map((one) => (one.unit === unit ? { unit, text } : one)) });

  const review = async (event: Event): Promise<void> => {
    event.preventDefault();
    // An NTX field that is left empty beside an amount of ADA asks for no NTX.
    const filled = { ...now, tokens: now.tokens.filter(({ text }) => text.trim() !== '') };
    const read = readPayment(filled, wallet, contacts.list.value ?? []);
    problems.value = 'problems' in read ? read.problems : null;
    if ('problems' in read) return;
    await asking.run(async () => {
      built.value = await runner.ask(read.order);
    });
  };

  if (end.value === 'sent') {
    return (
      <div class="stack" data-testid="sent">
        <Callout tone="good" role="status" title={words.sent}>
          {words.sentHint}
        </Callout>
        <div class="actions end">
          <Button
            testid="send-another"
            onClick={() => {
              end.value = null;
              typed.value = { ...now, to: '', ada: '', memo: '', isAll: false, tokens: now.tokens.map(({ unit }) => ({ unit, text: '' })) };
            }}
          >
            {words.another}
          </Button>
          <Button kind="primary" testid="send-done" onClick={onDone}>
            {words.done}
          </Button>
        </div>
      </div>
    );
  }
  if (built.value !== null) {
    return (
      <SignPayment
        cbor={built.value.cbor}
        wallet={wallet}
        onSent={() => {
          built.value = null;
          end.value = 'sent';
        }}
        onBack={() => {
          built.value = null;
          end.value = 'refused';
        }}
      />
    );
  }
  const others = wallet.tokens.filter(
    (token) => token.hiddenBecause === null && token.quantity > 0n && !now.tokens.some(({ unit }) => unit === token.unit),
  );
  const isReady = canPay(runner.app.value);
  const adaProblem = problems.value?.ada ?? null;
  return (
    <form class="stack" onSubmit={(event) => void review(event)} autocomplete="off" data-testid="send-form">
      {end.value === 'refused' && (
        <Callout role="status" testid="send-refused">
          {words.refused}
        </Callout>
      )}
      <Recipient
        to={now.to}
        wallet={wallet}
        contacts={contacts}
        problem={problems.value?.to ?? null}
        onChange={(next) => change({ to: next })}
      />
      {!now.isAll && (
        <>
          {now.tokens.map(({ unit, text }) => {
            const token = wallet.tokens.find((one) => one.unit === unit);
            if (token === undefined) return null;
            const wrong = problems.value?.tokens[unit] ?? null;
            const all = quantityText(token.quantity, token.decimals);
            return (
              <Field
                key={unit}
                label={label(token)}
                value={text}
                inputMode="decimal"
                placeholder="0"
                maxLength={60}
                testid={token.isNtx ? 'send-ntx' : 'send-token'}
                hint={words.available(all)}
                error={wrong === null ? null : wrong === 'too-much' ? words.tooMuch(all) : quantityProblem(wrong, token.decimals)}
                onInput={(next) => setToken(unit, next)}
                end={
                  <>
                    <Button
                      kind="quiet"
                      size="small"
                      testid={token.isNtx ? 'send-ntx-max' : 'send-token-max'}
                      onClick={() => setToken(unit, formatAmount(token.quantity, token.decimals))}
                    >
                      {words.max}
                    </Button>
                    {!token.isNtx && (
                      <IconButton
                        size="small"
                        icon="cross"
                        label={words.removeToken(visibleText(token.label, 30))}
                        onClick={() => change({ tokens: now.tokens.filter((one) => one.unit !== unit) })}
                      />
                    )}
                  </>
                }
              />
            );
          })}
          <Field
            label={words.ada}
            value={now.ada}
            inputMode="decimal"
            placeholder="0"
            maxLength={60}
            testid="send-ada"
            hint={now.tokens.some(({ text }) => text.trim() !== '') ? words.adaLeast : words.available(quantityText(wallet.lovelace, 6))}
            error={
              adaProblem === null
                ? null
                : adaProblem === 'too-much'
                  ? words.tooMuch(quantityText(wallet.lovelace, 6))
                  : adaProblem === 'nothing'
                    ? words.nothing
                    : quantityProblem(adaProblem, 6)
            }
            onInput={(ada) => change({ ada })}
          />
          {others.length > 0 && (
            <Select
              label={words.addToken}
              value=""
              testid="send-add-token"
              options={[{ value: '', label: words.choose }, ...others.map((token) => ({ value: token.unit, label: label(token) }))]}
              onSelect={(unit) => {
                if (unit !== '') change({ tokens: [...now.tokens, { unit, text: '' }] });
              }}
            />
          )}
        </>
      )}
      <Tick label={words.all} hint={words.allHint} isOn={now.isAll} testid="send-all" onChange={(isAll) => change({ isAll })} />
      <details class="fold">
        <summary>{words.memo}</summary>
        <TextArea
          label={words.memo}
          value={now.memo}
          rows={2}
          maxLength={MAX_MEMO + 1}
          hint={words.memoHint}
          testid="send-memo"
          error={problems.value?.memo === 'too-long' ? words.memoTooLong : null}
          onInput={(memo) => change({ memo })}
        />
      </details>
      <No no={asking.no.value} testid="send-error" />
      {!isReady && <p class="hint">{words.wait}</p>}
      <Button type="submit" kind="primary" size="large" isWide testid="send-review" isDisabled={!isReady || asking.isBusy.value}>
        {asking.isBusy.value ? words.building : words.review}
      </Button>
    </form>
  );
}
