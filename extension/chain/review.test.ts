// A lock and a reclaim through the worker's port onto a real ledger; then a worker that lies, field by field: nothing is signed.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Builders } from '@nunet/contracts/job-escrow.ts';
import { balance } from '@nunet/contracts/balance.ts';
import { serialize } from '@nunet/contracts/draft.ts';
import { lockLovelace, lockOutput } from '@nunet/contracts/lock-output.ts';
import { buildLock, type LockRequest } from '@nunet/contracts/lock.ts';
import { planBatch } from '@nunet/contracts/payouts.ts';
import { buildPayment } from '@nunet/contracts/payment.ts';
import { buildReclaim, type ReclaimRequest } from '@nunet/contracts/reclaim.ts';
import { AMOUNT, startRehearsal, type Rehearsal } from '@nunet/contracts/rehearsal.ts';
import { buildSettle, type SettleRequest } from '@nunet/contracts/settle.ts';
import { slotOf } from '@nunet/contracts/chain/chain.ts';
import { batchRedeemer, SETTLE } from '@nunet/contracts/redeemer.ts';
import { signTransaction } from '@nunet/contracts/sign.ts';
import { newPerson } from '@nunet/contracts/thefts/cast.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { transactionClient } from './transaction-client.ts';
import { serveTransactions, type WorkerBuilders } from './transaction-worker.ts';

const honest: WorkerBuilders = { lock: buildLock, reclaim: buildReclaim, settle: buildSettle, pay: buildPayment };
const thief = newPerson().address;
let on: Rehearsal;
const ports: MessagePort[] = [];

beforeAll(async () => {
  on = await startRehearsal();
}, 120_000);
afterAll(async () => {
  for (const port of ports) port.close();
  await on.stop();
});

/** The builders behind a real port, as a worker would have them. */
function workerWith(builders: Partial<Builders> = {}) {
  return transactionClient(() => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    serveTransactions(port2, { ...honest, ...builders });
    return port1;
  });
}

const order = async (): Promise<LockRequest> => ({
  datum: on.datum(),
  amountBaseUnits: AMOUNT,
  payer: await on.payer(on.cast.serviceProvider),
  parameters: on.parameters,
  slotConfig: on.chain.slotConfig,
  expiresAt: Date.now() + 60_000,
});

/** A lock whose reclaim has opened. */
async function reclaimOrder(): Promise<ReclaimRequest> {
  const reclaimAfter = Date.now() + 1_000;
  const { utxo } = await on.lock(on.datum({ reclaimAfter }));
  // The first slot that begins after it.
  await sleep(reclaimAfter + 1_000 - Date.now());
  return {
    locks: [utxo],
    payer: await on.payer(on.cast.serviceProvider),
    parameters: on.parameters,
    slotConfig: on.chain.slotConfig,
    run: await on.run(on.cast.serviceProvider),
  };
}

/** A lock that both parties end at a quarter. */
async function agreeOrder(paid = AMOUNT / 4n): Promise<SettleRequest> {
  const { utxo } = await on.lock(on.datum());
  return {
    locks: [{ by: 'agreement', utxo, agreement: on.agree(utxo, paid) }],
    payer: await on.payer(on.cast.serviceProvider),
    parameters: on.parameters,
    run: await on.run(on.cast.serviceProvider),
  };
}

describe('an honest worker', () => {
  test('builds a lock that the ledger takes', async () => {
    const built = await workerWith().builders.lock(await order(), Date.now());
    expect(built.fee).toBeLessThan(190_000n);
    const { txId } = await on.send(built, [on.cast.serviceProvider.secret]);
    expect(txId).toBe(built.reference.txId);
  });

  test('builds a reclaim, its script evaluated on the other side of the port', async () => {
    const request = await reclaimOrder();
    const built = await workerWith().builders.reclaim(request, Date.now());
    expect(built.fee).toBeLessThan(400_000n);
    expect(built.units.steps).toBeGreaterThan(0n);
    await on.send(built, [on.cast.serviceProvider.secret]);
  });

  test('builds the end that both parties signed, as the ledger takes it', async () => {
    const request = await agreeOrder();
    const built = await workerWith().builders.settle(request);
    expect(built.fee).toBeLessThan(400_000n);
    await on.send(built, [on.cast.serviceProvider.secret]);
  });

  test('says "no" in its own words, and can be lost and started again', async () => {
    const client = workerWith();
    await client.warm(AbortSignal.timeout(5_000));
    const poor = { ...(await order()), payer: { utxos: [], changeAddress: on.cast.serviceProvider.address } };
    await expect(client.builders.lock(poor, Date.now())).rejects.toMatchObject({ code: 'funds-insufficient' });
    client.lost('it crashed');
    await expect(client.builders.lock(await order(), Date.now())).resolves.toMatchObject({ reference: { index: 0 } });
  });

  test('a failed evaluation is told as the chain told it', async () => {
    const request = await reclaimOrder();
    const early = { ...request, run: { ...request.run, evaluate: () => on.chain.evaluate('00') } };
    await expect(workerWith().builders.reclaim(early, Date.now())).rejects.toMatchObject({ code: 'cbor-invalid' });
  });
});

