// A message for a person: its text line by line with everything unseen marked, as whom it is signed, and its bytes.
import type { JSX } from 'preact';
import { Address } from '../ui/address.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Facts } from '../ui/facts.tsx';
import { t } from '../ui/i18n.ts';
import { Stranger } from '../ui/stranger.tsx';
import type { DataPreview } from './preview.ts';
import { RiskList } from './risk-list.tsx';

/** As many as the vault's bytes can hold would make a page that nobody reads; the rest is in the bytes. */
const MOST_LINES = 400;
const LONGEST_LINE = 8_000;

export function DataView({ data }: { data: DataPreview }): JSX.Element {
  const words = t().sheet;
  const lines = data.text?.split(/\r?\n/) ?? [];
  return (
    <div class="stack loose">
      <p class="sheet-sentence" data-testid="intent" data-intent="data">
        {words.intent.data}
      </p>
      {data.text !== null && (
        <div class="stack tight">
          <h3>{words.message}</h3>
          <div class="sheet-message" data-testid="message" tabIndex={0} role="group" aria-label={words.message}>
            {lines.slice(0, MOST_LINES).map((line, i) => (
              <p key={i}>{line === '' ? '\u00a0' : <Stranger text={line.replaceAll('\t', '    ')} length={LONGEST_LINE} />}</p>
            ))}
            {lines.length > MOST_LINES && <p class="hint">{words.more(lines.length - MOST_LINES)}</p>}
          </div>
        </div>
      )}
      <Facts
        facts={[
          { name: words.signsAs, value: <Address text={data.signsAs} what={words.copyAddress} /> },
          { name: words.keys, value: words.key[data.role] },
          ...(data.site === null ? [] : [{ name: words.claims, value: <Stranger text={data.site} length={100} /> }]),
        ]}
      />
      <RiskList risks={data.risks} />
    </div>
  );
}

export function DataDetails({ data }: { data: DataPreview }): JSX.Element {
  const words = t().sheet;
  return (
    <details class="sheet-details" data-testid="details" open={data.text === null}>
      <summary>{words.details}</summary>
      <div class="stack tight">
        <h4>{words.hash}</h4>
        <p class="sheet-raw">
          <code data-testid="hash">{data.hash}</code> <CopyButton text={data.hash} what={words.copyHash} />
        </p>
        <h4>
          {words.raw} ({words.messageBytes(data.bytes)}) <CopyButton text={data.payload} what={words.copyRaw} />
        </h4>
        <pre class="sheet-cbor" tabIndex={0} aria-label={words.raw}>
          {data.payload}
        </pre>
      </div>
    </details>
  );
}
