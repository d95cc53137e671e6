// What an owner key signs: exactly what shared/owner-command.ts says, of the vault's own making, for its own agent.
import 'fake-indexeddb/auto';
import { bytesToHex, randomBytes } from '@noble/hashes/utils.js';
import { blake2b256, encode } from '@nunet/shared/encoding.ts';
import {
  MAX_OWNER_COMMAND_BYTES,
  OWNER_COMMAND_LIFETIME_MS,
  ownerCommand,
  ownerOrder,
  type OwnerOrder,
} from '@nunet/shared/owner-command.ts';
import { peerIdOfKey } from '@nunet/shared/peer-id.ts';
import { openStatement } from '@nunet/shared/signature.ts';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { INERT_MS } from './approvals.ts';
import type { VaultClient } from './client.ts';
import type { Proposal, SignedOrder, VaultRequest } from './messages.ts';
import { orderHash, ownerOrder as readOrder, signOrder } from './owner-order.ts';
import { PASSWORD, sampleVault, secret, WORDS, type SampleVault } from './sample-vault.ts';
import { secondVerify } from './verified-signature.ts';

const agent = peerIdOfKey('11'.repeat(32));
const NOW = 1_800_000_000_000;
let vaults: SampleVault[] = [];
afterEach(() => {
  for (const vault of vaults) vault.stop();
  vaults = [];
});
async function created(): Promise<{ vault: SampleVault; client: VaultClient }> {
  const vault = sampleVault();
  vaults.push(vault);
  const client = vault.client();
  await client.ask({ type: 'create', password: secret(PASSWORD), words: secret(WORDS) });
  return { vault, client };
}

const opened = ({ body, signature }: SignedOrder, owner: string) =>
  openStatement('owner-command', ownerCommand, encode({ body, signature }), {
    network: 'devnet',
    maxBytes: MAX_OWNER_COMMAND_BYTES,
    keyOf: () => owner,
  }).body;
const sign = (client: VaultClient, order: OwnerOrder, above = 0): Promise<SignedOrder> =>
  client.ask({ type: 'owner-sign', network: 'devnet', agent, order, above });
const proposal = (order: OwnerOrder, changes: Partial<Proposal> = {}): Proposal => ({
  origin: null,
  frame: 'lend',
  account: 0,
  network: 'devnet',
  what: { kind: 'owner', agent, order, above: 0 },
  ...changes,
});

const FREE: OwnerOrder[] = [
  { type: 'status' },
  { type: 'jobs', limit: 20 },
  { type: 'logs', jobId: `b${'a'.repeat(58)}`, fromLine: 0, lines: 100 },
  { type: 'owners' },
  { type: 'pause' },
  { type: 'resume' },
];
const ASKED: OwnerOrder[] = [
  { type: 'stop-job', jobId: `b${'a'.repeat(58)}` },
  { type: 'change', change: { maxTimeLimitMs: 60_000 } },
  { type: 'revoke-owner', publicKey: 'ab'.repeat(32) },
];

