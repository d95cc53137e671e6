// A web page's request signed by the whole vault behind its port: what the dApp gets verifies by other libraries; consent dies with the lock.
import { publicKeyHash } from '@nunet/contracts/key-hash.ts';
import 'fake-indexeddb/auto';
import * as csl from '@emurgo/cardano-serialization-lib-nodejs';
import { checkSignature } from '@meshsdk/core';
import { transactionId } from '@nunet/contracts/sign.ts';
import { hexToBytes } from '@noble/hashes/utils.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { VaultClient } from '../vault/client.ts';
import type { Proposal, VaultAccount } from '../vault/messages.ts';
import { PASSWORD, sampleVault, secret, WORDS, type SampleVault } from '../vault/sample-vault.ts';
import type { DappPending } from './page-messages.ts';
import { sampleTransaction } from './sample-transaction.ts';
import { addressOfAccount, sampleWallet, type Cip30Wallet, type SampleWallet } from './sample-wallet.ts';

let vault: SampleVault;
let client: VaultClient;
let accounts: VaultAccount[];
beforeAll(async () => {
  vault = sampleVault();
  client = vault.client();
  await client.ask({ type: 'create', password: secret(PASSWORD), words: secret(WORDS) });
  await client.ask({ type: 'add-account', name: 'Second' });
  await client.ask({ type: 'add-account', name: 'Third' });
  await client.ask({ type: 'network', network: 'preprod' });
  accounts = (await client.ask({ type: 'state' })).accounts;
});
afterAll(() => vault.stop());

let sample: SampleWallet;
type Api = Awaited<ReturnType<Cip30Wallet['enable']>>;
let api: Api;
const own = (): VaultAccount => {
  const [account] = accounts;
  if (account === undefined) throw new Error('no account');
  return account;
};
beforeEach(async () => {
  sample = await sampleWallet((index) => {
    const account = accounts[index];
    if (account === undefined) throw new Error('no such account');
    return account;
  });
  if ((await client.ask({ type: 'state' })).state === 'locked') await client.ask({ type: 'unlock', password: secret(PASSWORD) });
  const enabling = sample.page('https://app.example').wallet.enable({ extensions: [{ cip: 95 }] });
  await sample.approve(await sample.asked());
  api = await enabling;
});
afterEach(() => sample.stop());

/** The vault signs nothing without an output: it ties the bytes to a test network. */
const toSelf = (requiredSigners: string[], lovelace = 2_000_000n): string =>
  sampleTransaction({ requiredSigners, to: { address: addressOfAccount(own()), lovelace } });

/** As the approve page makes it. */
function proposalOf({ origin, frame, account, what }: DappPending): Proposal {
  if (what.kind === 'connect') throw new Error('nothing to sign');
  const { kind } = what;
  return {
    origin,
    frame,
    account,
    network: 'preprod',
    what:
      kind === 'data'
        ? { kind, role: what.role, address: what.address, payload: what.payload }
        : { kind, transactions: what.transactions.map(({ cbor, roles }) => ({ cbor, roles })) },
  };
}
async function approve(pending: DappPending): Promise<void> {
  const { approvalId } = await client.ask({ type: 'propose', proposal: proposalOf(pending) });
  await vault.pass(700);
  const answer = await client.ask({ type: 'approve', approvalId, password: null });
  if (answer.kind === 'owner') throw new Error('an order');
  await sample.server().answer({ type: 'resolve-dapp', dappId: pending.dappId, answer });
}

