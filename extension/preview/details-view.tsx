// Everything else that is signed, for whoever wants to look: inputs, outputs, times, keys, metadata, the hash and the bytes themselves.
import type { ComponentChildren, JSX } from 'preact';
import { Address } from '../ui/address.tsx';
import { Ada } from '../ui/amount.tsx';
import { Badge } from '../ui/badge.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Facts } from '../ui/facts.tsx';
import { t } from '../ui/i18n.ts';
import { Stranger } from '../ui/stranger.tsx';
import { TokenLine } from './effect-view.tsx';
import type { OutputView, TransactionPreview } from './preview.ts';
import { momentText } from './sheet-words.ts';

/** A transaction can have thousands of parts; whoever wants more than this has the bytes. */
const MOST_ROWS = 60;
const MOST_TOKENS = 30;

function Rows<Item>({
  title,
  items,
  row,
}: {
  title: string;
  items: readonly Item[];
  row: (item: Item) => ComponentChildren;
}): JSX.Element | null {
  if (items.length === 0) return null;
  return (
    <section class="stack tight">
      <h4>
        {title} ({items.length})
      </h4>
      <ul class="sheet-rows">
        {items.slice(0, MOST_ROWS).map((item, i) => (
          <li key={i}>{row(item)}</li>
        ))}
      </ul>
      {items.length > MOST_ROWS && <p class="hint">{t().sheet.more(items.length - MOST_ROWS)}</p>}
    </section>
  );
}

export function OutputRow({ output }: { output: OutputView }): JSX.Element {
  const words = t().sheet;
  return (
    <div class="sheet-output">
      <span class="sheet-who">
        {output.name !== null && <Stranger text={output.name} length={60} />}
        <Address text={output.address} what={words.copyAddress} testid="output-address" />
        {output.isOwn && <Badge tone="good">{words.yours}</Badge>}
        {output.isScript && <Badge tone="wait">{words.contract}</Badge>}
        {output.hasDatum && <Badge>{words.withData}</Badge>}
      </span>
      <span class="sheet-amounts">
        <Ada quantity={output.lovelace} />
        {output.tokens.slice(0, MOST_TOKENS).map((token) => (
          <TokenLine key={token.unit} token={token} />
        ))}
        {output.tokens.length > MOST_TOKENS && <span class="hint">{words.more(output.tokens.length - MOST_TOKENS)}</span>}
      </span>
    </div>
  );
}

export function DetailsView({ preview }: { preview: TransactionPreview }): JSX.Element {
  const words = t().sheet;
  const { inputs, outputs, mint, metadata, validFromMs, validUntilMs, keys, hash, cbor } = preview;
  return (
    <details class="sheet-details" data-testid="details">
      <summary>{words.details}</summary>
      <div class="stack">
        <Facts
          facts={[
            ...(validFromMs === null ? [] : [{ name: words.validFrom, value: momentText(validFromMs) }]),
            { name: words.validUntil, value: validUntilMs === null ? words.forever : momentText(validUntilMs) },
            { name: words.keys, value: keys.map((role) => words.key[role]).join(', ') },
          ]}
        />
        <Rows
          title={words.inputs}
          items={inputs}
          row={({ reference, isOwn, lovelace }) => (
            <div class="sheet-output">
              <span class="sheet-who">
                <Address text={`${reference.txId}#${reference.index}`} what={words.copyHash} />
                {isOwn && <Badge tone="good">{words.yours}</Badge>}
              </span>
              <span class="sheet-amounts">{lovelace === null ? words.notKnown : <Ada quantity={lovelace} />}</span>
            </div>
          )}
        />
        <Rows title={words.outputs} items={outputs} row={(output) => <OutputRow output={output} />} />
        <Rows title={words.minted} items={mint} row={(token) => <TokenLine token={token} isSigned />} />
        <Rows title={words.metadata} items={metadata} row={(line) => <Stranger text={line} length={200} />} />
        <section class="stack tight">
          <h4>{words.hash}</h4>
          <p class="sheet-raw">
            <code data-testid="hash">{hash}</code> <CopyButton text={hash} what={words.copyHash} />
          </p>
          <h4>
            {words.raw} ({words.messageBytes(cbor.length / 2)}) <CopyButton text={cbor} what={words.copyRaw} />
          </h4>
          {/* Scrolls by itself, so the keyboard has to reach it. */}
          <pre class="sheet-cbor" tabIndex={0} aria-label={words.raw}>
            {cbor}
          </pre>
        </section>
      </div>
    </details>
  );
}
