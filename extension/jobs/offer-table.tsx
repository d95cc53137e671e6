// Offers as a table of which one is chosen, and beneath it the compute providers that will not do it, with their reasons.
import type { JSX } from 'preact';
import { Badge } from '../ui/badge.tsx';
import '../ui/field.css';
import { t } from '../ui/i18n.ts';
import { Stranger } from '../ui/stranger.tsx';
import { Table } from '../ui/table.tsx';
import { shortId } from '../ui/visible-text.ts';
import './offer-table.css';
import type { OfferRow, RefusalRow } from './offers.ts';

interface OffersProps {
  rows: readonly OfferRow[];
  chosen: string | undefined;
  onChoose: (quoteCid: string) => void;
}

export function Offers({ rows, chosen, onChoose }: OffersProps): JSX.Element {
  const words = t().jobs.offers;
  const columns = [
    { label: words.provider },
    { label: words.atMost, isNumber: true },
    { label: words.rate, isNumber: true },
    { label: words.minimum, isNumber: true },
    { label: words.start, isNumber: true },
    { label: words.sandbox },
    { label: words.expires, isNumber: true },
  ];
  return (
    <Table caption={words.caption} columns={columns}>
      {rows.map((row, i) => (
        <tr
          key={row.quoteCid}
          class={`offer ${row.quoteCid === chosen ? 'chosen' : ''} ${row.isExpired ? 'gone' : ''}`}
          data-testid={`offer-${i}`}
          data-peer-id={row.peerId}
          data-amount={row.amountBaseUnits.toString()}
          data-selected={row.quoteCid === chosen}
          onClick={() => onChoose(row.quoteCid)}
        >
          <td data-label={words.provider}>
            <label class="pick-offer">
              <input
                type="radio"
                name="offer"
                checked={row.quoteCid === chosen}
                disabled={row.isExpired}
                data-testid={`offer-pick-${i}`}
                onChange={() => onChoose(row.quoteCid)}
              />
              <code title={row.peerId}>{shortId(row.peerId)}</code>
            </label>
          </td>
          <td data-label={words.atMost} class="number">
            <strong>{row.amount}</strong>
          </td>
          <td data-label={words.rate} class="number">
            {row.rate}
          </td>
          <td data-label={words.minimum} class="number">
            {row.minimum}
          </td>
          <td data-label={words.start} class="number">
            {row.start}
          </td>
          <td data-label={words.sandbox}>
            {row.sandbox}, {row.delivery}
          </td>
          <td data-label={words.expires} class="number">
            {row.isExpired ? words.expired : row.expires}
          </td>
        </tr>
      ))}
    </Table>
  );
}

export function Refusals({ rows }: { rows: readonly RefusalRow[] }): JSX.Element {
  return (
    <ul class="refusals" aria-label={t().jobs.offers.refusals}>
      {rows.map((row, i) => (
        <li key={row.peerId} data-testid={`refusal-${i}`} data-peer-id={row.peerId} data-outcome={row.outcome}>
          <code title={row.peerId}>{shortId(row.peerId)}</code>
          <Badge tone="bad">{row.says}</Badge>
          <span class="lines">
            {row.reasons.map((reason) => (
              <Stranger key={reason} text={reason} length={300} />
            ))}
          </span>
        </li>
      ))}
    </ul>
  );
}
