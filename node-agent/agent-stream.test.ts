// An agent that is paid by vouchers, over real libp2p with a fake chain and executor: what it runs for, what it takes, and the one pay that it closes at.
import { verify, createPublicKey } from 'node:crypto';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { closeBytes, NO_KEY_HASH, voucherBytes } from '@nunet/shared/lock.ts';
import { openEvidence } from '@nunet/shared/evidence.ts';
import type { Manifest } from '@nunet/shared/manifest.ts';
import { request } from '@nunet/shared/peer-client.ts';
import { billedPay, type LockRefusal, type Quote } from '@nunet/shared/quote.ts';
import { signerOf, type Signed, type Signer } from '@nunet/shared/signature.ts';
import type { FollowEvent } from '@nunet/shared/wire.ts';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentEntry } from './agent-entries.ts';
import { openWorld, type World, type WorldOptions } from './agent-fixtures.ts';
import { FakeExecutor } from './executor/fake.ts';

let world: World;
/** Resolved when the job may end. */
let done: PromiseWithResolvers<void>;
async function open(options?: WorldOptions): Promise<void> {
  world = await openWorld(options);
  done = Promise.withResolvers();
  world.script = {
    steps: [
      { do: 'wait', until: done.promise },
      { do: 'output', name: 'out.npy', bytes: Uint8Array.of(1) },
    ],
  };
}
beforeEach(() => open());
afterEach(() => world.close());

const soon = (): AbortSignal => AbortSignal.timeout(20_000);
const target = () => ({ peerId: world.agent.peerId, addresses: world.agent.addresses() });

async function streamedQuote(): Promise<Signed<Quote> & { terms: NonNullable<Quote['stream']> }> {
  const answer = await world.client.quote({ stream: true });
  if (answer.type !== 'quote' || answer.quote.body.stream === undefined) throw new Error('no streamed quote');
  return { ...answer.quote, terms: answer.quote.body.stream };
}

/** Pays, or asks to close with `final`; what the job key of a stranger or another lock would make of it can be given. */
async function pay(
  quote: Signed<Quote>,
  lock: OutputReference,
  paid: bigint,
  options: { final?: boolean; signer?: Signer; over?: OutputReference; keyHash?: string } = {},
) {
  const { final = false, signer = world.client.voucher, over = lock, keyHash = NO_KEY_HASH } = options;
  const signature = bytesToHex(await signer.sign(voucherBytes(over, paid, keyHash)));
  return request(
    world.client.node,
    target(),
    'voucher',
    { jobId: quote.body.jobId, paidBaseUnits: paid, keyHash, signature, final },
    soon(),
  );
}

async function running() {
  const quote = await streamedQuote();
  const lock = world.chain.lock(quote);
  expect(await world.client.run(quote, lock)).toEqual({ type: 'accepted' });
  await world.whileBlocksCome(
    (async () => {
      for await (const event of world.client.follow(quote.body.jobId)) if (event.type === 'due') return;
    })(),
  );
  return { quote, lock, terms: quote.terms };
}

/** The next word about what is due that fits. */
async function due(quote: Signed<Quote>, fits: (due: Extract<FollowEvent, { type: 'due' }>) => boolean) {
  for await (const event of world.client.follow(quote.body.jobId)) if (event.type === 'due' && fits(event)) return event;
  throw new Error('the job ended');
}

async function ended(quote: Signed<Quote>, lock: OutputReference): Promise<Manifest> {
  const events = await world.whileBlocksCome(world.client.toEnd(quote.body.jobId));
  const envelope = events.find((event) => event.type === 'manifest')?.envelope;
  if (envelope === undefined) throw new Error('no manifest');
  return (openEvidence('manifest', envelope, { quote, lock }) as Signed<Manifest>).body;
}

/** By a second implementation of Ed25519. */
function isClosed(quote: Signed<Quote>, lock: OutputReference, paid: bigint, signature: string): boolean {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), hexToBytes(quote.body.closeKey)]);
  return verify(null, closeBytes(lock, paid), createPublicKey({ key: der, format: 'der', type: 'spki' }), hexToBytes(signature));
}

