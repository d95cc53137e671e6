// The audit's arithmetic against a real devnet: it agrees with the faucet, and disagrees with a dump that was touched.
import { bech32 } from '@scure/base';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startDevnet, type Devnet } from '@nunet/contracts/devnet/start.ts';
import { callDevnet } from '../network/devnet-client.ts';
import { dumpLedger } from '../network/ledger-dump.ts';
import { balancesOfLedger, type LedgerDump } from './ledger-balances.ts';

const address = bech32.encode('addr_test', bech32.toWords(Uint8Array.from([0x60, ...new Array<number>(28).fill(7)])), 130);
let devnet: Devnet;
let dump: LedgerDump;

beforeAll(async () => {
  devnet = await startDevnet({ blockTimeMs: 50 });
  for (const lovelace of ['5000000', '7000000']) {
    await callDevnet(devnet.url, '/devnet/faucet', { address, lovelace, ntxBaseUnits: '2500000' });
    await callDevnet(devnet.url, '/devnet/advance', { blocks: 1 });
  }
  dump = await dumpLedger(devnet.url, devnet.asset);
});
afterAll(() => devnet.stop());

it('finds what the faucet paid', () => {
  const { byAddress, transactions } = balancesOfLedger(dump);
  expect(byAddress.get(address)).toEqual({ lovelace: 12_000_000n, ntx: 5_000_000n });
  expect(transactions).toBe(3);
});

it('cannot be told of a ledger that lacks a transaction', () => {
  expect(() => balancesOfLedger({ ...dump, transactions: dump.transactions.slice(1) })).toThrow(/no earlier transaction left unspent/);
});

it('cannot be told of a payment twice', () => {
  expect(() => balancesOfLedger({ ...dump, transactions: [...dump.transactions, dump.transactions[1] ?? ''] })).toThrow(
    /no earlier transaction/,
  );
});
