// Waiting for a lock: the depth and the deadline may come in one block, and the deadline wins.
import { expect, it } from 'vitest';
import type { Tip } from '@nunet/contracts/chain/chain.ts';
import * as samples from '@nunet/shared/samples.ts';
import { signStatement } from '@nunet/shared/signature.ts';
import { ChainWatch } from './chain-watch.ts';
import { awaitLock, type LockOutcome } from './lock-wait.ts';

/** A lock that is deep enough at once; the block that made it so begins at `timeMs`, after the tip was read. */
async function waitFor(timeMs: number, changes: { amountBaseUnits?: bigint; onNear?: () => void } = {}): Promise<LockOutcome> {
  const quote = await signStatement('quote', samples.sampleQuote, samples.sampleSigner('agent'));
  const { body } = quote;
  const tipAt = (at: number, hash: string): Tip => ({ slot: 1, height: 1, hash, timeMs: at });
  let tip = tipAt(body.issuedAt, 'before');
  const watch = new ChainWatch({ tip: () => Promise.resolve(tip), pollMs: 10, elapsed: () => performance.now() });
  const fitting = samples.sampleLockedOutput(quote, 100);
  const lock = { ...fitting, amountBaseUnits: changes.amountBaseUnits ?? fitting.amountBaseUnits };
  const find = () => {
    tip = tipAt(timeMs, 'after');
    return Promise.resolve({ lock, confirmations: 100, madeAtMs: body.issuedAt, spent: null });
  };
  const failed = (error: unknown): never => {
    throw error;
  };
  return awaitLock(
    quote,
    samples.sampleLock,
    { watch, locks: { find }, record: samples.sampleRecord, onFailure: failed },
    AbortSignal.timeout(10_000),
    changes.onNear,
  );
}

it('is ready when the lock is deep enough in time', async () => {
  expect(await waitFor(samples.sampleQuote.startBy)).toEqual({ type: 'ready' });
});

it('cannot start after startBy, even when one block brought both the depth and the deadline', async () => {
  const outcome = await waitFor(samples.sampleQuote.startBy + 1);
  expect(outcome.type === 'refused' && outcome.reasons.map(({ code }) => code)).toEqual(['start-missed']);
});

it('says that work is near for a lock that fits, before it says that it is ready', async () => {
  const told: string[] = [];
  const outcome = await waitFor(samples.sampleQuote.startBy, { onNear: () => told.push('near') });
  expect([...told, outcome.type]).toEqual(['near', 'ready']);
});

it('cannot be made to get ready for a lock that holds too little', async () => {
  const told: string[] = [];
  const outcome = await waitFor(samples.sampleQuote.startBy, { amountBaseUnits: 1n, onNear: () => told.push('near') });
  expect([...told, outcome.type]).toEqual(['refused']);
});
