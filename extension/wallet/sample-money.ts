// A person's money on a real ledger with a real transaction worker and a database in memory, for tests of the wallet.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import type { Source, Utxo } from '@nunet/contracts/chain/chain.ts';
import { readTransactionHex } from '@nunet/contracts/chain/transaction.ts';
import { buildLock } from '@nunet/contracts/lock.ts';
import { buildPayment } from '@nunet/contracts/payment.ts';
import { buildReclaim } from '@nunet/contracts/reclaim.ts';
import type { Rehearsal } from '@nunet/contracts/rehearsal.ts';
import { ESCROW } from '@nunet/contracts/script.ts';
import { buildSettle } from '@nunet/contracts/settle.ts';
import { transactionId, type KeyWitness } from '@nunet/contracts/sign.ts';
import { publicKeyOf, type Person } from '@nunet/contracts/thefts/cast.ts';
import { referenceText } from '@nunet/shared/fields.ts';
import { transactionClient } from '../chain/transaction-client.ts';
import { serveTransactions } from '../chain/transaction-worker.ts';
import { baseAddress, stakeAddressOf } from '../runner/account-address.ts';
import type { RunnerDatabase } from '../runner/database.ts';
import type { VaultAccount } from '../vault/messages.ts';
import type { MoneyLink } from './money-link.ts';
import type { PromisedInputs } from './promised-inputs.ts';
import { walletDesk, type WalletDesk } from './wallet-desk.ts';
import type { WalletMoney } from './wallet-money.ts';

/** By this person's key, over the transaction's id. */
export const witnessOf = ({ secret }: Person, cbor: string): KeyWitness => ({
  publicKey: publicKeyOf(secret),
  signature: bytesToHex(ed25519.sign(hexToBytes(transactionId(cbor)), hexToBytes(secret))),
});

/** The rules of the runner's own, without its builders. */
export function samplePromises(): PromisedInputs & { promised: Map<string, string[]> } {
  const promised = new Map<string, string[]>();
  let apart: string[] = [];
  return {
    promised,
    free: (owner, utxos) => {
      const others = [...promised].flatMap(([other, inputs]) => (other === owner ? [] : inputs));
      return utxos.filter(({ reference }) => ![...others, ...apart].includes(referenceText(reference)));
    },
    promise: (owner, cbor) => {
      if (cbor === null) promised.delete(owner);
      else promised.set(owner, readTransactionHex(cbor).inputs.map(referenceText));
    },
    setApart: (references) => {
      apart = references.map(referenceText);
    },
  };
}

export interface SampleMoney {
  desk: WalletDesk;
  money: WalletMoney;
  link: MoneyLink;
  inputs: ReturnType<typeof samplePromises>;
  /** Moves this machine's clock. */
  pass: (ms: number) => void;
  /** The browser is closed. */
  close: () => void;
}

/** As the vault would tell of it. */
export const accountOf = ({ secret, stakeSecret }: Person): VaultAccount => ({
  index: 0,
  name: 'First',
  payment: publicKeyOf(secret),
  stake: publicKeyOf(stakeSecret),
  drep: '00'.repeat(32),
});

/** `chain`: another source than the rehearsal's. */
export function sampleMoney(on: Rehearsal, account: VaultAccount, database: RunnerDatabase, chain: Source = on.chain): SampleMoney {
  const over = new AbortController();
  const ports: MessagePort[] = [];
  let passed = 0;
  let utxos: readonly Utxo[] | null = null;
  const link: MoneyLink = {
    network: 'devnet',
    account,
    address: baseAddress(account),
    stakeAddress: stakeAddressOf(account),
    record: { escrows: [{ scriptHash: ESCROW.hash, referenceScript: null }] },
    ntx: on.devnet.asset,
    chain,
    utxos: () => utxos,
    look: async () => {
      utxos = await chain.utxos(link.address).catch(() => utxos);
    },
    signal: over.signal,
  };
  const transactions = transactionClient(() => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    serveTransactions(port2, { lock: buildLock, reclaim: buildReclaim, settle: buildSettle, pay: buildPayment });
    return port1;
  });
  const inputs = samplePromises();
  const clock = {
    now: () => Date.now() + passed,
    sleep: (_ms: number, signal: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        // Short, so that what is looked for comes soon; how soon it is no test depends on.
        const timer = setTimeout(resolve, 5);
        signal.addEventListener('abort', () => {
          clearTimeout(timer);
          reject(signal.reason as Error);
        });
      }),
  };
  const desk = walletDesk({ linked: () => link, database, transactions, inputs, clock, onChange: () => undefined });
  const money = desk.money();
  if (money === null) throw new Error('it is linked');
  return {
    desk,
    money,
    link,
    inputs,
    pass: (ms) => {
      passed += ms;
    },
    close: () => {
      over.abort(new DOMException('the browser was closed', 'AbortError'));
      for (const port of ports) port.close();
    },
  };
}
