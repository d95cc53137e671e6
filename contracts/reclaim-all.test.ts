// Many locks come back in few transactions, and one that cannot come back keeps no other from it.
import fc from 'fast-check';
import { NunetError } from '@nunet/shared/errors.ts';
import { expect, test } from 'vitest';
import type { HeldLock } from './ledger-view.ts';
import { reclaimAll } from './reclaim-all.ts';

const lock = (index: number, script: number): HeldLock => ({
  utxo: { reference: { txId: '00'.repeat(32), index }, address: '', lovelace: 2_000_000n, assets: [] },
  scriptHash: String(script),
  staked: false,
  datum: null,
  amountBaseUnits: 0n,
  reclaimAfter: 0,
});

test('every lock is taken back once or told why not, whatever the limit and whichever are poisoned', async () => {
  const worlds = fc.record({
    locks: fc.array(fc.record({ script: fc.nat(2), poisoned: fc.boolean() }), { maxLength: 600 }),
    limit: fc.integer({ min: 1, max: 60 }),
  });
  await fc.assert(
    fc.asyncProperty(worlds, async ({ locks: plans, limit }) => {
      const locks = plans.map(({ script }, index) => lock(index, script));
      const isPoisoned = ({ utxo }: HeldLock): boolean => plans[utxo.reference.index]?.poisoned === true;
      const { done, failed } = await reclaimAll(locks, async (batch) => {
        expect(new Set(batch.map(({ scriptHash }) => scriptHash)).size).toBe(1);
        if (batch.length > limit) throw new NunetError('transaction-too-big', 'too many');
        if (batch.some(isPoisoned)) throw new NunetError('chain-rejected', 'poisoned');
        return 'tx';
      });
      const places = (some: readonly HeldLock[]): number[] => some.map(({ utxo }) => utxo.reference.index).sort((a, b) => a - b);
      expect(places(done.flatMap((row) => row.locks))).toEqual(places(locks.filter((one) => !isPoisoned(one))));
      expect(places(failed.map((row) => row.lock))).toEqual(places(locks.filter(isPoisoned)));
    }),
  );
});

test('a script that is parked nowhere fails its own locks at once, and no others', async () => {
  let asked = 0;
  const { done, failed } = await reclaimAll([lock(0, 1), lock(1, 1), lock(2, 2)], async ([first]) => {
    asked++;
    if (first?.scriptHash === '1') throw new NunetError('script-missing', 'nowhere');
    return 'tx';
  });
  expect([asked, done.length, failed.length]).toEqual([2, 1, 2]);
});

test('cannot go on after a source has failed', async () => {
  const failure = new NunetError('chain-unavailable', 'down');
  await expect(reclaimAll([lock(0, 1), lock(1, 1)], () => Promise.reject(failure))).rejects.toBe(failure);
});