describe('what the vault signs for a page', () => {
  test('is a witness that another library verifies, of each key that was asked for', async () => {
    const keys = [own().payment, own().stake, own().drep];
    const cbor = toSelf(keys.map(publicKeyHash));
    const signing = api['signTx']?.(cbor);
    await approve(await sample.asked());
    const set = csl.TransactionWitnessSet.from_hex((await signing) as string).vkeys();
    const id = hexToBytes(transactionId(cbor));
    expect(set?.len()).toBe(3);
    for (let at = 0; at < 3; at++) {
      const witness = set?.get(at);
      expect(witness?.vkey().public_key().verify(id, witness.signature())).toBe(true);
    }
  });
  test.each(['base', 'reward'] as const)('is a CIP-8 signature of the %s address that Mesh accepts', async (kind) => {
    const address =
      kind === 'base'
        ? addressOfAccount(own())
        : csl.RewardAddress.new(0, csl.Credential.from_keyhash(csl.Ed25519KeyHash.from_hex(publicKeyHash(own().stake))))
            .to_address()
            .to_bech32();
    const text = 'Sign in at 2026-11-27T01:00Z: ñandú';
    const signing = api['signData']?.(address, Buffer.from(text, 'utf8').toString('hex'));
    await approve(await sample.asked());
    expect(await checkSignature(text, (await signing) as { signature: string; key: string }, address)).toBe(true);
  });
  test.each(['drep id', 'type 6 address'] as const)('is a CIP-95 signature of the %s', async (kind) => {
    const id = publicKeyHash(own().drep);
    const signing = api.cip95['signData']?.(kind === 'drep id' ? id : `60${id}`, '68656c6c6f');
    await approve(await sample.asked());
    expect(await signing).toEqual({ signature: expect.stringContaining(id) as string, key: expect.stringContaining(own().drep) as string });
  });
});

describe('consent', () => {
  const cbor = (): string => toSelf([publicKeyHash(own().payment)]);
  test('cannot outlive the lock of the wallet: what was proposed is forgotten, and an unlock brings none of it back', async () => {
    const signing = api['signTx']?.(cbor());
    const pending = await sample.asked();
    const { approvalId } = await client.ask({ type: 'propose', proposal: proposalOf(pending) });
    await vault.pass(700);
    await client.ask({ type: 'lock' });
    await expect(client.ask({ type: 'approve', approvalId, password: null })).rejects.toMatchObject({
      code: expect.stringMatching(/^(vault-locked|approval-unknown)$/) as string,
    });
    await client.ask({ type: 'unlock', password: secret(PASSWORD) });
    await expect(client.ask({ type: 'approve', approvalId, password: null })).rejects.toMatchObject({ code: 'approval-unknown' });
    // The page still waits; only what is proposed and approved anew answers it.
    expect(sample.pending()).toEqual([pending]);
    await approve(pending);
    expect(await signing).toMatch(/^a100/);
  });
  test('cannot be had by an unlock and a refusal: the page is told no', async () => {
    const signing = api['signTx']?.(cbor()) ?? Promise.reject(new Error('no signTx'));
    const pending = await sample.asked();
    await client.ask({ type: 'propose', proposal: proposalOf(pending) });
    await client.ask({ type: 'lock' });
    await client.ask({ type: 'unlock', password: secret(PASSWORD) });
    await sample.refuse(pending);
    await expect(signing).rejects.toMatchObject({ code: 2 });
  });
  test('cannot be moved to another transaction: what the vault signed for one is no answer to another', async () => {
    const signing = api['signTx']?.(cbor());
    const pending = await sample.asked();
    const other = toSelf([publicKeyHash(own().payment)], 3_000_000n);
    const { approvalId } = await client.ask({
      type: 'propose',
      proposal: { ...proposalOf(pending), what: { kind: 'transactions', transactions: [{ cbor: other, roles: ['payment'] }] } },
    });
    await vault.pass(700);
    const answer = await client.ask({ type: 'approve', approvalId, password: null });
    if (answer.kind === 'owner') throw new Error('an order');
    const resolving = sample.server().answer({ type: 'resolve-dapp', dappId: pending.dappId, answer });
    await expect(resolving).rejects.toMatchObject({ code: 'dapp-answer-invalid' });
    await approve(pending);
    expect(await signing).toMatch(/^a100/);
  });
});
