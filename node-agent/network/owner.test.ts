import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PeerFailure } from '@nunet/shared/exchange.ts';
import type { OwnerAnswer, OwnerCommand, OwnerOrder } from '@nunet/shared/owner-command.ts';
import { pairingProof, parsePairingCode } from '@nunet/shared/pairing-code.ts';
import { request } from '@nunet/shared/peer-client.ts';
import { signerOf, signStatement, type Signer } from '@nunet/shared/signature.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Controls, GivenBy } from '../controls.ts';
import { OwnerBook } from '../owner-book.ts';
import { Pairing } from '../pairing.ts';
import { addressOf, dialingNode, loopbackNode, sampleKey } from './loopback-nodes.ts';
import type { NetworkNode } from './node.ts';
import { serveOwner } from './owner.ts';

const NOW = 1_800_000_000_000;
let folder: string;
let owners: OwnerBook;
let pairing: Pairing;
let carriedOut: { order: OwnerOrder; by: GivenBy; counter: number | undefined }[];
let agent: NetworkNode;
let browser: NetworkNode;
let counter: number;
const key = signerOf(new Uint8Array(32).fill(5));

const soon = (): AbortSignal => AbortSignal.timeout(20_000);
const open = async (path: string): Promise<void> => {
  owners = await OwnerBook.open(path);
  pairing = new Pairing({
    network: 'devnet',
    peerId: agent.peerId,
    elapsed: () => 0,
    now: () => NOW,
    random: randomBytes,
    add: (owner) => owners.add(owner),
  });
  const controls = {
    carryOut: (order: OwnerOrder, by: GivenBy): Promise<OwnerAnswer> => {
      const publicKey = by.kind === 'owner' ? by.publicKey : '';
      carriedOut.push({ order, by, counter: owners.find(publicKey)?.counter });
      return Promise.resolve({ type: 'done', json: '{}' });
    },
  } as Controls;
  await serveOwner(
    agent,
    { owners, controls, pairing, now: () => NOW },
    { limit: { maxOpenAPeer: 4, maxOpen: 16, burst: 100, perSecond: 100 } },
  );
};

async function setUp(): Promise<void> {
  agent = await loopbackNode('agent');
  browser = await dialingNode('browser');
  await open(join(folder, 'owners.json'));
}
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'owner-'));
  carriedOut = [];
  counter = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const target = () => ({ peerId: agent.peerId, addresses: [addressOf(agent, 'tcp')] });

async function pair(code: string, from = browser, owner = key.publicKey) {
  const { secret } = parsePairingCode(code);
  const parties = { network: 'devnet', agent: agent.peerId, caller: from.peerId, owner, name: 'laptop' } as const;
  const proof = pairingProof(secret, 'owner', parties);
  const answer = await request(from, target(), 'pair', { v: 1, network: 'devnet', owner, name: 'laptop', proof }, soon());
  return { answer, agentProof: pairingProof(secret, 'agent', parties) };
}

async function envelopeOf(changes: Partial<OwnerCommand> = {}, by: Signer = key): Promise<Uint8Array> {
  const body: OwnerCommand = {
    v: 1,
    network: 'devnet',
    agent: agent.peerId,
    owner: key.publicKey,
    counter: (counter += 1),
    expiresAt: NOW + 60_000,
    order: { type: 'pause' },
    ...changes,
  };
  return (await signStatement('owner-command', body, by)).envelope;
}
const command = async (envelope: Uint8Array, from = browser) => request(from, target(), 'owner', { envelope }, soon());
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'accepted',
    (error: unknown) => (error instanceof PeerFailure ? error.peerCode : String(error)),
  );

describe('an owner', () => {
  it('pairs with the code of the terminal and commands from then on; the counter is on disk before the order is carried out', async () => {
    await setUp();
    expect(await codeOf(command(await envelopeOf()))).toBe('owner-unknown');
    const { answer, agentProof } = await pair(pairing.start().code);
    expect(answer).toEqual({ type: 'paired', agent: agent.peerId, proof: agentProof });
    expect(owners.isOwnerPeer(browser.peerId)).toBe(true);
    expect(await command(await envelopeOf({ counter: 7 }))).toEqual({ type: 'done', json: '{}' });
    expect(carriedOut).toEqual([{ order: { type: 'pause' }, by: { kind: 'owner', publicKey: key.publicKey, name: 'laptop' }, counter: 7 }]);
  });

  it('cannot pair with a code of another agent, or without one', async () => {
    await setUp();
    const other = new Pairing({
      network: 'devnet',
      peerId: sampleKey('other agent').peerId,
      elapsed: () => 0,
      now: () => NOW,
      random: randomBytes,
      add: () => Promise.resolve(),
    });
    expect(await codeOf(pair(other.start().code))).toBe('pairing-refused');
    pairing.start();
    expect(await codeOf(pair(other.start().code))).toBe('pairing-refused');
    expect(owners.all).toEqual([]);
  });

  it('cannot have a captured pairing request played back by another peer', async () => {
    await setUp();
    const { code } = pairing.start();
    const thief = await dialingNode('thief');
    const { secret } = parsePairingCode(code);
    const parties = { network: 'devnet', agent: agent.peerId, caller: browser.peerId, owner: key.publicKey, name: 'laptop' } as const;
    const captured = {
      v: 1 as const,
      network: 'devnet' as const,
      owner: key.publicKey,
      name: 'laptop',
      proof: pairingProof(secret, 'owner', parties),
    };
    expect(await codeOf(request(thief, target(), 'pair', captured, soon()))).toBe('pairing-refused');
    expect(owners.all).toEqual([]);
  });
});

