// The money of a job in figures, and the transactions that prove them.
import type { JSX } from 'preact';
import { isJobEnd } from '@nunet/shared/job-state.ts';
import type { JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import { Icon } from '../ui/icons.tsx';
import { adaText, durationText, ntxText } from '../ui/quantity-text.ts';
import { shortId } from '../ui/visible-text.ts';
import { moneyOf, transactionLink, type Transaction } from './money.ts';

const UNKNOWN = '–';

function Figure({ name, value, remark, testid }: { name: string; value: bigint | null; remark?: string; testid: string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <strong data-testid={testid} data-base-units={value?.toString() ?? ''}>
          {value === null ? UNKNOWN : ntxText(value)}
        </strong>
        {remark !== undefined && <small>{remark}</small>}
      </dd>
    </div>
  );
}

function TransactionLine({ transaction, page }: { transaction: Transaction; page: string | null }): JSX.Element {
  const { kind, title, txId, feeLovelace } = transaction;
  const link = transactionLink(page, txId);
  const id = <code>{shortId(txId, 8, 8)}</code>;
  return (
    <li>
      <span>{title}</span>
      {link === null ? (
        <span data-testid={`tx-${kind}`} data-tx-id={txId} title={txId}>
          {id}
        </span>
      ) : (
        <a href={link} target="_blank" rel="noreferrer" data-testid={`tx-${kind}`} data-tx-id={txId} title={txId}>
          {id} <Icon name="out" size={14} />
          <span class="away">on the devnet’s page, in a new tab</span>
        </a>
      )}
      <small>fee {adaText(feeLovelace)}</small>
    </li>
  );
}

function billedRemark({ manifest, job }: JobRecord): string {
  if (manifest !== undefined) return `for ${durationText(manifest.body.billedMs)} of its time`;
  return isJobEnd(job) ? 'no result was signed' : 'signed by the compute provider at the end';
}

export function MoneyCard({ record, page }: { record: JobRecord; page: string | null }): JSX.Element {
  const money = moneyOf(record);
  return (
    <section class="card" aria-labelledby="money-title">
      <h2 id="money-title">Money</h2>
      <dl class="money">
        <Figure name="Locked" value={money.locked} remark="the most this job can cost" testid="money-locked" />
        <Figure name="Billed" value={money.billed} remark={billedRemark(record)} testid="money-billed" />
        <Figure name="Paid" value={money.paid} testid="money-paid" />
        <Figure name="Came back" value={money.change} testid="money-change" />
        {money.lockedLovelace !== null && (
          <div>
            <dt>ADA in the lock</dt>
            <dd>
              <span>{adaText(money.lockedLovelace)}</span>
              {money.changeLovelace !== null && <small>{adaText(money.changeLovelace)} came back</small>}
            </dd>
          </div>
        )}
      </dl>
      {money.transactions.length > 0 && (
        <ul class="transactions" aria-label="Transactions">
          {money.transactions.map((transaction) => (
            <TransactionLine key={transaction.txId} transaction={transaction} page={page} />
          ))}
        </ul>
      )}
    </section>
  );
}
