import { describe, expect, test } from 'vitest';
import { sampleRecord } from '../ui/sample-jobs.ts';
import { moneyOf, transactionLink } from './money.ts';

const START = 1_767_225_600_000;
const txId = 'ab'.repeat(32);

describe('the money of a job', () => {
  test('what was paid and what came back add up to what was locked', async () => {
    for (const stage of ['paid', 'disputed', 'missed', 'shared', 'reclaimed'] as const) {
      const { locked, paid, change } = moneyOf(await sampleRecord(stage, START));
      expect((paid ?? -1n) + (change ?? -1n)).toBe(locked);
    }
  });

  test('nothing is claimed before the chain or a signature says it', async () => {
    const running = moneyOf(await sampleRecord('running', START));
    expect([running.billed, running.paid, running.change, running.changeLovelace]).toEqual([null, null, null, null]);
    expect(running.transactions.map(({ kind }) => kind)).toEqual(['lock']);
    expect(moneyOf(await sampleRecord('draft', START))).toMatchObject({ locked: null, transactions: [] });
  });

  test('a dropped lock is zero everywhere', async () => {
    expect(moneyOf(await sampleRecord('dropped', START))).toMatchObject({ locked: 0n, paid: 0n, change: 0n });
  });

  test('cannot link anywhere but to a page on this machine or behind TLS', () => {
    expect(transactionLink('http://127.0.0.1:4000/#tx/', txId)).toBe(`http://127.0.0.1:4000/#tx/${txId}`);
    expect(transactionLink('https://preprod.cardanoscan.io/transaction/', txId)).toContain(txId);
    for (const page of [null, 'javascript:alert(1)//', 'http://example.org/', 'data:text/html,', 'nonsense'])
      expect(transactionLink(page, txId)).toBeNull();
    expect(transactionLink('http://127.0.0.1:4000/#tx/', '"><script>')).toBeNull();
  });
});