describe('a job that is paid by vouchers', () => {
  it('is quoted with what may be unpaid and what is held back, and only when asked for', async () => {
    const { body, terms } = await streamedQuote();
    expect(terms).toEqual({ holdBackBaseUnits: body.amountBaseUnits / 10n, maxUnpaidBaseUnits: body.amountBaseUnits / 5n });
    const plain = await world.client.quote();
    expect(plain.type === 'quote' && plain.quote.body.stream).toBeUndefined();
  });

  it('cannot run on unpaid: it stands still beyond what was quoted, and goes on with the next voucher', async () => {
    const { quote, lock, terms } = await running();
    const held = await due(quote, ({ paused }) => paused);
    // One look of the meter, and a slow machine.
    const look = billedPay(quote.body, 1_000);
    expect(held.payBaseUnits).toBeGreaterThan(terms.maxUnpaidBaseUnits);
    expect(held.payBaseUnits).toBeLessThan(terms.maxUnpaidBaseUnits + look);
    await sleep(600);
    expect((await due(quote, () => true)).billedMs).toBe(held.billedMs);
    expect(world.calls().filter((call) => call === 'pause' || call === 'resume')).toEqual(['pause']);
    const paid = held.payBaseUnits - terms.holdBackBaseUnits;
    expect(await pay(quote, lock, paid)).toEqual({ type: 'noted', paidBaseUnits: paid });
    expect((await due(quote, ({ paused }) => !paused)).payBaseUnits).toBeGreaterThanOrEqual(held.payBaseUnits);
    expect(world.calls()).toContain('resume');
    const again = await due(quote, ({ paused }) => paused);
    expect(again.payBaseUnits).toBeLessThan(paid + terms.maxUnpaidBaseUnits + look);
  });

  it('is closed at what its result asks, with our half over the bytes that the escrow checks', async () => {
    const { quote, lock } = await running();
    done.resolve();
    const { payBaseUnits } = await ended(quote, lock);
    const answer = await pay(quote, lock, payBaseUnits, { final: true });
    if (answer.type !== 'closed') throw new Error('not closed');
    expect(answer).toMatchObject({ paidBaseUnits: payBaseUnits, secret: null });
    expect(isClosed(quote, lock, payBaseUnits, answer.closeSignature)).toBe(true);
  });

  it('stops when it is asked to while it runs, and is closed at the time that it used', async () => {
    const { quote, lock } = await running();
    expect((await pay(quote, lock, 0n, { final: true })).type).toBe('noted');
    const { exit, billedMs, payBaseUnits } = await ended(quote, lock);
    expect(exit).toMatchObject({ kind: 'jobFault', code: 'stopped' });
    expect(payBaseUnits).toBe(billedPay(quote.body, billedMs));
    expect((await pay(quote, lock, payBaseUnits, { final: true })).type).toBe('closed');
  });

  it('is closed by the agent alone, at the highest voucher, when its service provider is gone and no oracle decides', async () => {
    const { quote, lock, terms } = await running();
    await pay(quote, lock, terms.holdBackBaseUnits);
    done.resolve();
    await ended(quote, lock);
    const { disputeBy, reclaimAfter } = quote.body;
    world.chain.makeBlock((disputeBy + reclaimAfter) / 2 + 1_000 - world.chain.timeMs);
    await sleep(300);
    // From the journal alone.
    await world.restart();
    const answer = await pay(quote, lock, quote.body.amountBaseUnits, { final: true });
    if (answer.type !== 'closed') throw new Error('not closed');
    expect(answer.paidBaseUnits).toBe(terms.holdBackBaseUnits);
    expect(isClosed(quote, lock, terms.holdBackBaseUnits, answer.closeSignature)).toBe(true);
  });
});

it('cannot run on where the system does not let it be held: it is stopped, and the job owes its time', async () => {
  await world.close();
  const holdless = new FakeExecutor({ clock: { now: () => Date.now(), monotonic: () => performance.now() }, script: () => world.script });
  holdless.pause = () => Promise.reject(new NunetError('pause-failed', 'Cannot send SIGSTOP'));
  await open({ executor: holdless });
  const { quote, lock, terms } = await running();
  const { exit, payBaseUnits } = await ended(quote, lock);
  expect(exit).toMatchObject({ kind: 'jobFault', code: 'stopped' });
  expect(payBaseUnits).toBeGreaterThan(terms.maxUnpaidBaseUnits);
  expect(payBaseUnits).toBeLessThan(terms.maxUnpaidBaseUnits + billedPay(quote.body, 1_000));
});

describe('a death around a write', () => {
  /** From the first write of this kind on nothing reaches the disk any more. */
  async function dyingAt(type: AgentEntry['type'], when: 'before' | 'after'): Promise<{ revive(): Promise<void> }> {
    await world.close();
    let armed = true;
    let dead = false;
    const die = (entry: AgentEntry): void => {
      if (dead || (armed && entry.type === type)) {
        dead = true;
        throw new NunetError('journal-dead', 'this process is dead');
      }
    };
    const before = (entry: AgentEntry): void => {
      if (dead || when === 'before') die(entry);
    };
    await open({ hooks: { before, after: die } });
    return {
      revive: async () => {
        armed = false;
        dead = false;
        await world.restart();
      },
    };
  }

  it.each(['before', 'after'] as const)('cannot lose or invent a voucher when it dies %s its write', async (when) => {
    const death = await dyingAt('voucher', when);
    const { quote, lock, terms } = await running();
    await expect(pay(quote, lock, terms.holdBackBaseUnits)).rejects.toThrow();
    await death.revive();
    const kept = when === 'after' ? terms.holdBackBaseUnits : 0n;
    expect(await pay(quote, lock, 1n)).toEqual({ type: 'noted', paidBaseUnits: kept });
  });

  it.each(['before', 'after'] as const)('cannot close at a second pay when it dies %s the write of the first', async (when) => {
    const death = await dyingAt('close', when);
    const { quote, lock } = await running();
    done.resolve();
    const { payBaseUnits } = await ended(quote, lock);
    await expect(pay(quote, lock, payBaseUnits, { final: true })).rejects.toThrow();
    await death.revive();
    const answer = await pay(quote, lock, payBaseUnits + 5n, { final: true });
    // Nobody saw the half that died in memory, so that another may still be the first.
    expect(answer).toMatchObject({ type: 'closed', paidBaseUnits: when === 'after' ? payBaseUnits : payBaseUnits + 5n });
  });
});

