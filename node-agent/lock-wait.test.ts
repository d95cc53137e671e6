// Waiting for a lock: the depth and the deadline may come in one block, and the deadline wins.
import { expect, it } from 'vitest';
import type { Tip } from '@nunet/contracts/chain/chain.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import * as samples from '@nunet/shared/samples.ts';
import { signStatement } from '@nunet/shared/signature.ts';
import { ChainWatch } from './chain-watch.ts';
import { awaitLock, awaitSpend, type LockOutcome, type LockWait, type SeenLock } from './lock-wait.ts';

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

/** A chain that shows `looks` one after the other, each under a tip of its own; a string is a source that cannot tell. */
async function watched(
  looks: (Pick<SeenLock, 'confirmations' | 'spent'> | null | string)[],
  stepMs = 10,
): Promise<{ wait: LockWait; looked: () => number; failures: unknown[] }> {
  const quote = await signStatement('quote', samples.sampleQuote, samples.sampleSigner('agent'));
  let look = -1;
  const failures: unknown[] = [];
  const tip = (): Promise<Tip> =>
    Promise.resolve({ slot: 1, height: look, hash: `after ${look}`, timeMs: quote.body.issuedAt + Math.max(0, look) * stepMs });
  const find = async (): Promise<SeenLock | null> => {
    look += 1;
    const seen = looks[Math.min(look, looks.length - 1)];
    if (typeof seen === 'string') throw new NunetError(seen, 'Cannot trust the chain');
    if (seen === null || seen === undefined) return null;
    return { ...seen, lock: samples.sampleLockedOutput(quote, seen.confirmations), madeAtMs: quote.body.issuedAt };
  };
  const watch = new ChainWatch({ tip, pollMs: 1, elapsed: () => performance.now() });
  const record = { ...samples.sampleRecord, confirmations: [{ upTo: 1n << 62n, blocks: 3 }] };
  return { wait: { watch, locks: { find }, record, onFailure: (error) => failures.push(error) }, looked: () => look + 1, failures };
}
const sampled = () => signStatement('quote', samples.sampleQuote, samples.sampleSigner('agent'));
const at = (confirmations: number): Pick<SeenLock, 'confirmations' | 'spent'> => ({ confirmations, spent: null });

it('cannot start the work for a lock that a rollback took away before it was deep enough', async () => {
  const { wait, looked } = await watched([at(0), at(2), null, null, at(0), at(1), at(2), at(3)]);
  expect(await awaitLock(await sampled(), samples.sampleLock, wait, AbortSignal.timeout(10_000))).toEqual({ type: 'ready' });
  expect(looked()).toBe(8);
});

it('cannot wait for ever for a lock that a rollback took away for good', async () => {
  const { wait } = await watched([at(2), null], samples.sampleQuote.startBy - samples.sampleQuote.issuedAt);
  expect(await awaitLock(await sampled(), samples.sampleLock, wait, AbortSignal.timeout(10_000))).toMatchObject({ type: 'gone' });
});

it('cannot start while two sources disagree about the lock', async () => {
  const { wait, looked, failures } = await watched([at(2), 'chain-disagrees', 'chain-disagrees', at(4)]);
  expect(await awaitLock(await sampled(), samples.sampleLock, wait, AbortSignal.timeout(10_000))).toEqual({ type: 'ready' });
  expect(looked()).toBe(4);
  expect(failures).toHaveLength(2);
});

it('cannot take a spend for the end that a rollback undid before it was deep enough', async () => {
  const spent = (txId: string, confirmations: number): Pick<SeenLock, 'confirmations' | 'spent'> => ({
    confirmations: 9,
    spent: { txId, confirmations, paid: 5n },
  });
  const { wait } = await watched([spent('first', 0), spent('first', 2), at(9), null, at(0), spent('second', 1), spent('second', 3)]);
  expect(await awaitSpend(await sampled(), samples.sampleLock, wait, AbortSignal.timeout(10_000))).toEqual({
    type: 'spent',
    txId: 'second',
    paid: 5n,
  });
});
