// Sending: to whom, what, with the fee and the exact effect before anything is signed.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Button } from '../../ui/button.tsx';
import { Callout } from '../../ui/callout.tsx';
import { Select, TextArea } from '../../ui/field.tsx';
import { t } from '../../ui/i18n.ts';
import { lazyView } from '../../ui/lazy-view.tsx';
import { usePage } from '../../ui/page.ts';
import { Tick } from '../../ui/toggle.tsx';
import { shortId, visibleText } from '../../ui/visible-text.ts';
import type { BuiltPayment, TokenView, WalletView } from '../../wallet/messages.ts';
import { No } from '../no.tsx';
import { useAsking } from '../use-asking.ts';
import { AssetField } from './asset-field.tsx';
import { useContacts } from './contacts-state.ts';
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

const ADA_DECIMALS = 6;

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
  const leaveOut = (unit: string): void => change({ tokens: now.tokens.filter((one) => one.unit !== unit) });

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
            const name = visibleText(token.label, 30);
            return (
              <AssetField
                key={unit}
                label={label(token)}
                text={text}
                available={token.quantity}
                decimals={token.decimals}
                problem={problems.value?.tokens[unit] ?? null}
                testid={token.isNtx ? 'send-ntx' : 'send-token'}
                hasMax
                onInput={(next) => setToken(unit, next)}
                {...(token.isNtx ? {} : { remove: { label: words.removeToken(name), act: () => leaveOut(unit) } })}
              />
            );
          })}
          <AssetField
            label={words.ada}
            text={now.ada}
            available={wallet.lovelace}
            decimals={ADA_DECIMALS}
            problem={problems.value?.ada ?? null}
            {...(now.tokens.some(({ text }) => text.trim() !== '') ? { hint: words.adaLeast } : {})}
            testid="send-ada"
            hasMax={false}
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
