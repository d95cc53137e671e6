import { confirmationsFor } from '@nunet/shared/network-record.ts';
import { expect, it } from 'vitest';
import { fixtureRecord } from './agent-fixtures.ts';
import { timesOf, windowsOf } from './policy.ts';

it('orders the times of a quote, with both windows of the network record behind the work', () => {
  const record = { ...fixtureRecord(), disputeWindowMs: 3_600_000, claimWindowMs: 72 * 3_600_000 };
  for (const network of ['devnet', 'preprod'] as const) {
    const t = timesOf(1_000, 60_000, 5n, { network, record, lifetimeMs: 90_000 });
    const windows = windowsOf(network, confirmationsFor(record, 5n));
    expect(t.expiresAt).toBe(91_000);
    expect(t.startBy - t.expiresAt).toBe(windows.startMs);
    expect(t.finishBy - t.startBy).toBe(60_000 + windows.finishMs);
    expect(t.disputeBy - t.finishBy).toBe(3_600_000);
    expect(t.reclaimAfter - t.disputeBy).toBe(72 * 3_600_000);
  }
});

it('keeps the times apart even where a record has no windows', () => {
  const record = { ...fixtureRecord(), disputeWindowMs: 0, claimWindowMs: 0 };
  const t = timesOf(0, 100, 5n, { network: 'devnet', record, lifetimeMs: 1 });
  expect(t.disputeBy).toBeGreaterThan(t.finishBy);
  expect(t.reclaimAfter).toBeGreaterThan(t.disputeBy);
});
