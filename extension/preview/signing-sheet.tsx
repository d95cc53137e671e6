// The signing sheet: who asks, what it is for, what changes, what to know, the bytes, and the one button. Effects stay with the caller.
import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useId, useRef } from 'preact/hooks';
import { Button } from '../ui/button.tsx';
import { Callout } from '../ui/callout.tsx';
import { errorText, type SaidNo } from '../ui/error-text.ts';
import { Field } from '../ui/field.tsx';
import { Icon } from '../ui/icons.tsx';
import { t } from '../ui/i18n.ts';
import { PasswordField, takeSecret } from '../ui/password-field.tsx';
import { Stranger } from '../ui/stranger.tsx';
import { ApproveButton } from './approve-button.tsx';
import { holdOf, isStopped, wantsWord } from './approve-guard.ts';
import { DataDetails, DataView } from './data-view.tsx';
import { DetailsView } from './details-view.tsx';
import { EffectLines } from './effect-view.tsx';
import type { Shown } from './prepare-signing.ts';
import './sheet.css';
import type { SigningStep } from './signing.ts';
import { totalEffect } from './total-effect.ts';
import { TransactionView } from './transaction-view.tsx';
import { useAttention, useSeen } from './use-attention.ts';

export interface SigningSheetProps {
  what: Shown;
  /** Who asks, as the browser names it; null: the wallet's own pages. */
  origin: string | null;
  /** Name of the account. */
  account: string;
  network: string;
  step: SigningStep;
  problem: SaidNo | null;
  onApprove: (password: Uint8Array | null) => void;
  onUnlock: (password: Uint8Array) => void;
  onRefuse: () => void;
  onAgain: () => void;
  /** Above the sentence: until when it counts, for example. */
  children?: ComponentChildren | undefined;
}

const risksOf = (what: Shown) => (what.kind === 'data' ? what.data.risks : what.previews.flatMap(({ risks }) => risks));
const intentsOf = (what: Shown) => (what.kind === 'data' ? [] : what.previews.map(({ intent }) => intent));
/** Other bytes are another sheet: read and shown anew. */
const keyOf = (what: Shown): string => (what.kind === 'data' ? what.data.hash : what.previews.map(({ hash }) => hash).join());

export function SigningSheet(props: SigningSheetProps): JSX.Element {
  const { what, origin, account, network, step } = props;
  const words = t().sheet;
  const id = useId();
  const body = useRef<HTMLDivElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const isSeen = useSeen(end, body, keyOf(what));
  const typed = useSignal('');
  const judged = { risks: risksOf(what), intents: intentsOf(what) };
  const isAsking =
    wantsWord(judged) && !isStopped(judged) && (step.step === 'ready' || step.step === 'proposing' || step.step === 'approving');
  return (
    <section class="sheet" aria-labelledby={id} data-testid="signing-sheet" data-step={step.step}>
      <header class="sheet-head">
        <h2 id={id} data-testid="sheet-origin">
          <Icon name={origin === null ? 'wallet' : 'globe'} />
          {origin === null ? words.asksItself : <Origin origin={origin} />}
        </h2>
        <p class="hint">
          {words.account} <Stranger text={account} length={60} /> · {words.network} {network}
        </p>
      </header>
      {/* Scrolls by itself, so the keyboard has to reach it. */}
      <div class="sheet-body" ref={body} tabIndex={0} role="group" aria-label={what.kind === 'data' ? words.titleData : words.title}>
        {props.children}
        <Inside what={what} />
        {isAsking && (
          <div class="sheet-word">
            <Field
              label={words.wordLabel(words.word)}
              value={typed.value}
              maxLength={20}
              onInput={(text) => (typed.value = text)}
              testid="sheet-word"
            />
          </div>
        )}
        <div ref={end} class="sheet-end" data-testid="sheet-end" />
        <Beneath what={what} />
      </div>
      <Foot {...props} isSeen={isSeen.value} typed={typed.value} />
    </section>
  );
}

/** "https://app.example asks": the origin is a stranger's, the word order the language's. */
function Origin({ origin }: { origin: string }): JSX.Element {
  const [before, after] = t().sheet.asks('\u0000').split('\u0000');
  return (
    <span>
      {before}
      <Stranger text={origin} length={120} />
      {after}
    </span>
  );
}