describe('a worker that lies about a lock', () => {
  const lies: Record<string, (request: LockRequest) => LockRequest> = {
    'cannot lock to another compute provider': (request) => ({ ...request, datum: { ...request.datum, computeProvider: thief } }),
    'cannot lock with other oracles': (request) => ({ ...request, datum: { ...request.datum, oracleKeys: ['22'.repeat(32)], k: 1 } }),
    'cannot lock more than the quote': (request) => ({ ...request, amountBaseUnits: request.amountBaseUnits * 2n }),
    'cannot lock for longer': (request) => ({ ...request, datum: { ...request.datum, reclaimAfter: request.datum.reclaimAfter + 1 } }),
    'cannot let others take more of the ADA': (request) => ({
      ...request,
      datum: { ...request.datum, settleLovelace: request.datum.settleLovelace + 1n },
    }),
    'cannot send the change elsewhere': (request) => ({ ...request, payer: { ...request.payer, changeAddress: thief } }),
    'cannot leave the lock valid after the quote': (request) => ({ ...request, expiresAt: request.expiresAt + 60_000 }),
  };
  for (const [name, lie] of Object.entries(lies)) {
    test(name, async () => {
      const { builders } = workerWith({ lock: (request, now, signal) => buildLock(lie(request), now, signal) });
      await expect(builders.lock(await order(), Date.now())).rejects.toMatchObject({ code: 'transaction-refused' });
    });
  }

  /** A worker whose bytes are made here. */
  const rebuilt = (change: (request: LockRequest) => Promise<string>): Partial<Builders> => ({
    lock: async (request) => {
      const reference = { txId: '00'.repeat(32), index: 0 };
      return { cbor: await change(request), fee: 0n, outputs: [], units: { memory: 0n, steps: 0n }, reference };
    },
  });
  const ordered = (request: LockRequest) =>
    lockOutput(request.datum, request.amountBaseUnits, lockLovelace(request.datum, request.amountBaseUnits, request.parameters));

  test('cannot add an output of its own', async () => {
    const { builders } = workerWith(
      rebuilt(async ({ payer, parameters, slotConfig, expiresAt, ...request }) => {
        const outputs = () => [
          ordered({ ...request, payer, parameters, slotConfig, expiresAt }),
          { address: thief, lovelace: 2_000_000n, assets: [] },
        ];
        return (await balance({ action: 'lock', inputs: [], outputs, payer, parameters, validUntilSlot: slotOf(expiresAt, slotConfig) }))
          .cbor;
      }),
    );
    await expect(builders.lock(await order(), Date.now())).rejects.toThrow(`goes to ${thief}`);
  });

  const draftOf = (request: LockRequest, fee: bigint, more: object = {}): string => {
    const [utxo] = request.payer.utxos.filter(({ assets }) => assets.length > 0);
    if (utxo === undefined) throw new Error('no funds');
    const lock = ordered(request);
    const change = {
      address: request.payer.changeAddress,
      lovelace: utxo.lovelace - lock.lovelace - fee,
      assets: utxo.assets.map((asset) => ({ ...asset, quantity: asset.quantity - request.amountBaseUnits })),
    };
    const until = slotOf(request.expiresAt, request.slotConfig);
    const draft = { inputs: [{ utxo }], outputs: [lock, change], fee, units: new Map(), signers: [], validUntilSlot: until, ...more };
    return serialize(draft, request.parameters);
  };

  test('cannot burn the wallet in fees; the same transaction with a plain fee is taken', async () => {
    const greedy = workerWith(rebuilt(async (request) => draftOf(request, 400_000_000n)));
    await expect(greedy.builders.lock(await order(), Date.now())).rejects.toThrow('its fee is 400000000');
    const plain = workerWith(rebuilt(async (request) => draftOf(request, 200_000n)));
    await expect(plain.builders.lock(await order(), Date.now())).resolves.toMatchObject({ fee: 200_000n });
  });

  test('cannot carry a field that nobody ordered', async () => {
    const early = workerWith(rebuilt(async (request) => draftOf(request, 200_000n, { validFromSlot: 1 })));
    await expect(early.builders.lock(await order(), Date.now())).rejects.toThrow('its field 8');
    const signer = workerWith(rebuilt(async (request) => draftOf(request, 200_000n, { signers: ['33'.repeat(28)] })));
    await expect(signer.builders.lock(await order(), Date.now())).rejects.toThrow('its field 14');
  });

  test('cannot spend what was not offered, nor hand back bytes that are no unsigned transaction', async () => {
    const request = await order();
    const cbor = draftOf(request, 200_000n);
    const fixed = workerWith(rebuilt(async () => cbor));
    const other = { ...request, payer: { ...request.payer, utxos: request.payer.utxos.filter(({ assets }) => assets.length === 0) } };
    await expect(fixed.builders.lock(other, Date.now())).rejects.toThrow('which was not offered');
    await expect(fixed.builders.lock(request, Date.now())).resolves.toMatchObject({ fee: 200_000n });
    const nonsense = workerWith(rebuilt(async () => '83f6f6f6'));
    await expect(nonsense.builders.lock(request, Date.now())).rejects.toThrow('it is not a transaction');
    const prose = workerWith(rebuilt(async () => 'hello'));
    await expect(prose.builders.lock(request, Date.now())).rejects.toMatchObject({ code: 'builder-unavailable' });
    const signed = workerWith(rebuilt(async (real) => signTransaction(draftOf(real, 200_000n), [newPerson().secret])));
    await expect(signed.builders.lock(request, Date.now())).rejects.toThrow('more than was ordered');
  });
});

