// Two jobs on one wallet: what one has promised, the other does not build on.
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import type { Builders } from '@nunet/contracts/job-escrow.ts';
import type { LockRequest } from '@nunet/contracts/lock.ts';
import { cborArray, cborBytes, cborInt, cborMap } from '@nunet/contracts/chain/cbor.ts';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { expect, test } from 'vitest';
import { walletInputs } from './wallet-inputs.ts';

const utxo = (byte: string): Utxo => ({ reference: { txId: byte.repeat(32), index: 0 }, address: '', lovelace: 1n, assets: [] });
const order = (...utxos: Utxo[]) => ({ payer: { utxos, changeAddress: '' } }) as unknown as LockRequest;

/** A transaction that spends the first output it was offered, and nothing else. */
const spending = ({ reference }: Utxo): string =>
  bytesToHex(
    cborArray([
      cborMap([
        [cborInt(0), cborArray([cborArray([cborBytes(hexToBytes(reference.txId)), cborInt(reference.index)])])],
        [cborInt(1), cborArray([])],
        [cborInt(2), cborInt(0)],
      ]),
      cborMap([]),
      Uint8Array.of(0xf5),
      Uint8Array.of(0xf6),
    ]),
  );

/** Takes the first output, or says that there is none. */
const greedy: Builders = {
  lock: async ({ payer }) => {
    // Long enough for another build to begin meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 5));
    const [first] = payer.utxos;
    if (first === undefined) throw new NunetError('funds-insufficient', 'Cannot lock: the wallet is empty');
    return { cbor: spending(first) } as Awaited<ReturnType<Builders['lock']>>;
  },
  reclaim: async () => ({}) as Awaited<ReturnType<Builders['reclaim']>>,
  settle: async () => ({}) as Awaited<ReturnType<Builders['settle']>>,
};

test('two locks at once spend two outputs', async () => {
  const inputs = walletInputs(greedy);
  const [a, b] = await Promise.all(['a', 'b'].map((job) => inputs.buildersFor(job).lock(order(utxo('01'), utxo('02')), 0)));
  expect(a?.cbor).toBe(spending(utxo('01')));
  expect(b?.cbor).toBe(spending(utxo('02')));
});

test('a job may build again on its own, and what is promised no more is free', async () => {
  const inputs = walletInputs(greedy);
  await inputs.buildersFor('a').lock(order(utxo('01')), 0);
  await expect(inputs.buildersFor('a').lock(order(utxo('01')), 0)).resolves.toBeDefined();
  inputs.promise('a', null);
  await expect(inputs.buildersFor('b').lock(order(utxo('01')), 0)).resolves.toBeDefined();
});

test('cannot spend what is set apart, for a job or for anybody, until it is given back', async () => {
  const inputs = walletInputs(greedy);
  inputs.setApart([utxo('01').reference]);
  expect(inputs.free('', [utxo('01'), utxo('02')])).toEqual([utxo('02')]);
  const built = await inputs.buildersFor('a').lock(order(utxo('01'), utxo('02')), 0);
  expect(built.cbor).toBe(spending(utxo('02')));
  // It is no change that will come: the job ends for want of funds.
  await expect(inputs.buildersFor('b').lock(order(utxo('01')), 0)).rejects.toMatchObject({ code: 'funds-insufficient' });
  inputs.setApart([]);
  expect(inputs.free('', [utxo('01')])).toEqual([utxo('01')]);
});

test('cannot end a job for want of funds that another job’s change will bring', async () => {
  const inputs = walletInputs(greedy);
  inputs.promise('a', spending(utxo('01')));
  await expect(inputs.buildersFor('b').lock(order(utxo('01')), 0)).rejects.toMatchObject({ code: 'funds-pending' });
  await expect(inputs.buildersFor('b').lock(order(), 0)).rejects.toMatchObject({ code: 'funds-insufficient' });
});