/** What has to have been in view. */
function Inside({ what }: { what: Shown }): JSX.Element | null {
  const words = t().sheet;
  if (what.kind === 'data') return <DataView data={what.data} />;
  const { previews } = what;
  const [only] = previews;
  if (only === undefined) return null;
  if (previews.length === 1) return <TransactionView preview={only} />;
  return (
    <div class="stack loose">
      <div class="stack tight">
        <h3>{words.effectTotal}</h3>
        <EffectLines effect={totalEffect(previews)} size="large" />
      </div>
      {previews.map((preview, i) => (
        <section key={preview.hash} class="sheet-part" aria-label={words.numbered(i + 1, previews.length)} data-testid="sheet-part">
          <p class="hint">{words.numbered(i + 1, previews.length)}</p>
          <TransactionView preview={preview} />
          <DetailsView preview={preview} />
        </section>
      ))}
    </div>
  );
}

/** For whoever wants to look further. */
function Beneath({ what }: { what: Shown }): JSX.Element | null {
  if (what.kind === 'data') return <DataDetails data={what.data} />;
  const [only] = what.previews;
  return only === undefined || what.previews.length > 1 ? null : <DetailsView preview={only} />;
}

interface FootProps {
  /** The end of what has to be read has been in view. */
  isSeen: boolean;
  /** What stands in the field for the word. */
  typed: string;
}

function Foot(props: SigningSheetProps & FootProps): JSX.Element {
  const { step, problem, onRefuse, onAgain } = props;
  const words = t().sheet;
  if (step.step === 'signed' || step.step === 'refused')
    return (
      <footer class="sheet-foot">
        <Callout tone={step.step === 'signed' ? 'good' : 'info'} role="status" testid="sheet-done">
          {words[step.step]}
        </Callout>
      </footer>
    );
  if (step.step === 'failed')
    return (
      <footer class="sheet-foot">
        <Callout tone="bad" role="alert" title={words.failed} testid="sheet-failed" code={step.because.code}>
          {step.because.code === 'preview-mismatch' ? words.mismatch : <Stranger text={errorText(step.because)} length={400} />}
        </Callout>
        <div class="actions end">
          <Button testid="refuse" onClick={onRefuse}>
            {words.close}
          </Button>
          <Button kind="primary" testid="sheet-again" onClick={onAgain}>
            {words.again}
          </Button>
        </div>
      </footer>
    );
  return (
    <footer class="sheet-foot">
      {problem !== null && (
        <Callout tone="bad" role="alert" testid="sheet-problem" code={problem.code}>
          <Stranger text={errorText(problem)} length={400} />
        </Callout>
      )}
      {step.step === 'locked' ? <Locked {...props} /> : <Decide {...props} />}
    </footer>
  );
}

function Locked({ onUnlock, onRefuse }: SigningSheetProps): JSX.Element {
  const words = t().sheet;
  const input = useRef<HTMLInputElement>(null);
  return (
    <form
      class="stack tight"
      onSubmit={(event) => {
        event.preventDefault();
        onUnlock(takeSecret(input.current));
      }}
    >
      <PasswordField
        label={words.password}
        hint={words.passwordUnlock}
        autoComplete="current-password"
        inputRef={input}
        testid="sheet-password"
      />
      <div class="actions end">
        <Button testid="refuse" onClick={onRefuse}>
          {words.refuse}
        </Button>
        <Button kind="primary" type="submit" icon="unlock" testid="sheet-unlock">
          {words.unlock}
        </Button>
      </div>
    </form>
  );
}

function Decide({ what, step, isSeen, typed, onApprove, onRefuse }: SigningSheetProps & FootProps): JSX.Element {
  const words = t().sheet;
  const input = useRef<HTMLInputElement>(null);
  const attention = useAttention(`${step.step === 'ready' ? step.approvalId : ''} ${keyOf(what)}`);
  const judged = { risks: risksOf(what), intents: intentsOf(what) };
  const wantsPassword = step.step === 'ready' && step.wantsPassword && !isStopped(judged);
  const hold = holdOf({
    ...judged,
    ...attention.value,
    isReady: step.step === 'ready' || step.step === 'approving',
    isRead: isSeen,
    typed,
    word: words.word,
  });
  return (
    <div class="stack tight">
      {wantsPassword && (
        <PasswordField
          label={words.password}
          hint={words.passwordAgain}
          autoComplete="current-password"
          inputRef={input}
          testid="sheet-password"
        />
      )}
      <div class="sheet-buttons">
        <Button size="large" testid="refuse" onClick={onRefuse}>
          {words.refuse}
        </Button>
        <ApproveButton
          label={what.kind === 'data' ? words.approve : words.approveAll(what.previews.length)}
          hold={hold}
          isBusy={step.step === 'approving'}
          onApprove={() => onApprove(wantsPassword ? takeSecret(input.current) : null)}
        />
      </div>
    </div>
  );
}
