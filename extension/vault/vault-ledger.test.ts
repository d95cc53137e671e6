// A job's money on a real ledger with no key but the vault's: locked, paid by a voucher, reclaimed.
import 'fake-indexeddb/auto';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressText } from '@nunet/contracts/chain/address.ts';
import { buildLock } from '@nunet/contracts/lock.ts';
import { buildReclaim } from '@nunet/contracts/reclaim.ts';
import { AMOUNT, startRehearsal, type Rehearsal } from '@nunet/contracts/rehearsal.ts';
import { buildSettle } from '@nunet/contracts/settle.ts';
import { addWitnesses, transactionId, type KeyWitness } from '@nunet/contracts/sign.ts';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, hexToBytes, randomBytes } from '@noble/hashes/utils.js';
import { closeBytes, voucherBytes, type EscrowDatum } from '@nunet/shared/lock.ts';
import { cidOf, encode } from '@nunet/shared/encoding.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addressesOf } from './account-keys.ts';
import { INERT_MS } from './approvals.ts';
import type { VaultClient } from './client.ts';
import type { JobGrant } from './messages.ts';
import { PASSWORD, sampleVault, secret, WORDS, type SampleVault } from './sample-vault.ts';

let on: Rehearsal;
let vault: SampleVault;
let client: VaultClient;
/** The vault's account, as the rehearsal knows people; nobody has its secret. */
let me: Rehearsal['operator'];

beforeAll(async () => {
  [on, vault] = [await startRehearsal(), sampleVault()];
  client = vault.client();
  await client.ask({ type: 'create', password: secret(PASSWORD), words: secret(WORDS) });
  const [account] = (await client.ask({ type: 'state' })).accounts;
  if (account === undefined) throw new Error('no account');
  me = { ...on.operator, secret: '', address: addressText(addressesOf(account).base) };
  await on.fund(me, 500_000_000n, 100n * AMOUNT);
  await on.fund(me, 5_000_000n);
}, 120_000);
afterAll(async () => {
  vault.stop();
  await on.stop();
});

async function submit(cbor: string, witnesses: KeyWitness[]): Promise<void> {
  await on.chain.submit(addWitnesses(cbor, witnesses));
  on.devnet.ledger.makeBlock();
}

/** Locks through the vault, as a page does. */
async function locked(changes: Partial<EscrowDatum> = {}): Promise<{ grant: JobGrant; reference: OutputReference }> {
  const keyId = bytesToHex(randomBytes(16));
  const { publicKey } = await client.ask({ type: 'job-key', keyId });
  const now = Date.now();
  const { cbor, reference } = await buildLock(
    {
      datum: on.datum({ serviceProvider: me.address, voucherKey: publicKey, ...changes }),
      amountBaseUnits: AMOUNT,
      payer: await on.payer(me),
      parameters: on.parameters,
      slotConfig: on.chain.slotConfig,
      expiresAt: now + 60_000,
    },
    now,
  );
  const grant = { jobId: cidOf(encode({ keyId })), keyId, budgetBaseUnits: AMOUNT, computeProvider: on.cast.computeProvider.address };
  const { approvalId, hashes } = await client.ask({
    type: 'propose',
    proposal: { origin: null, frame: 'dashboard', account: 0, network: 'devnet', what: { kind: 'lock', cbor, grant } },
  });
  expect(hashes).toEqual([transactionId(cbor)]);
  await vault.pass(INERT_MS);
  const signed = await client.ask({ type: 'approve', approvalId, password: null });
  if (signed.kind !== 'transactions' || signed.witnesses[0] === undefined) throw new Error('no witnesses');
  await submit(cbor, signed.witnesses[0]);
  return { grant, reference };
}

const utxoAt = async (reference: OutputReference) => {
  const found = await on.chain.output(reference);
  if (found === null) throw new Error('not on chain');
  return found.utxo;
};

test('a lock is paid by a voucher that the job key signed while the wallet was locked', async () => {
  const { grant, reference } = await locked();
  await client.ask({ type: 'lock' });
  const paid = AMOUNT / 4n;
  const { signature } = await client.ask({ type: 'job-sign', jobId: grant.jobId, bytes: voucherBytes(reference, paid) });
  await client.ask({ type: 'unlock', password: secret(PASSWORD) });
  const agreement = {
    paid,
    voucherSignature: bytesToHex(signature),
    closeSignature: bytesToHex(ed25519.sign(closeBytes(reference, paid), hexToBytes(on.cast.closeKey.secret))),
    secret: null,
  };
  const { cbor } = await buildSettle({
    locks: [{ by: 'agreement', utxo: await utxoAt(reference), agreement }],
    payer: await on.payer(me),
    parameters: on.parameters,
    run: await on.run(me),
  });
  const { witnesses } = await client.ask({ type: 'job-spend', jobId: grant.jobId, account: 0, cbor });
  await submit(cbor, witnesses);
  const [pay] = await on.chain.utxos(on.cast.computeProvider.address);
  expect(pay?.assets).toEqual([{ ...on.devnet.asset, quantity: paid }]);
}, 60_000);

test('a lock that nobody answered for comes home', async () => {
  const reclaimAfter = Date.now() + 1_000;
  const { grant, reference } = await locked({ reclaimAfter });
  // The first slot that begins after it.
  await sleep(reclaimAfter + 1_000 - Date.now());
  const lock = await utxoAt(reference);
  const run = await on.run(me);
  const { cbor } = await buildReclaim(
    { locks: [lock], payer: await on.payer(me), parameters: on.parameters, slotConfig: on.chain.slotConfig, run },
    Date.now(),
  );
  const { witnesses } = await client.ask({ type: 'job-spend', jobId: grant.jobId, account: 0, cbor });
  await submit(cbor, witnesses);
  expect((await on.chain.output(reference))?.spentBy).not.toBeNull();
}, 60_000);
