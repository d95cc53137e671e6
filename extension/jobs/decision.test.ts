import { describe, expect, test } from 'vitest';
import { en } from '../locales/en.ts';
import { sampleSnapshot } from '../ui/sample-jobs.ts';
import { decisionOf, mayCancel } from './decision.ts';

const words = en.jobs.decision;
const START = 1_767_225_600_000;
const delivered = await sampleSnapshot('delivered', START);

describe('the decision', () => {
  test('says in amounts what each answer leads to', () => {
    const view = decisionOf(delivered, START + 30_000, words);
    expect(view?.acknowledge).toBe('Pays 0.272 NTX to the compute provider; 3.978 NTX come back to you. It cannot be taken back.');
    expect(view?.dispute).toContain('all 4.25 NTX come back; if not, you pay 0.272 NTX');
    expect(view?.silence).toContain('0.272 NTX are paid');
    expect(view).toMatchObject({ deadline: '4:31', isOver: false, reason: '', check: { accept: true } });
  });

  test('is over when chain time has passed the deadline', () => {
    expect(decisionOf(delivered, START + 301_000, words)).toMatchObject({ isOver: true, deadline: '0:00' });
  });

  test('is not there before the runner asks', async () => {
    expect(decisionOf(await sampleSnapshot('running', START), START, words)).toBeNull();
    expect(decisionOf({ ...delivered, decision: null }, START, words)).toBeNull();
  });

  test('begins the reason of a dispute with what the check found', () => {
    const failed = {
      ...delivered,
      decision: { check: { accept: false, score: 0.1, detail: 'accuracy 0.1, want at least 0.93' }, error: null, disputeBy: START },
    };
    expect(decisionOf(failed, START, words)?.reason).toBe('accuracy 0.1, want at least 0.93');
  });

  test('a job can be cancelled until it runs, once', async () => {
    const may = await Promise.all(
      (['draft', 'submitted', 'preparing', 'running', 'paid'] as const).map(async (stage) => mayCancel(await sampleSnapshot(stage, START))),
    );
    expect(may).toEqual([false, true, true, false, false]);
    const asked = await sampleSnapshot('preparing', START);
    expect(mayCancel({ ...asked, record: { ...asked.record, cancelWanted: true } })).toBe(false);
  });

  test('a job that is paid by vouchers can be stopped while it runs', async () => {
    const running = await sampleSnapshot('running', START);
    const { quote } = running.record;
    if (quote === undefined) throw new Error('no quote');
    const stream = { maxUnpaidBaseUnits: 2n, holdBackBaseUnits: 1n };
    const record = { ...running.record, quote: { ...quote, body: { ...quote.body, stream } } };
    expect(mayCancel({ ...running, record })).toBe(true);
    expect(mayCancel({ ...running, record: { ...record, cancelWanted: true } })).toBe(false);
  });
});
