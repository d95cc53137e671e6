// Consent: what a click is worth, and everything that ends it. Each test has a proposal that would be signed if only that one thing were not.
import 'fake-indexeddb/auto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { addressText } from '@nunet/contracts/chain/address.ts';
import { transactionId } from '@nunet/contracts/sign.ts';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addressesOf } from './account-keys.ts';
import { INERT_MS } from './approvals.ts';
import type { VaultClient } from './client.ts';
import { signatureStructure } from '@nunet/contracts/cose.ts';
import type { Proposal, Signable, VaultAccount, VaultAnswers } from './messages.ts';
import { leaksNonce } from './nonce-leak.ts';
import { PASSWORD, sampleVault, secret, WORDS, type SampleVault } from './sample-vault.ts';
import { escrowDatum, lockTransaction, STRANGER, transaction } from './sample-transaction.ts';

let vault: SampleVault;
let client: VaultClient;
let account: VaultAccount;
beforeEach(async () => {
  vault = sampleVault();
  client = vault.client();
  await client.ask({ type: 'create', password: secret(PASSWORD), words: secret(WORDS) });
  await client.ask({ type: 'add-account', name: 'Savings' });
  await client.ask({ type: 'network', network: 'preprod' });
  const [first] = (await client.ask({ type: 'state' })).accounts;
  if (first === undefined) throw new Error('no account');
  account = first;
});
afterEach(() => vault.stop());

const payment = transaction({ outputs: [{ to: STRANGER }] });
const dapp: Omit<Proposal, 'what'> = { origin: 'https://app.example', frame: 'tab 1', account: 0, network: 'preprod' };
const paying: Signable = { kind: 'transactions', transactions: [{ cbor: payment, roles: ['payment'] }] };
const propose = (changes: Partial<Proposal> = {}, by: VaultClient = client): Promise<VaultAnswers['propose']> =>
  by.ask({ type: 'propose', proposal: { ...dapp, what: paying, ...changes } });
const approve = (approvalId: string, by: VaultClient = client, password: string | null = null): Promise<VaultAnswers['approve']> =>
  by.ask({ type: 'approve', approvalId, password: password === null ? null : secret(password) });
/** A proposal that waits and that a click may approve now. */
async function ripe(changes: Partial<Proposal> = {}, by: VaultClient = client): Promise<string> {
  const { approvalId } = await propose(changes, by);
  await vault.pass(INERT_MS);
  return approvalId;
}
const DIES = { code: 'approval-unknown' };

describe('an approval', () => {
  test('signs exactly the bytes that were proposed, whose hash the page was told', async () => {
    const { approvalId, hashes, wantsPassword } = await propose();
    expect(hashes).toEqual([transactionId(payment)]);
    expect(wantsPassword).toBe(false);
    await vault.pass(INERT_MS);
    const signed = await approve(approvalId);
    if (signed.kind !== 'transactions') throw new Error('no witnesses');
    const [[witness]] = signed.witnesses as [[{ publicKey: string; signature: string }]];
    expect(witness.publicKey).toBe(account.payment);
    expect(
      ed25519.verify(hexToBytes(witness.signature), hexToBytes(transactionId(payment)), hexToBytes(account.payment), { zip215: false }),
    ).toBe(true);
  });

  test('of several transactions signs each with the keys that were named, each once', async () => {
    const other = transaction({ outputs: [{ to: STRANGER, lovelace: 3_000_000n }] });
    const id = await ripe({
      what: {
        kind: 'transactions',
        transactions: [
          { cbor: payment, roles: ['payment', 'stake', 'payment'] },
          { cbor: other, roles: ['drep'] },
        ],
      },
    });
    const signed = await approve(id);
    expect(signed.kind === 'transactions' && signed.witnesses.map((list) => list.map(({ publicKey }) => publicKey))).toEqual([
      [account.payment, account.stake],
      [account.drep],
    ]);
  });

  test('of a message gives the structures of CIP-30', async () => {
    const { base } = addressesOf(account);
    const payload = utf8ToBytes('Sign in to app.example');
    const id = await ripe({ what: { kind: 'data', role: 'payment', address: bytesToHex(base), payload: bytesToHex(payload) } });
    const signed = await approve(id);
    if (signed.kind !== 'data') throw new Error('no message');
    expect(signed.key.endsWith(account.payment)).toBe(true);
    const signature = hexToBytes(signed.signature).subarray(-64);
    expect(ed25519.verify(signature, signatureStructure(base, payload), hexToBytes(account.payment), { zip215: false })).toBe(true);
  });

  test('wants the password again where the page asked for it, and survives a wrong one', async () => {
    const { approvalId, wantsPassword } = await propose({ isLarge: true });
    expect(wantsPassword).toBe(true);
    await vault.pass(INERT_MS);
    await expect(approve(approvalId)).rejects.toMatchObject({ code: 'password-wanted' });
    await expect(approve(approvalId, client, 'not the password')).rejects.toMatchObject({ code: 'password-wrong' });
    await vault.pass(1_000);
    expect((await approve(approvalId, client, PASSWORD)).kind).toBe('transactions');
  });
});

