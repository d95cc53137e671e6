// A payout address from the vault of an extension to an agent: what the one signs is what the other takes.
import '@nunet/extension/runner/sample-database.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { addressBytes, addressText } from '@nunet/contracts/chain/address.ts';
import { addressesOf } from '@nunet/extension/vault/account-keys.ts';
import { INERT_MS } from '@nunet/extension/vault/approvals.ts';
import type { VaultClient } from '@nunet/extension/vault/client.ts';
import { PASSWORD, sampleVault, secret, WORDS, type SampleVault } from '@nunet/extension/vault/sample-vault.ts';
import { readPayout } from '@nunet/extension/wallet/payout-reading.ts';
import { payoutPathOf, readPayouts, takePayout } from '@nunet/node-agent/payout-file.ts';
import { nextPayout } from '@nunet/node-agent/payout-proof.ts';
import { parsePayoutProof, payoutProofText } from '@nunet/shared/payout-statement.ts';
import { SAMPLE_TIME_MS, samplePeerId } from '@nunet/shared/samples.ts';
import { afterEach, beforeEach, expect, it, test } from 'vitest';

const of = { network: 'preprod', agent: samplePeerId('agent') } as const;
const now = SAMPLE_TIME_MS;
const lifetime = { now, lifetimeMs: 86_400_000 };

let vault: SampleVault;
let client: VaultClient;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'payout-vault-'));
  vault = sampleVault();
  client = vault.client();
  await client.ask({ type: 'create', password: secret(PASSWORD), words: secret(WORDS) });
  await client.ask({ type: 'add-account', name: 'Savings' });
  await client.ask({ type: 'network', network: 'preprod' });
});
afterEach(async () => {
  vault.stop();
  await rm(folder, { recursive: true });
});

const homeOf = async (index: number): Promise<string> => {
  const account = (await client.ask({ type: 'state' })).accounts[index];
  if (account === undefined) throw new Error('no account');
  return addressText(addressesOf(account).base);
};
/** As the page does: the statement is read, proposed, approved, and given back as one line. */
async function signed(pasted: string, index: number, origin: string | null = null): Promise<string> {
  await client.ask({ type: 'select-account', index });
  const read = readPayout(pasted, { address: await homeOf(index), network: of.network, now });
  if (!read.ok) throw new Error(read.why);
  const what = {
    kind: 'data',
    role: 'payment',
    address: bytesToHex(addressBytes(read.signer)),
    payload: bytesToHex(utf8ToBytes(read.text)),
  } as const;
  const { approvalId } = await client.ask({
    type: 'propose',
    proposal: { origin, frame: 'own', account: index, network: of.network, what },
  });
  await vault.pass(INERT_MS);
  const answer = await client.ask({ type: 'approve', approvalId, password: null });
  if (answer.kind !== 'data') throw new Error('no message');
  return payoutProofText(answer);
}

it('is signed once, and changed by both accounts', async () => {
  const [first, second] = [await homeOf(0), await homeOf(1)];
  const path = payoutPathOf(folder);
  const one = nextPayout({ ...of, before: null }, first, lifetime);
  const proof = parsePayoutProof(await signed(`  ${one.text}\r\n`, 0));
  expect(await takePayout(path, [proof], { ...of, address: first, now })).toEqual(one.statement);

  const two = nextPayout({ ...of, before: one.statement }, second, lifetime);
  const both = [await signed(two.text, 1), await signed(two.text, 0)].map(parsePayoutProof);
  await takePayout(path, both, { ...of, address: second, now });
  expect((await readPayouts(path, of)).last).toEqual(two.statement);
});

test('cannot be signed for a web page', async () => {
  const { text } = nextPayout({ ...of, before: null }, await homeOf(0), lifetime);
  await expect(signed(text, 0, 'https://app.example')).rejects.toMatchObject({ code: 'payload-refused' });
});

test('cannot be signed by an account that it does not name', async () => {
  const { text } = nextPayout({ ...of, before: null }, await homeOf(0), lifetime);
  await expect(signed(text, 1)).rejects.toThrow('foreign');
});
