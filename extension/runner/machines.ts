// Machines: the agents that are owned from this browser. Finds and pairs them, has the vault sign orders, sends them, and reads the answers.
import { encode } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { PeerFailure } from '@nunet/shared/exchange.ts';
import type { Network } from '@nunet/shared/fields.ts';
import type { OwnerAnswer, OwnerOrder } from '@nunet/shared/owner-command.ts';
import { ownerJobs, ownerList, ownerLog, ownerStatus } from '@nunet/shared/owner-views.ts';
import { fingerprintOf, pairingProof, parsePairingCode, type PairingCode } from '@nunet/shared/pairing-code.ts';
import { request, type Dialer, type Target } from '@nunet/shared/peer-client.ts';
import type { z } from 'zod';
import type { LendAnswers, LendRequest, MachineAnswer, MachineNote, MachineView } from '../lend/messages.ts';
import type { SignedOrder } from '../vault/messages.ts';
import { STRICT, type RunnerDatabase } from './database.ts';
import type { VaultLink } from './vault-link.ts';

/** Agents that begin alike are tried in turn: 40 bits of a fingerprint can be imitated, the proof cannot. */
const MAX_CANDIDATES = 4;
const MAX_MACHINES = 64;
const MAX_ADDRESSES = 16;
const ANSWER_MS = 30_000;
/** What an own agent may say no with in its own words; any other code stays a `peer-failure`. */
const OWN_CODES: ReadonlySet<string> = new Set([
  'pairing-refused',
  'owner-unknown',
  'owner-revoked',
  'owner-replayed',
  'owner-expired',
  'owner-foreign',
  'confirmations-full',
  'change-invalid',
  'config-invalid',
  'job-unknown',
  'job-ended',
]);

/** What the machines need of the connected network. */
export interface MachineGround {
  network: Network;
  /** Adverts of the hubs. */
  adverts(signal: AbortSignal): Promise<readonly { peerId: string; addresses: readonly string[] }[]>;
  signal: AbortSignal;
}

export interface MachineParts {
  database: RunnerDatabase;
  dialer: Dialer;
  vault: Pick<VaultLink, 'ask'>;
  /** Under which agents know this browser. */
  peerId: string;
  /** Throws where no network with peers is connected. */
  ground(): MachineGround;
  now(): number;
  onChange(): void;
}

export interface Machines {
  list(): MachineView[];
  answer(request: LendRequest): Promise<LendAnswers[keyof LendAnswers]>;
  /** The wallet was removed: its owner keys are gone. */
  forgetAll(): Promise<void>;
}