describe('consent cannot outlive', () => {
  test('a lock of the wallet, although it is opened again', async () => {
    const id = await ripe();
    await client.ask({ type: 'lock' });
    await expect(approve(id)).rejects.toMatchObject({ code: 'vault-locked' });
    await client.ask({ type: 'unlock', password: secret(PASSWORD) });
    await expect(approve(id)).rejects.toMatchObject(DIES);
  });

  test('the deadline of the wallet, although no timer ran', async () => {
    const id = await ripe();
    vault.setWall(10 * 60_000);
    await expect(approve(id)).rejects.toMatchObject({ code: 'vault-locked' });
  });

  test('a switch of the account, nor come back with it', async () => {
    const id = await ripe();
    await client.ask({ type: 'select-account', index: 1 });
    await client.ask({ type: 'select-account', index: 0 });
    await expect(approve(id)).rejects.toMatchObject(DIES);
  });

  test('a switch of the network, nor come back with it', async () => {
    const id = await ripe();
    await client.ask({ type: 'network', network: 'preview' });
    await client.ask({ type: 'network', network: 'preprod' });
    await expect(approve(id)).rejects.toMatchObject(DIES);
  });

  test('the worker: a new one knows of nothing that waited', async () => {
    const id = await ripe();
    vault.kill();
    const next = vault.client();
    await next.ask({ type: 'unlock', password: secret(PASSWORD) });
    await expect(approve(id, next)).rejects.toMatchObject(DIES);
  });

  test('the page that asked', async () => {
    const page = vault.client();
    const id = await ripe({}, page);
    page.close();
    const next = vault.client();
    await next.ask({ type: 'state' });
    await expect(approve(id, next)).rejects.toMatchObject(DIES);
  });

  test('a refusal', async () => {
    const id = await ripe();
    await client.ask({ type: 'refuse', approvalId: id });
    await expect(approve(id)).rejects.toMatchObject(DIES);
  });

  test('ten minutes', async () => {
    const id = await ripe();
    for (let minute = 0; minute < 10; minute++) {
      await vault.pass(60_000);
      await client.ask({ type: 'touch' });
    }
    await expect(approve(id)).rejects.toMatchObject(DIES);
  });
});

