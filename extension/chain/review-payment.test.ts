// A payment through the worker's port; then a worker that lies, field by field: nothing is signed.
import { bytesToHex } from '@noble/hashes/utils.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { asArray, asInt, asMap, cborArray, cborBytes, cborInt, cborMap, readCbor } from '@nunet/contracts/chain/cbor.ts';
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import { PARAMETERS } from '@nunet/contracts/devnet/parameters.ts';
import { buildLock } from '@nunet/contracts/lock.ts';
import { memoData } from '@nunet/contracts/memo.ts';
import type { PaymentRequest } from '@nunet/contracts/payment-order.ts';
import { buildPayment } from '@nunet/contracts/payment.ts';
import { buildReclaim } from '@nunet/contracts/reclaim.ts';
import { buildSettle } from '@nunet/contracts/settle.ts';
import { signTransaction } from '@nunet/contracts/sign.ts';
import { newPerson } from '@nunet/contracts/thefts/cast.ts';
import { hexToBytes } from '@noble/hashes/utils.js';
import { afterAll, describe, expect, test } from 'vitest';
import { transactionClient } from './transaction-client.ts';
import { serveTransactions, type WorkerBuilders } from './transaction-worker.ts';

const ports: MessagePort[] = [];
afterAll(() => {
  for (const port of ports) port.close();
});

function workerThat(pay: WorkerBuilders['pay']) {
  return transactionClient(() => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    serveTransactions(port2, { lock: buildLock, reclaim: buildReclaim, settle: buildSettle, pay });
    return port1;
  });
}
/** A worker that changes the bytes of what it built. */
const workerWhose = (change: (cbor: string) => string) =>
  workerThat(async (request, signal) => {
    const built = await buildPayment(request, signal);
    return { ...built, cbor: change(built.cbor) };
  });

const own = newPerson().address;
const to = newPerson().address;
const thief = newPerson().address;
const TOKEN = { policyId: 'aa'.repeat(28), assetName: '616263' };
const utxo = (byte: string, lovelace: bigint, tokens = 0n): Utxo => ({
  reference: { txId: byte.repeat(32), index: 1 },
  address: own,
  lovelace,
  assets: tokens === 0n ? [] : [{ ...TOKEN, quantity: tokens }],
});
const order = (more: Partial<PaymentRequest> = {}): PaymentRequest => ({
  to,
  what: { kind: 'amount', lovelace: 5_000_000n, assets: [{ ...TOKEN, quantity: 7n }] },
  memo: 'for the job',
  payer: { utxos: [utxo('11', 30_000_000n, 10n), utxo('22', 4_000_000n)], changeAddress: own },
  parameters: PARAMETERS,
  validUntilSlot: 5_000,
  ...more,
});
const everything = (): PaymentRequest => order({ what: { kind: 'everything' } });

test('an honest worker’s payment is taken, and so is everything', async () => {
  const { pay } = workerThat(buildPayment);
  const built = await pay(order());
  expect(built.outputs[0]).toMatchObject({ address: to, lovelace: 5_000_000n });
  expect((await pay(everything())).outputs).toHaveLength(1);
  expect((await pay(order({ memo: '' }))).cbor.endsWith('f5f6')).toBe(true);
});

test('a "no" of the builder comes with its own code', async () => {
  const poor = order({ payer: { utxos: [], changeAddress: own } });
  await expect(workerThat(buildPayment).pay(poor)).rejects.toMatchObject({ code: 'funds-insufficient' });
});

describe('a worker that lies about a payment', () => {
  const lies: Record<string, (request: PaymentRequest) => PaymentRequest> = {
    'cannot pay somebody else': (request) => ({ ...request, to: thief }),
    'cannot send the change elsewhere': (request) => ({ ...request, payer: { ...request.payer, changeAddress: thief } }),
    'cannot pay more': (request) => ({ ...request, what: { kind: 'amount', lovelace: 5_000_001n, assets: [{ ...TOKEN, quantity: 7n }] } }),
    'cannot pay other tokens': (request) => ({
      ...request,
      what: { kind: 'amount', lovelace: 5_000_000n, assets: [{ ...TOKEN, quantity: 8n }] },
    }),
    'cannot send everything where a part was ordered': (request) => ({ ...request, what: { kind: 'everything' } }),
    'cannot write another message': (request) => ({ ...request, memo: 'for the jab' }),
    'cannot leave the message out': (request) => ({ ...request, memo: '' }),
    'cannot leave it valid for longer': (request) => ({ ...request, validUntilSlot: 9_000 }),
    'cannot spend what was not offered': (request) => ({ ...request, payer: { ...request.payer, utxos: [utxo('33', 90_000_000n, 10n)] } }),
  };
  for (const [name, lie] of Object.entries(lies)) {
    test(name, async () => {
      const { pay } = workerThat((request, signal) => buildPayment(lie(request), signal));
      await expect(pay(order())).rejects.toMatchObject({ code: 'transaction-refused' });
    });
  }

  test('cannot leave an output behind where everything was ordered', async () => {
    const { pay } = workerThat((request, signal) =>
      buildPayment({ ...request, payer: { ...request.payer, utxos: request.payer.utxos.slice(0, 1) } }, signal),
    );
    await expect(pay(everything())).rejects.toThrow('does not pay what was ordered');
  });

  /** The transaction with one field of its body set. */
  const withField = (cbor: string, name: number, value: Uint8Array): string => {
    const source = hexToBytes(cbor);
    const [body, ...others] = asArray(readCbor(source));
    const kept = asMap(body).filter(([key]) => asInt(key) !== BigInt(name));
    const raw = ({ start, end }: { start: number; end: number }) => source.subarray(start, end);
    const fields = kept.map(([key, item]): [Uint8Array, Uint8Array] => [raw(key), raw(item)]);
    return bytesToHex(cborArray([cborMap([...fields, [cborInt(name), value]]), ...others.map(raw)]));
  };

  test('cannot carry a certificate, a withdrawal, a mint, a collateral or a vote', async () => {
    for (const field of [4, 5, 9, 13, 14, 16, 18, 19, 20, 22]) {
      const { pay } = workerWhose((cbor) => withField(cbor, field, cborArray([])));
      await expect(pay(order())).rejects.toMatchObject({ code: expect.stringMatching(/^transaction-refused$/) as string });
    }
  });

  test('cannot put the hash of another message beside the message', async () => {
    const other = blake2b(hexToBytes(memoData('for the jab') ?? ''), { dkLen: 32 });
    const { pay } = workerWhose((cbor) => withField(cbor, 7, cborBytes(other)));
    await expect(pay(order())).rejects.toThrow('its hash of the message');
  });

  test('cannot burn the change in fees', async () => {
    const { pay } = workerWhose((cbor) => withField(cbor, 2, cborInt(900_000n)));
    await expect(pay(order())).rejects.toThrow('not what it makes and pays');
    const greedy = workerWhose((cbor) => withField(cbor, 2, cborInt(24_000_000n)));
    await expect(greedy.pay(order())).rejects.toThrow('its fee is 24000000');
  });

  test('cannot hand back signed bytes, or bytes that are no transaction', async () => {
    const signed = workerWhose((cbor) => signTransaction(cbor, [newPerson().secret]));
    await expect(signed.pay(order())).rejects.toThrow('more than was ordered');
    for (const bytes of ['00', '83f6f6f6', '84a0a0f5f6'])
      await expect(workerWhose(() => bytes).pay(order())).rejects.toThrow('not a transaction');
  });
});