describe('a voucher', () => {
  it('cannot be forged, replayed from another lock, drawn above the lock, or name a key that nothing was sealed with', async () => {
    const { quote, lock, terms } = await running();
    const paid = terms.holdBackBaseUnits;
    const refused = { code: 'peer-failure', peerCode: 'voucher-invalid' };
    await expect(pay(quote, lock, paid, { signer: signerOf(new Uint8Array(randomBytes(32))) })).rejects.toMatchObject(refused);
    await expect(pay(quote, lock, paid, { over: { ...lock, index: lock.index + 1 } })).rejects.toMatchObject(refused);
    await expect(pay(quote, lock, quote.body.amountBaseUnits + 1n)).rejects.toMatchObject(refused);
    await expect(pay(quote, lock, paid, { keyHash: 'ab'.repeat(32), final: true })).rejects.toMatchObject(refused);
    expect(await pay(quote, lock, paid)).toEqual({ type: 'noted', paidBaseUnits: paid });
  });

  it('cannot take back what an earlier one gave, not even over a restart', async () => {
    const { quote, lock, terms } = await running();
    await pay(quote, lock, terms.holdBackBaseUnits);
    expect(await pay(quote, lock, terms.holdBackBaseUnits - 1n)).toEqual({ type: 'noted', paidBaseUnits: terms.holdBackBaseUnits });
    await world.restart();
    expect(await pay(quote, lock, 1n)).toEqual({ type: 'noted', paidBaseUnits: terms.holdBackBaseUnits });
  });

  it('cannot fill the journal: steps that are worth nothing are answered and not kept', async () => {
    const { quote, lock } = await running();
    for (let paid = 1n; paid <= 10n; paid++) expect(await pay(quote, lock, paid)).toEqual({ type: 'noted', paidBaseUnits: 0n });
  });

  it('cannot be paid for a job that is not paid while it runs', async () => {
    const quote = await world.client.goodQuote();
    const lock = world.chain.lock(quote);
    await world.client.run(quote, lock);
    await expect(pay(quote, lock, 1_000_000n)).rejects.toMatchObject({ peerCode: 'voucher-invalid' });
    done.resolve();
  });
});

describe('our half', () => {
  it('cannot be had below what the result asks', async () => {
    const { quote, lock } = await running();
    done.resolve();
    const { payBaseUnits } = await ended(quote, lock);
    expect((await pay(quote, lock, payBaseUnits - 1n, { final: true })).type).toBe('noted');
  });

  it('cannot be had over two pays: the first stands for everybody, at once and after a restart', async () => {
    const { quote, lock } = await running();
    done.resolve();
    const { payBaseUnits } = await ended(quote, lock);
    const asked = [payBaseUnits, payBaseUnits + 5n, payBaseUnits + 9n];
    const answers = await Promise.all(asked.map((paid) => pay(quote, lock, paid, { final: true })));
    await world.restart();
    answers.push(await pay(quote, lock, payBaseUnits + 11n, { final: true }));
    const pays = new Set(answers.map((answer) => (answer.type === 'closed' ? answer.paidBaseUnits : null)));
    expect(pays.size).toBe(1);
    expect(asked).toContain([...pays][0]);
  });

  it('comes with a refusal, over a pay of nothing', async () => {
    const quote = await streamedQuote();
    const lock = world.chain.lock(quote, { amountBaseUnits: quote.body.amountBaseUnits - 1n });
    await world.client.run(quote, lock);
    const events = await world.whileBlocksCome(world.client.toEnd(quote.body.jobId));
    const envelope = events.find((event) => event.type === 'refusal')?.envelope;
    if (envelope === undefined) throw new Error('not refused');
    const refusal = openEvidence('lock-refusal', envelope, { quote, lock }) as Signed<LockRefusal>;
    expect(isClosed(quote, lock, 0n, refusal.body.closeSignature ?? '')).toBe(true);
    // And nothing more is closed for it.
    expect((await pay(quote, lock, 5n, { final: true })).type).toBe('noted');
  });
});
