// Machines: pairing and orders from the browser's side, against an agent at the other end of real streams, with a whole vault.
import 'fake-indexeddb/auto';
import { NunetError } from '@nunet/shared/errors.ts';
import { answerStream } from '@nunet/shared/exchange.ts';
import { MAX_OWNER_COMMAND_BYTES, ownerCommand, type OwnerAnswer, type OwnerCommand } from '@nunet/shared/owner-command.ts';
import { fingerprintOf, formatPairingCode, pairingProof } from '@nunet/shared/pairing-code.ts';
import type { Target } from '@nunet/shared/peer-client.ts';
import { peerIdOfKey } from '@nunet/shared/peer-id.ts';
import { openStatement } from '@nunet/shared/signature.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { INERT_MS } from '../vault/approvals.ts';
import type { VaultClient } from '../vault/client.ts';
import { PASSWORD, sampleVault, secret, WORDS, type SampleVault } from '../vault/sample-vault.ts';
import { PortStream } from '../network/stream-port.ts';
import { openMachines, type Machines } from './machines.ts';
import { emptyDatabase } from './sample-database.ts';
import type { RunnerDatabase } from './database.ts';

const agent = peerIdOfKey('11'.repeat(32));
const browser = peerIdOfKey('22'.repeat(32));
const SECRET = Uint8Array.from({ length: 10 }, (_, at) => at);
const CODE = formatPairingCode({ fingerprint: fingerprintOf(agent), secret: SECRET });
const ADDRESS = `/ip4/192.0.2.1/udp/9/webrtc-direct/certhash/u/p2p/${agent}`;
const JOB = `b${'a'.repeat(58)}`;

let vault: SampleVault;
let client: VaultClient;
let database: RunnerDatabase;
let machines: Machines;
/** What reached the agent. */
let dialled: Target[];
let commands: OwnerCommand[];
let adverts: { peerId: string; addresses: string[] }[];
/** What the agent does. */
let knows: Uint8Array;
let reply: (command: OwnerCommand) => OwnerAnswer;
let unreachable: Set<string>;

beforeEach(async () => {
  vault = sampleVault();
  client = vault.client();
  await client.ask({ type: 'create', password: secret(PASSWORD), words: secret(WORDS) });
  ({ database } = await emptyDatabase());
  dialled = [];
  commands = [];
  adverts = [];
  knows = SECRET;
  unreachable = new Set();
  reply = () => ({ type: 'done', json: 'null' });
  machines = await open();
});
afterEach(() => vault.stop());

const open = (): Promise<Machines> =>
  openMachines({
    database,
    dialer: {
      open: async (target, name) => {
        dialled.push(target);
        const peerId = typeof target === 'string' ? target : target.peerId;
        const at = typeof target === 'string' ? target : (target.addresses[0] ?? '');
        if (unreachable.has(at)) throw new NunetError('peer-unreachable', 'no answer');
        const { port1, port2 } = new MessageChannel();
        const signal = AbortSignal.timeout(10_000);
        const times = { requestSignal: signal, signal, closeSignal: () => signal };
        if (name === 'pair') {
          void answerStream(
            new PortStream(port2),
            'pair',
            ({ owner, name: ownerName, proof }) => {
              const parties = { network: 'devnet', agent: peerId, caller: browser, owner, name: ownerName } as const;
              // One that does not know the secret says yes all the same.
              if (knows === SECRET && proof !== pairingProof(knows, 'owner', parties))
                throw new NunetError('pairing-refused', 'Cannot pair: the code is wrong');
              return Promise.resolve({ type: 'paired', agent: peerId, proof: pairingProof(knows, 'agent', parties) });
            },
            { peerId: browser, ...times },
          );
        } else {
          void answerStream(
            new PortStream(port2),
            'owner',
            ({ envelope }) => {
              const keyOf = ({ owner }: OwnerCommand): string => owner;
              const { body } = openStatement('owner-command', ownerCommand, envelope, {
                network: 'devnet',
                maxBytes: MAX_OWNER_COMMAND_BYTES,
                keyOf,
              });
              commands.push(body);
              return Promise.resolve(reply(body));
            },
            { peerId: browser, ...times },
          );
        }
        return new PortStream(port1);
      },
    },
    vault: client,
    peerId: browser,
    ground: () => ({ network: 'devnet', adverts: () => Promise.resolve(adverts), signal: new AbortController().signal }),
    now: () => 1_000,
    onChange: () => undefined,
  });

const pair = (changes: { code?: string; address?: string | null } = {}) =>
  machines.answer({ type: 'pair-machine', code: CODE, address: ADDRESS, name: 'laptop', ...changes });
const order = (what: OwnerCommand['order']) => machines.answer({ type: 'machine-order', peerId: agent, order: what });