export async function openMachines(parts: MachineParts): Promise<Machines> {
  const { database, dialer, vault } = parts;
  const notes = new Map((await database.getAll('machines')).map((note) => [note.peerId, note]));
  /** Orders of one machine go one after the other, because their counters have to arrive in order. */
  const turns = new Map<string, Promise<unknown>>();

  const keep = async (note: MachineNote): Promise<void> => {
    const transaction = database.transaction('machines', 'readwrite', STRICT);
    await Promise.all([transaction.store.put(note), transaction.done]);
    notes.set(note.peerId, note);
  };
  const noteOf = (peerId: string): MachineNote => {
    const note = notes.get(peerId);
    if (note === undefined) throw new NunetError('machine-unknown', 'Cannot ask this machine: it is not paired with this browser');
    return note;
  };
  const within = (ground: MachineGround): AbortSignal => AbortSignal.any([ground.signal, AbortSignal.timeout(ANSWER_MS)]);

  // --- pairing ---

  async function candidates({ fingerprint }: PairingCode, address: string | null, ground: MachineGround): Promise<Target[]> {
    if (address !== null) {
      const peerId = /\/p2p\/([^/]+)$/.exec(address)?.[1];
      if (peerId === undefined)
        throw new NunetError('machine-address-invalid', 'Cannot dial: the address has to end in /p2p/ and a peer id');
      if (!isOf(peerId, fingerprint)) throw new NunetError('machine-other', 'Cannot pair: the address is of another machine than the code');
      return [{ peerId, addresses: [address], isOwn: true }];
    }
    const found = (await ground.adverts(within(ground))).filter(({ peerId }) => isOf(peerId, fingerprint)).slice(0, MAX_CANDIDATES);
    if (found.length > 0) return found.map(({ peerId, addresses }) => ({ peerId, addresses: [...addresses] }));
    throw new NunetError(
      'machine-not-found',
      'Cannot find the machine among those that hubs know: enter an address that its terminal shows',
    );
  }

  async function pairWith(target: Exclude<Target, string>, secret: Uint8Array, name: string, ground: MachineGround): Promise<void> {
    const { publicKey: owner } = await vault.ask({ type: 'owner-key', peerId: target.peerId });
    const parties = { network: ground.network, agent: target.peerId, caller: parts.peerId, owner, name };
    const proof = pairingProof(secret, 'owner', parties);
    const answer = await own(request(dialer, target, 'pair', { v: 1, network: ground.network, owner, name, proof }, within(ground)));
    if (answer.agent === target.peerId && answer.proof === pairingProof(secret, 'agent', parties)) return;
    throw new NunetError('machine-impostor', 'Cannot pair: whoever answered did not know the code; nothing was paired');
  }

  async function pair({ code, address, name }: Extract<LendRequest, { type: 'pair-machine' }>): Promise<{ peerId: string }> {
    const read = parsePairingCode(code);
    const ground = parts.ground();
    if (notes.size >= MAX_MACHINES)
      throw new NunetError('machines-full', `Cannot pair: there are ${MAX_MACHINES} machines; remove one first`);
    let failure: unknown;
    try {
      for (const target of await candidates(read, address, ground)) {
        try {
          if (typeof target === 'string') continue;
          await pairWith(target, read.secret, name, ground);
          const { peerId, addresses } = target;
          const earlier = notes.get(peerId);
          await keep({
            peerId,
            network: ground.network,
            name: earlier?.name ?? peerId.slice(-8),
            ownerName: name,
            addresses: addresses.slice(0, MAX_ADDRESSES),
            pairedAtMs: parts.now(),
            counter: earlier?.counter ?? 0,
          });
          parts.onChange();
          return { peerId };
        } catch (error) {
          failure = error;
        }
      }
    } finally {
      read.secret.fill(0);
    }
    throw failure;
  }

  // --- orders ---

  async function send(note: MachineNote, order: OwnerOrder, { body, signature }: SignedOrder): Promise<MachineAnswer> {
    const ground = parts.ground();
    const signal = within(ground);
    const target = { peerId: note.peerId, addresses: note.addresses, isOwn: true };
    const envelope = encode({ body, signature });
    const ask = (to: Target) => own(request(dialer, to, 'owner', { envelope }, signal));
    try {
      return await learned(note.peerId, readAnswer(order, await ask(target)));
    } catch (error) {
      if (!(error instanceof NunetError && error.code === 'peer-unreachable')) throw error;
      // Addresses change; an order that did not leave is still good.
      const advert = (await ground.adverts(signal)).find(({ peerId }) => peerId === note.peerId);
      if (advert === undefined) throw error;
      const moved = { ...note, addresses: advert.addresses.slice(0, MAX_ADDRESSES) };
      const answer = readAnswer(order, await ask({ peerId: note.peerId, addresses: moved.addresses, isOwn: true }));
      await keep({ ...noteOf(note.peerId), addresses: moved.addresses });
      return answer;
    }
  }

  /** Where it says that it is, so that it is found while it advertises nothing. */
  async function learned(peerId: string, told: MachineAnswer): Promise<MachineAnswer> {
    const note = noteOf(peerId);
    if (told.type !== 'status' || told.status.addresses.length === 0) return told;
    if (JSON.stringify(told.status.addresses) !== JSON.stringify(note.addresses)) await keep({ ...note, addresses: told.status.addresses });
    return told;
  }

  /** A counter is kept before the order leaves, so that none is used twice. */
  async function spend(peerId: string, { counter }: SignedOrder): Promise<MachineNote> {
    const note = noteOf(peerId);
    if (counter <= note.counter) throw new NunetError('order-stale', 'Another order was sent meanwhile: approve this one again');
    await keep({ ...note, counter });
    return noteOf(peerId);
  }

  const inTurn = <T>(peerId: string, work: () => Promise<T>): Promise<T> => {
    const turn = (turns.get(peerId) ?? Promise.resolve()).then(work);
    turns.set(
      peerId,
      turn.catch(() => undefined),
    );
    return turn;
  };

  const answer = async (asked: LendRequest): Promise<LendAnswers[keyof LendAnswers]> => {
    switch (asked.type) {
      case 'pair-machine':
        return pair(asked);
      case 'machine-order':
        return inTurn(asked.peerId, async () => {
          const { counter } = noteOf(asked.peerId);
          const { network } = demandNetwork(noteOf(asked.peerId), parts.ground());
          const signed = await vault.ask({ type: 'owner-sign', network, agent: asked.peerId, order: asked.order, above: counter });
          return send(await spend(asked.peerId, signed), asked.order, signed);
        });
      case 'machine-signed':
        return inTurn(asked.peerId, async () => {
          demandNetwork(noteOf(asked.peerId), parts.ground());
          return send(await spend(asked.peerId, asked.signed), asked.order, asked.signed);
        });
      case 'rename-machine':
        await keep({ ...noteOf(asked.peerId), name: asked.name });
        parts.onChange();
        return null;
      case 'forget-machine':
        await database.delete('machines', asked.peerId);
        notes.delete(asked.peerId);
        parts.onChange();
        return null;
    }
  };

  return {
    list: () =>
      [...notes.values()]
        .map(({ peerId, network, name, ownerName, pairedAtMs, counter }) => ({ peerId, network, name, ownerName, pairedAtMs, counter }))
        .sort((a, b) => a.pairedAtMs - b.pairedAtMs),
    answer,
    async forgetAll() {
      await database.clear('machines');
      notes.clear();
      parts.onChange();
    },
  };
}