describe('consent cannot be', () => {
  test('given before a person could read: the first 600 ms', async () => {
    const { approvalId } = await propose();
    await vault.pass(INERT_MS - 1);
    await expect(approve(approvalId)).rejects.toMatchObject({ code: 'approval-too-early' });
    await vault.pass(1);
    expect((await approve(approvalId)).kind).toBe('transactions');
  });

  test('hurried by setting the clock forward', async () => {
    const { approvalId } = await propose();
    vault.setWall(5_000);
    await expect(approve(approvalId)).rejects.toMatchObject({ code: 'approval-too-early' });
  });

  test('used twice', async () => {
    const id = await ripe();
    await approve(id);
    await expect(approve(id)).rejects.toMatchObject(DIES);
  });

  test('used twice at once: of two clicks one signs', async () => {
    const id = await ripe();
    const results = await Promise.allSettled([approve(id), approve(id)]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  test('guessed, empty or left out', async () => {
    await ripe();
    await expect(approve('0'.repeat(32))).rejects.toMatchObject(DIES);
    await expect(approve('')).rejects.toMatchObject({ code: 'request-invalid' });
    await expect(client.ask({ type: 'approve', password: null } as never)).rejects.toMatchObject({ code: 'request-invalid' });
  });

  test('given by another page than the one that showed it', async () => {
    const id = await ripe();
    await expect(approve(id, vault.client())).rejects.toMatchObject(DIES);
    expect((await approve(id)).kind).toBe('transactions');
  });

  test('moved to what the same page asked for later', async () => {
    const first = await ripe();
    const second = await ripe({
      what: {
        kind: 'transactions',
        transactions: [{ cbor: transaction({ outputs: [{ to: STRANGER, lovelace: 99_000_000n }] }), roles: ['payment'] }],
      },
    });
    await expect(approve(first)).rejects.toMatchObject(DIES);
    expect((await approve(second)).kind).toBe('transactions');
  });

  test('given by unlocking: an open wallet signs nothing by itself', async () => {
    const other = vault.client();
    const seen: unknown[] = [];
    other.onState((state) => seen.push(state));
    await ripe();
    await client.ask({ type: 'unlock', password: secret(PASSWORD) });
    await client.ask({ type: 'touch' });
    await other.ask({ type: 'state' });
    expect(JSON.stringify(seen)).not.toMatch(/signature|witness|approval/);
  });
});

describe('a proposal cannot', () => {
  test('wait beside more than fifteen others', async () => {
    for (let at = 0; at < 16; at++) await propose({ frame: `tab ${at}` });
    await expect(propose({ frame: 'one more' })).rejects.toMatchObject({ code: 'approvals-full' });
    // The same asker only replaces its own.
    expect((await propose({ frame: 'tab 3' })).approvalId).toHaveLength(32);
  });

  test('be made while the wallet is locked', async () => {
    await client.ask({ type: 'lock' });
    await expect(propose()).rejects.toMatchObject({ code: 'vault-locked' });
  });

  test('be for another network than the wallet is on, or an account that is not there', async () => {
    await expect(propose({ network: 'preview' })).rejects.toMatchObject({ code: 'network-mismatch' });
    await expect(propose({ account: 7 })).rejects.toMatchObject({ code: 'account-unknown' });
  });

  test('be a digest: there is no such thing to ask for', async () => {
    const digest = { kind: 'hash', hash: '00'.repeat(32) } as never;
    await expect(propose({ what: digest })).rejects.toMatchObject({ code: 'request-invalid' });
  });

  test('ask for a message under an address of another account or another key', async () => {
    const second = (await client.ask({ type: 'state' })).accounts[1];
    if (second === undefined) throw new Error('no second account');
    const data = (role: 'payment' | 'stake' | 'drep', address: Uint8Array): Signable => ({
      kind: 'data',
      role,
      address: bytesToHex(address),
      payload: '00',
    });
    for (const what of [
      data('payment', addressesOf(second).base),
      data('stake', addressesOf(account).base),
      data('drep', addressesOf(account).reward),
    ])
      await expect(propose({ what })).rejects.toMatchObject({ code: 'address-foreign' });
    await expect(propose({ what: data('stake', addressesOf(account).reward) })).resolves.toBeDefined();
  });

  const ours = [
    'nunet/ack/1',
    '  nunet/payout/1',
    'NUNET/voucher/1',
    '{"domain":"nunet/payout/1"}',
    '\u0000nunet/anything',
    'xx nunet/close/1 xx',
  ];
  for (const text of ours) {
    test(`ask, from a web page, for a statement of this project: ${JSON.stringify(text)}`, async () => {
      const what: Signable = {
        kind: 'data',
        role: 'payment',
        address: bytesToHex(addressesOf(account).base),
        payload: bytesToHex(utf8ToBytes(text)),
      };
      await expect(propose({ what })).rejects.toMatchObject({ code: 'payload-refused' });
      // The wallet's own pages bind a payout address with one.
      await expect(propose({ what, origin: null, frame: 'dashboard' })).resolves.toBeDefined();
    });
  }

  test('be refused only for speaking of the project', async () => {
    const text = 'Sign in to https://gitlab.com/nunet/wallet with your account';
    const what: Signable = {
      kind: 'data',
      role: 'payment',
      address: bytesToHex(addressesOf(account).base),
      payload: bytesToHex(utf8ToBytes(text)),
    };
    await expect(propose({ what })).resolves.toBeDefined();
  });

  test('come from a web page when it is the lock of a job', async () => {
    const keyId = '12'.repeat(16);
    const { publicKey } = await client.ask({ type: 'job-key', keyId });
    const home = addressText(addressesOf(account).base);
    const cbor = lockTransaction(home, escrowDatum({ serviceProvider: home, voucherKey: publicKey }));
    const what: Signable = {
      kind: 'lock',
      cbor,
      grant: { jobId: 'bafyreibaaaaaaaaaaaaaaaaaaa', keyId, budgetBaseUnits: 5_000_000n, computeProvider: STRANGER },
    };
    await expect(propose({ what })).rejects.toMatchObject({ code: 'lock-refused' });
    await expect(propose({ what, origin: null })).resolves.toBeDefined();
  });
});

test('no signature of any path gives its key away', async () => {
  const signatures: { signature: Uint8Array; message: Uint8Array }[] = [];
  const roles = ['payment', 'stake', 'drep'] as const;
  const transactions = await approve(await ripe({ what: { kind: 'transactions', transactions: [{ cbor: payment, roles: [...roles] }] } }));
  if (transactions.kind !== 'transactions') throw new Error('no witnesses');
  for (const { signature } of transactions.witnesses.flat())
    signatures.push({ signature: hexToBytes(signature), message: hexToBytes(transactionId(payment)) });
  const { base, reward } = addressesOf(account);
  for (const [role, address] of [
    ['payment', base],
    ['stake', reward],
  ] as const) {
    const payload = utf8ToBytes(`for ${role}`);
    const signed = await approve(await ripe({ what: { kind: 'data', role, address: bytesToHex(address), payload: bytesToHex(payload) } }));
    if (signed.kind !== 'data') throw new Error('no message');
    signatures.push({ signature: hexToBytes(signed.signature).subarray(-64), message: signatureStructure(address, payload) });
  }
  expect(signatures).toHaveLength(5);
  for (const { signature, message } of signatures) expect(leaksNonce(signature, message)).toBe(false);
});
