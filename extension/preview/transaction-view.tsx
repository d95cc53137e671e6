// One transaction for a person: what it is for, what changes, who gets it, what it binds, and what to know before. The rest is in details-view.tsx.
import type { JSX } from 'preact';
import { Address } from '../ui/address.tsx';
import { Ada } from '../ui/amount.tsx';
import { Icon } from '../ui/icons.tsx';
import { t } from '../ui/i18n.ts';
import { OutputRow } from './details-view.tsx';
import { EffectView } from './effect-view.tsx';
import type { CertificateView, TransactionPreview } from './preview.ts';
import { RiskList } from './risk-list.tsx';
import { intentText } from './sheet-words.ts';
import { adaText } from '../ui/quantity-text.ts';

const MOST_CERTIFICATES = 40;

function Certificate({ certificate }: { certificate: CertificateView }): JSX.Element {
  const words = t().sheet;
  const { name, isOwn, pool, drep, depositLovelace } = certificate;
  const drepText = drep === 'abstain' ? words.abstain : drep === 'no-confidence' ? words.noConfidence : null;
  return (
    <li class="sheet-output" data-testid="certificate">
      <span class="sheet-who">
        <strong>{words.certificate[name]}</strong>
        {!isOwn && name !== 'unknown' && <span class="hint">{words.foreignKey}</span>}
        {pool !== null && (
          <span>
            {words.pool} <Address text={pool} what={words.pool} />
          </span>
        )}
        {drep !== null && (
          <span>
            {words.drep} {drepText ?? <Address text={drep} what={words.drep} />}
          </span>
        )}
      </span>
      <span class="sheet-amounts">{depositLovelace !== 0n && <Ada quantity={-depositLovelace} isSigned />}</span>
    </li>
  );
}

/** The details of a lock that the sentence has no room for. */
function More({ preview: { intent } }: { preview: TransactionPreview }): JSX.Element | null {
  const words = t().sheet;
  if (intent.kind !== 'lock') return null;
  return (
    <div class="hint">
      <p>{words.intent.lockMore(intent.k, intent.oracles, adaText(intent.lovelace))}</p>
      <p>
        {words.intent.lockFor} <Address text={intent.computeProvider} what={words.copyAddress} />
      </p>
    </div>
  );
}

export function TransactionView({ preview }: { preview: TransactionPreview }): JSX.Element {
  const words = t().sheet;
  const { intent, certificates, votes, outputs, risks } = preview;
  const isUnrecognised = intent.kind === 'unrecognised';
  const foreign = outputs.filter(({ isOwn }) => !isOwn);
  return (
    <div class="stack loose">
      <div class={isUnrecognised ? 'sheet-intent strange' : 'sheet-intent'}>
        {isUnrecognised && <Icon name="alert" size={22} />}
        <div>
          <p class="sheet-sentence" data-testid="intent" data-intent={intent.kind}>
            {intentText(intent)}
          </p>
          <More preview={preview} />
        </div>
      </div>
      <EffectView preview={preview} />
      {foreign.length > 0 && (
        <div class="stack tight">
          <h3>{words.recipients}</h3>
          <ul class="sheet-rows">
            {foreign.slice(0, 20).map((output, i) => (
              <li key={i}>
                <OutputRow output={output} />
              </li>
            ))}
          </ul>
          {foreign.length > 20 && <p class="hint">{words.more(foreign.length - 20)}</p>}
        </div>
      )}
      {certificates.length > 0 && (
        <div class="stack tight">
          <h3>{words.certificatesTitle}</h3>
          <ul class="sheet-rows">
            {certificates.slice(0, MOST_CERTIFICATES).map((certificate, i) => (
              <Certificate key={i} certificate={certificate} />
            ))}
          </ul>
          {certificates.length > MOST_CERTIFICATES && <p class="hint">{words.more(certificates.length - MOST_CERTIFICATES)}</p>}
        </div>
      )}
      {votes.length > 0 && (
        <div class="stack tight">
          <h3>{words.votesTitle}</h3>
          <ul class="sheet-rows">
            {votes.slice(0, MOST_CERTIFICATES).map(({ action, choice, isOwn }, i) => (
              <li key={i} class="sheet-output">
                <span class="sheet-who">
                  <Address text={`${action.txId}#${action.index}`} what={words.copyHash} />
                  {!isOwn && <span class="hint">{words.foreignKey}</span>}
                </span>
                <strong>{words.choice[choice]}</strong>
              </li>
            ))}
          </ul>
        </div>
      )}
      <RiskList risks={risks} />
    </div>
  );
}