describe('an owner key signs', () => {
  test('orders that tell, pause or resume while the wallet is open; the agent’s parser takes them', async () => {
    const { client } = await created();
    const { publicKey } = await client.ask({ type: 'owner-key', peerId: agent });
    for (const order of FREE) {
      const command = opened(await sign(client, order), publicKey);
      expect(command).toEqual({
        v: 1,
        network: 'devnet',
        agent,
        owner: publicKey,
        counter: NOW,
        expiresAt: NOW + OWNER_COMMAND_LIFETIME_MS,
        order,
      });
    }
  });

  test('what changes an agent once a person has approved it, with the expiry counted from then', async () => {
    const { vault, client } = await created();
    const { publicKey } = await client.ask({ type: 'owner-key', peerId: agent });
    for (const order of ASKED) {
      const { approvalId, hashes } = await client.ask({ type: 'propose', proposal: proposal(order) });
      expect(hashes).toEqual([bytesToHex(blake2b256(encode(order)))]);
      await expect(client.ask({ type: 'approve', approvalId, password: null })).rejects.toMatchObject({ code: 'approval-too-early' });
      await vault.pass(5 * INERT_MS);
      const answer = await client.ask({ type: 'approve', approvalId, password: null });
      if (answer.kind !== 'owner') throw new Error('another kind');
      const command = opened(answer, publicKey);
      expect(command.order).toEqual(order);
      expect(command.expiresAt - command.counter).toBe(OWNER_COMMAND_LIFETIME_MS);
      await expect(client.ask({ type: 'approve', approvalId, password: null })).rejects.toMatchObject({ code: 'approval-unknown' });
    }
  });

  test('with a counter above the last one that is known, whatever the clock says', async () => {
    const { client } = await created();
    expect((await sign(client, { type: 'status' }, NOW + 5_000)).counter).toBe(NOW + 5_001);
    expect((await sign(client, { type: 'status' }, 3)).counter).toBe(NOW);
  });

  test('the very bytes that shared/ makes of the same command, for every order there is', async () => {
    const clock = fc.tuple(fc.nat(23), fc.nat(59)).map(([h, m]) => `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`);
    const price = fc.stringMatching(/^[0-9.]{1,30}$/);
    const percent = fc.integer({ min: 10, max: 90 });
    const jobId = fc.stringMatching(/^b[a-z2-7]{20,110}$/);
    const change = fc.record(
      {
        prices: fc.record({ cpuHour: price, memoryGibHour: price, gpuHour: price, minimum: price }),
        share: fc.record({ cpus: percent, memory: percent, disk: percent }),
        hours: fc.option(fc.record({ from: clock, to: clock })),
        kinds: fc.array(fc.constantFrom('onnx' as const, 'container' as const), { minLength: 1, maxLength: 4 }),
        maxTimeLimitMs: fc.integer({ min: 1_000, max: 30 * 86_400_000 }),
        telemetry: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    const order: fc.Arbitrary<OwnerOrder> = fc.oneof(
      fc.constantFrom(...FREE, ...ASKED),
      fc.record({ type: fc.constant('jobs' as const), limit: fc.integer({ min: 1, max: 200 }) }),
      fc.record({ type: fc.constant('logs' as const), jobId, fromLine: fc.maxSafeNat(), lines: fc.integer({ min: 1, max: 1_000 }) }),
      fc.record({ type: fc.constant('change' as const), change }),
    );
    const second = secondVerify(undefined);
    await fc.assert(
      fc.asyncProperty(order, fc.maxSafeNat(), async (one, above) => {
        const read = readOrder(structuredClone(one), 'order');
        expect(read).toEqual(ownerOrder.parse(one));
        expect(orderHash(read)).toEqual(blake2b256(encode(one)));
        const nowMs = Math.min(above + 1, 8_000_000_000_000_000);
        const signed = await signOrder(
          { network: 'preprod', agent, order: read, above: Math.min(above, nowMs) },
          { seed: randomBytes(32), nowMs, second },
        );
        const body = ownerCommand.parse({
          ...JSON.parse(JSON.stringify({ v: 1, network: 'preprod', agent, order: one })),
          owner: '00'.repeat(32),
          counter: signed.counter,
          expiresAt: nowMs + 60_000,
        });
        const text = bytesToHex(encode(body));
        // The key is another for each; everything around it is the same.
        const at = text.indexOf(bytesToHex(new TextEncoder().encode('00'.repeat(32))));
        const made = bytesToHex(signed.body);
        expect(made.slice(0, at) + made.slice(at + 128)).toBe(text.slice(0, at) + text.slice(at + 128));
      }),
      { numRuns: 50 },
    );
  });
});

describe('an owner key cannot sign', () => {
  test('what changes an agent without a person', async () => {
    const { client } = await created();
    for (const order of ASKED) await expect(sign(client, order)).rejects.toMatchObject({ code: 'approval-wanted' });
  });

  test('anything while the wallet is locked', async () => {
    const { client } = await created();
    await client.ask({ type: 'lock' });
    await expect(sign(client, { type: 'status' })).rejects.toMatchObject({ code: 'vault-locked' });
    await expect(client.ask({ type: 'propose', proposal: proposal({ type: 'pause' }) })).rejects.toMatchObject({ code: 'vault-locked' });
  });

  test('for a web page', async () => {
    const { client } = await created();
    const asked = client.ask({ type: 'propose', proposal: proposal({ type: 'pause' }, { origin: 'https://app.example' }) });
    await expect(asked).rejects.toMatchObject({ code: 'order-refused' });
  });

  test('for another network than the wallet is on', async () => {
    const { client } = await created();
    await client.ask({ type: 'network', network: 'preprod' });
    await expect(sign(client, { type: 'status' })).rejects.toMatchObject({ code: 'network-mismatch' });
  });

  test('for one agent with the key of another', async () => {
    const { client } = await created();
    const other = peerIdOfKey('22'.repeat(32));
    const { publicKey } = await client.ask({ type: 'owner-key', peerId: other });
    const signed = await sign(client, { type: 'status' });
    expect(() => opened(signed, publicKey)).toThrow('signature');
  });

  test('a counter that would shut its owner out', async () => {
    const { client } = await created();
    await expect(sign(client, { type: 'status' }, NOW + 86_400_001)).rejects.toMatchObject({ code: 'counter-ahead' });
  });

  test('what is no order: a field more, a field less, another type, bytes of the caller’s', async () => {
    const { client } = await created();
    const invalid = { code: 'request-invalid' };
    for (const order of [
      { type: 'status', also: 1 },
      { type: 'jobs' },
      { type: 'add-owner', publicKey: 'ab'.repeat(32) },
      { type: 'logs', jobId: 'x', fromLine: 0, lines: 1 },
      { type: 'change', change: { address: 'addr_test1' } },
      { type: 'change', change: { share: { cpus: 95, memory: 50, disk: 50 } } },
      { type: 'change', change: null },
      { type: 'change' },
      { type: 'toString' },
      new Uint8Array(32),
      null,
    ]) {
      const asked = client.ask({ type: 'owner-sign', network: 'devnet', agent, order, above: 0 } as unknown as Extract<
        VaultRequest,
        { type: 'owner-sign' }
      >);
      await expect(asked, JSON.stringify(order)).rejects.toMatchObject(invalid);
    }
  });
});