describe('a worker that lies about a reclaim', () => {
  test('cannot send the money elsewhere', async () => {
    const request = await reclaimOrder();
    const { builders } = workerWith({
      reclaim: (real, now, signal) => buildReclaim({ ...real, payer: { ...real.payer, changeAddress: thief } }, now, signal),
    });
    await expect(builders.reclaim(request, Date.now())).rejects.toThrow(`goes to ${thief}`);
  });

  test('cannot settle where a reclaim was ordered', async () => {
    const request = await reclaimOrder();
    const { builders } = workerWith({
      reclaim: (real, _now, signal) =>
        balance(
          {
            action: 'reclaim',
            inputs: real.locks.map((utxo) => ({ utxo, redeemer: batchRedeemer(SETTLE, []) })),
            outputs: () => [],
            payer: real.payer,
            parameters: real.parameters,
            run: { ...real.run, evaluate: async () => [{ tag: 'spend', index: 0, memory: 1_000n, steps: 1_000n }] },
            signers: [],
            validFromSlot: 1,
          },
          signal,
        ),
    });
    await expect(builders.reclaim(request, Date.now())).rejects.toThrow('more than reclaim');
  });
});

describe('a worker that lies about an agreement', () => {
  test('cannot pay more than both signed, nor less', async () => {
    const request = await agreeOrder();
    for (const other of [AMOUNT / 2n, 0n]) {
      const agreement = on.agree(request.locks[0]!.utxo, other);
      const lying = workerWith({
        settle: (_, signal) => buildSettle({ ...request, locks: [{ ...request.locks[0]!, by: 'agreement', agreement }] }, signal),
      });
      await expect(lying.builders.settle(request)).rejects.toMatchObject({ code: 'transaction-refused' });
    }
  });

  test('cannot send the change elsewhere', async () => {
    const request = await agreeOrder();
    // Its own output on top makes a change output of what the wallet puts in.
    const lying = workerWith({
      settle: (ordered, signal) => {
        const plan = planBatch(ordered.locks, [], ordered.parameters.coinsPerUtxoByte);
        const theft = { address: thief, lovelace: 2_000_000n, assets: [] };
        const { payer, parameters, run } = ordered;
        const outputs = (fee: bigint) => [...plan.outputs(fee), theft];
        return balance({ action: 'settle', inputs: plan.inputs, outputs, payer, parameters, run }, signal);
      },
    });
    await expect(lying.builders.settle(request)).rejects.toMatchObject({ code: 'transaction-refused' });
  });
});