describe('an order', () => {
  const ready = async (): Promise<void> => {
    await setUp();
    await pair(pairing.start().code);
  };

  it.each<[string, string, () => Promise<Uint8Array>]>([
    [
      'of a key that owns nothing',
      'owner-unknown',
      () => {
        const stranger = signerOf(new Uint8Array(32).fill(6));
        return envelopeOf({ owner: stranger.publicKey }, stranger);
      },
    ],
    ['in an owner’s name, signed by another', 'signature-invalid', () => envelopeOf({}, signerOf(new Uint8Array(32).fill(6)))],
    ['for another agent of the same owner', 'owner-foreign', () => envelopeOf({ agent: sampleKey('other').peerId })],
    ['for another network', 'network-mismatch', () => envelopeOf({ network: 'preprod' })],
    ['that has expired', 'owner-expired', () => envelopeOf({ expiresAt: NOW })],
    ['that would live for ever', 'owner-expired', () => envelopeOf({ expiresAt: NOW + 121_000 })],
    ['with a counter that would shut its owner out', 'owner-counter', () => envelopeOf({ counter: Number.MAX_SAFE_INTEGER })],
    ['with a counter of 0', 'message-invalid', () => envelopeOf({ counter: 0 })],
    [
      'that is signed as another statement',
      'signature-invalid',
      async () =>
        (
          await signStatement(
            'benchmark',
            {
              v: 1 as const,
              network: 'devnet' as const,
              agent: agent.peerId,
              owner: key.publicKey,
              counter: 1,
              expiresAt: NOW + 60_000,
              order: { type: 'pause' as const },
            },
            key,
          )
        ).envelope,
    ],
    ['with a field more', 'message-invalid', () => envelopeOf({ order: { type: 'pause', also: 'this' } as never })],
    ['that is unknown', 'message-invalid', () => envelopeOf({ order: { type: 'add-owner' } as never })],
    ['that is no statement', 'message-invalid', () => Promise.resolve(new Uint8Array([0xa0]))],
  ])('cannot be one %s', async (_, code, envelope) => {
    await ready();
    expect(await codeOf(command(await envelope()))).toBe(code);
    expect(carriedOut).toEqual([]);
    expect(owners.find(key.publicKey)?.counter).toBe(0);
  });

  it('cannot be played back: not at once, not by another peer, not after a restart, not an older one', async () => {
    await ready();
    const early = await envelopeOf({ counter: 3 });
    const late = await envelopeOf({ counter: 4 });
    expect(await codeOf(command(late))).toBe('accepted');
    expect(await codeOf(command(late))).toBe('owner-replayed');
    expect(await codeOf(command(early))).toBe('owner-replayed');
    expect(await codeOf(command(late, await dialingNode('thief')))).toBe('owner-replayed');
    await open(join(folder, 'owners.json'));
    expect(await codeOf(command(late))).toBe('owner-replayed');
    expect(carriedOut).toHaveLength(1);
  });

  it('cannot be carried out twice when it comes twice at once', async () => {
    await ready();
    const envelope = await envelopeOf();
    const codes = await Promise.all([codeOf(command(envelope)), codeOf(command(envelope))]);
    expect(codes.toSorted()).toEqual(['accepted', 'owner-replayed']);
    expect(carriedOut).toHaveLength(1);
  });

  it('cannot come from a revoked owner, whose connection keeps no slot either', async () => {
    await ready();
    await owners.revoke(key.publicKey, NOW);
    expect(await codeOf(command(await envelopeOf()))).toBe('owner-revoked');
    expect(owners.isOwnerPeer(browser.peerId)).toBe(false);
  });

  it('cannot be carried out when its counter cannot be written', async () => {
    await ready();
    await rm(folder, { recursive: true });
    expect(await codeOf(command(await envelopeOf()))).toBe('internal');
    expect(carriedOut).toEqual([]);
  });
});