describe('pairing', () => {
  test('by an address that the terminal shows; it is kept over a restart of the browser', async () => {
    expect(await pair()).toEqual({ peerId: agent });
    machines = await open();
    expect(machines.list()).toEqual([
      { peerId: agent, network: 'devnet', name: agent.slice(-8), ownerName: 'laptop', pairedAtMs: 1_000, counter: 0 },
    ]);
  });

  test('by the adverts of the hubs, among many', async () => {
    adverts = [
      { peerId: browser, addresses: ['/ip4/192.0.2.9/tcp/1'] },
      { peerId: agent, addresses: [ADDRESS] },
    ];
    await pair({ code: CODE.toLowerCase().replaceAll('-', ' '), address: null });
    expect(dialled).toEqual([{ peerId: agent, addresses: [ADDRESS] }]);
  });

  test('cannot dial anybody for a code that was typed wrongly, or for another machine’s address', async () => {
    await expect(pair({ code: CODE.replace(/.$/, (last) => (last === '0' ? '1' : '0')) })).rejects.toMatchObject({
      code: 'pairing-code-invalid',
    });
    const other = peerIdOfKey('33'.repeat(32));
    await expect(pair({ address: `/ip4/192.0.2.1/tcp/1/p2p/${other}` })).rejects.toMatchObject({ code: 'machine-other' });
    await expect(pair({ address: '/ip4/192.0.2.1/tcp/1' })).rejects.toMatchObject({ code: 'machine-address-invalid' });
    await expect(pair({ address: null })).rejects.toMatchObject({ code: 'machine-not-found' });
    expect(dialled).toEqual([]);
  });

  test('cannot be had by one that says yes without knowing the code', async () => {
    knows = new Uint8Array(10).fill(9);
    await expect(pair()).rejects.toMatchObject({ code: 'machine-impostor' });
    expect(machines.list()).toEqual([]);
  });

  test('cannot be had with a wrong code, and the agent’s own words say so', async () => {
    const wrong = formatPairingCode({ fingerprint: fingerprintOf(agent), secret: new Uint8Array(10) });
    await expect(pair({ code: wrong })).rejects.toMatchObject({ code: 'pairing-refused' });
    expect(machines.list()).toEqual([]);
  });

  test('cannot be had while the wallet is locked', async () => {
    await client.ask({ type: 'lock' });
    await expect(pair()).rejects.toMatchObject({ code: 'vault-locked' });
    expect(dialled).toEqual([]);
  });
});

describe('an order', () => {
  test('goes to its machine with a counter that grows, kept before it leaves', async () => {
    await pair();
    await Promise.all([order({ type: 'pause' }), order({ type: 'resume' }), order({ type: 'pause' })]);
    expect(commands.map(({ agent: to, order: { type } }) => [to, type])).toEqual([
      [agent, 'pause'],
      [agent, 'resume'],
      [agent, 'pause'],
    ]);
    const counters = commands.map(({ counter }) => counter);
    expect(counters.toSorted((a, b) => a - b)).toEqual(counters);
    expect(new Set(counters).size).toBe(3);
    expect((await database.get('machines', agent))?.counter).toBe(counters.at(-1));
  });

  test('that changes something cannot be signed by the runner; approved by a person it is sent', async () => {
    await pair();
    const change = { type: 'stop-job', jobId: JOB } as const;
    await expect(order(change)).rejects.toMatchObject({ code: 'approval-wanted' });
    const what = { kind: 'owner', agent, order: change, above: 0 } as const;
    const { approvalId } = await client.ask({
      type: 'propose',
      proposal: { origin: null, frame: 'lend', account: 0, network: 'devnet', what },
    });
    await vault.pass(INERT_MS);
    const answer = await client.ask({ type: 'approve', approvalId, password: null });
    if (answer.kind !== 'owner') throw new Error('another kind');
    const { kind: _, ...signed } = answer;
    reply = () => ({ type: 'pending', confirmation: 'AB12', what: 'something' });
    const sent = { type: 'machine-signed', peerId: agent, order: change, signed } as const;
    expect(await machines.answer(sent)).toEqual({ type: 'pending', confirmation: 'AB12', what: 'something' });
    expect(commands.at(-1)?.order).toEqual(change);
    // A second time it is spent already.
    await expect(machines.answer(sent)).rejects.toMatchObject({ code: 'order-stale' });
    expect(commands).toHaveLength(1);
  });

  test('cannot have an answer believed that is none', async () => {
    await pair();
    reply = () => ({ type: 'done', json: '{"peerId":1}' });
    await expect(order({ type: 'status' })).rejects.toMatchObject({ code: 'machine-answer-invalid' });
    reply = () => ({ type: 'done', json: '{' });
    await expect(order({ type: 'jobs', limit: 5 })).rejects.toMatchObject({ code: 'machine-answer-invalid' });
  });

  test('says when the machine has revoked this browser, and imitates no error of ours', async () => {
    await pair();
    reply = () => {
      throw new NunetError('owner-revoked', 'Cannot carry out the order: revoked');
    };
    await expect(order({ type: 'status' })).rejects.toMatchObject({ code: 'owner-revoked' });
    reply = () => {
      throw new NunetError('vault-locked', 'gotcha');
    };
    await expect(order({ type: 'status' })).rejects.toMatchObject({ code: 'peer-failure' });
  });

  test('finds a machine that has moved by its advert', async () => {
    await pair();
    const moved = ADDRESS.replace('192.0.2.1', '192.0.2.2');
    unreachable.add(ADDRESS);
    await expect(order({ type: 'pause' })).rejects.toMatchObject({ code: 'peer-unreachable' });
    adverts = [{ peerId: agent, addresses: [moved] }];
    await expect(order({ type: 'pause' })).resolves.toEqual({ type: 'done' });
    expect((await database.get('machines', agent))?.addresses).toEqual([moved]);
  });

  test('cannot go to a machine that is not paired, was removed, or whose wallet is gone', async () => {
    await expect(order({ type: 'status' })).rejects.toMatchObject({ code: 'machine-unknown' });
    await pair();
    await machines.answer({ type: 'forget-machine', peerId: agent });
    await expect(order({ type: 'status' })).rejects.toMatchObject({ code: 'machine-unknown' });
    await pair();
    await machines.forgetAll();
    expect(machines.list()).toEqual([]);
    expect(await database.count('machines')).toBe(0);
  });
});