function isOf(peerId: string, fingerprint: string): boolean {
  try {
    return fingerprintOf(peerId) === fingerprint;
  } catch {
    // An advert's peer id was parsed; an address is typed by hand.
    return false;
  }
}

function demandNetwork(note: MachineNote, ground: MachineGround): MachineGround {
  if (note.network === ground.network) return ground;
  throw new NunetError('machine-elsewhere', `Cannot ask this machine: it works on ${note.network}, this browser is on ${ground.network}`);
}

/** What our own agent refuses is told with its code. */
async function own<T>(asking: Promise<T>): Promise<T> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof PeerFailure && OWN_CODES.has(error.peerCode))
      throw new NunetError(error.peerCode, error.message, { cause: error });
    throw error;
  }
}

/** Throws `machine-answer-invalid`. */
function readAnswer(order: OwnerOrder, answer: OwnerAnswer): MachineAnswer {
  if (answer.type === 'pending') return answer;
  const read = <T>(schema: z.ZodType<T>): T => {
    try {
      return schema.parse(JSON.parse(answer.json));
    } catch (cause) {
      throw new NunetError('machine-answer-invalid', 'Cannot read what the machine answered: it may be of another version', { cause });
    }
  };
  switch (order.type) {
    case 'status':
      return { type: 'status', status: read(ownerStatus) };
    case 'jobs':
      return { type: 'jobs', jobs: read(ownerJobs) };
    case 'logs':
      return { type: 'logs', log: read(ownerLog) };
    case 'owners':
      return { type: 'owners', owners: read(ownerList) };
    default:
      return { type: 'done' };
  }
}
