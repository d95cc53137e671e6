// The money of a job in figures, and the transactions that prove them.
import type { JSX } from 'preact';
import { isJobEnd } from '@nunet/shared/job-state.ts';
import type { JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import { Card } from '../ui/card.tsx';
import { Facts, type Fact } from '../ui/facts.tsx';
import { t } from '../ui/i18n.ts';
import { Icon } from '../ui/icons.tsx';
import { adaText, durationText, ntxText } from '../ui/quantity-text.ts';
import { shortId } from '../ui/visible-text.ts';
import './money-card.css';
import { moneyOf, transactionLink, type Transaction } from './money.ts';

const UNKNOWN = '–';

function figure(name: string, value: bigint | null, testid: string, remark?: string): Fact {
  return {
    name,
    value: (
      <>
        <strong data-testid={testid} data-base-units={value?.toString() ?? ''}>
          {value === null ? UNKNOWN : ntxText(value)}
        </strong>
        {remark !== undefined && <small>{remark}</small>}
      </>
    ),
  };
}

function TransactionLine({ transaction, page }: { transaction: Transaction; page: string | null }): JSX.Element {
  const { kind, did, txId, feeLovelace } = transaction;
  const words = t().jobs.moneyCard;
  const link = transactionLink(page, txId);
  const id = <code>{shortId(txId, 8, 8)}</code>;
  return (
    <li>
      <span>{words.kinds[did]}</span>
      {link === null ? (
        <span data-testid={`tx-${kind}`} data-tx-id={txId} title={txId}>
          {id}
        </span>
      ) : (
        <a href={link} target="_blank" rel="noreferrer" data-testid={`tx-${kind}`} data-tx-id={txId} title={txId}>
          {id} <Icon name="out" size={14} />
          <span class="away">{words.outside}</span>
        </a>
      )}
      <small>{words.fee(adaText(feeLovelace))}</small>
    </li>
  );
}

function billedRemark({ manifest, job }: JobRecord): string {
  const words = t().jobs.moneyCard;
  if (manifest !== undefined) return words.billedFor(durationText(manifest.body.billedMs));
  return isJobEnd(job) ? words.billedNever : words.billedLater;
}

export function MoneyCard({ record, page }: { record: JobRecord; page: string | null }): JSX.Element {
  const money = moneyOf(record);
  const words = t().jobs.moneyCard;
  const facts = [
    figure(words.locked, money.locked, 'money-locked', words.lockedRemark),
    figure(words.billed, money.billed, 'money-billed', billedRemark(record)),
    figure(words.paid, money.paid, 'money-paid'),
    figure(words.change, money.change, 'money-change'),
  ];
  if (money.lockedLovelace !== null)
    facts.push({
      name: words.ada,
      value: (
        <>
          <span>{adaText(money.lockedLovelace)}</span>
          {money.changeLovelace !== null && <small>{words.adaBack(adaText(money.changeLovelace))}</small>}
        </>
      ),
    });
  return (
    <Card title={t().jobs.money}>
      <Facts facts={facts} />
      {money.transactions.length > 0 && (
        <ul class="transactions" aria-label={words.transactions}>
          {money.transactions.map((transaction) => (
            <TransactionLine key={transaction.txId} transaction={transaction} page={page} />
          ))}
        </ul>
      )}
    </Card>
  );
}
