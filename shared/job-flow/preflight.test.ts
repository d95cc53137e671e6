// Pre-flight: who would do the job for how much, and why the others would not, in words to show.
import { describe, expect, test } from 'vitest';
import type { Advert } from '../advert.ts';
import { NunetError } from '../errors.ts';
import type { Quote, QuoteRequest } from '../quote.ts';
import * as samples from '../samples.ts';
import { signStatement } from '../signature.ts';
import { VirtualClock } from './virtual-clock.ts';
import type { Clock, Network } from './ports.ts';
import { preflight, releaseOthers, type Preflight } from './preflight.ts';

type Answer = Awaited<ReturnType<Network['requestQuote']>>;
interface FakeAgent {
  name: string;
  advert?: Partial<Advert>;
  answer(signal: AbortSignal, clock: Clock): Promise<Answer>;
}

const NEVER = new AbortController().signal;
const quoteOf = async (name: string, changes: Partial<Quote> = {}, signer = name): Promise<Answer> => {
  const computeProvider = { peerId: samples.samplePeerId(name), address: samples.sampleAddress(name) };
  const signed = await signStatement('quote', { ...samples.sampleQuote, computeProvider, ...changes }, samples.sampleSigner(signer));
  return { type: 'quote', envelope: signed.envelope };
};
const priced = (perHour: bigint): Partial<Quote> => ({
  rateBaseUnitsPerHour: perHour,
  amountBaseUnits: perHour / 60n,
  minimumBaseUnits: 0n,
});

interface AskOptions {
  budgetBaseUnits?: bigint;
  adverts?: () => Promise<never>;
  request?: QuoteRequest;
}

async function ask(agents: FakeAgent[], options: AskOptions = {}): Promise<Preflight> {
  const clock = new VirtualClock(samples.SAMPLE_TIME_MS);
  const network = {
    adverts:
      options.adverts ??
      (() =>
        Promise.all(
          agents.map(({ name, advert }) =>
            signStatement('advert', { ...samples.sampleAdvert, peerId: samples.samplePeerId(name), ...advert }, samples.sampleSigner(name)),
          ),
        )),
    requestQuote: (agent: { peerId: string }, _request: unknown, signal: AbortSignal) =>
      agents.find(({ name }) => samples.samplePeerId(name) === agent.peerId)!.answer(signal, clock),
  } as unknown as Network;
  return preflight(
    { network, clock, escrow: { chainTimeMs: () => Promise.resolve(samples.SAMPLE_TIME_MS) } },
    {
      request: options.request ?? samples.sampleRequest,
      record: samples.sampleRecord,
      budgetBaseUnits: options.budgetBaseUnits ?? 1_000_000n,
      signal: NEVER,
    },
  );
}

const names = (found: Preflight): string[] =>
  found.offers.map(({ agent }) => ['a', 'b', 'c', 'd'].find((name) => samples.samplePeerId(name) === agent.peerId) ?? '?');

describe('pre-flight', () => {
  test('ranks by price, then expected start, then sandbox', async () => {
    const found = await ask([
      { name: 'a', answer: () => quoteOf('a', { ...priced(7_200_000n) }) },
      { name: 'b', answer: () => quoteOf('b', { ...priced(3_600_000n), expectedStartMs: 900 }) },
      { name: 'c', answer: () => quoteOf('c', { ...priced(3_600_000n), expectedStartMs: 100, sandbox: 'limits' }) },
      { name: 'd', answer: () => quoteOf('d', { ...priced(3_600_000n), expectedStartMs: 100, sandbox: 'container' }) },
    ]);
    expect(names(found)).toEqual(['d', 'c', 'b', 'a']);
    expect(found.summary).toBe('4 agents match');
  });

  test('waits three seconds for the rest once somebody offers, and the whole time limit while nobody does', async () => {
    const silent = { name: 'b', answer: () => new Promise<never>(() => {}) };
    const before = performance.now();
    const found = await ask([{ name: 'a', answer: () => quoteOf('a') }, silent]);
    expect(names(found)).toEqual(['a']);
    expect(found.others[0]?.reasons[0]?.message).toBe('no answer while others waited 3 s');
    const alone = await ask([silent]);
    expect(alone.others[0]?.reasons[0]?.message).not.toMatch('others');
    // The clock is virtual: nobody really waits.
    expect(performance.now() - before).toBeLessThan(3_000);
  });

  test('gives back every quote that is not taken, and does not mind an agent that cannot be told', async () => {
    const found = await ask([
      { name: 'a', answer: () => quoteOf('a', priced(3_600_000n)) },
      { name: 'b', answer: () => quoteOf('b', priced(7_200_000n)) },
      { name: 'c', answer: () => quoteOf('c', priced(36_000_000_000n)) },
    ]);
    expect(found.others.map(({ outcome }) => outcome)).toEqual(['over-budget']);
    const told: string[] = [];
    const release = (agent: { peerId: string }): Promise<void> => {
      told.push(agent.peerId);
      return agent.peerId === samples.samplePeerId('b') ? Promise.reject(new Error('gone')) : Promise.resolve();
    };
    await releaseOthers({ network: { release }, clock: new VirtualClock(samples.SAMPLE_TIME_MS) }, found, found.offers[0] ?? null, NEVER);
    expect(told.toSorted()).toEqual(['b', 'c'].map(samples.samplePeerId).toSorted());
  });

  test('gives the agents’ own reasons', async () => {
    const refusal = await signStatement(
      'quote-refusal',
      { ...samples.sampleQuoteRefusal, computeProvider: samples.samplePeerId('b') },
      samples.sampleSigner('b'),
    );
    const found = await ask([
      { name: 'a', answer: () => quoteOf('a') },
      { name: 'b', answer: () => Promise.resolve({ type: 'refusal', envelope: refusal.envelope }) },
      { name: 'c', answer: () => Promise.reject(new NunetError('peer-unreachable', 'Cannot reach c: no answer at its address')) },
    ]);
    expect(found.offers).toHaveLength(1);
    expect(found.others.map(({ outcome }) => outcome)).toEqual(expect.arrayContaining(['refused', 'unreachable']));
    expect(found.summary).toContain('1 agent matches');
    expect(found.summary).toContain('1 refused: The job wants 256 MiB of memory, 128 MiB are free.');
    expect(found.summary).toContain('1 did not answer: Cannot reach c');
  });

  test('says what budget would do when every quote is above it', async () => {
    const found = await ask(
      [
        { name: 'a', answer: () => quoteOf('a') },
        { name: 'b', answer: () => quoteOf('b', priced(7_200_000n)) },
      ],
      { budgetBaseUnits: 1n },
    );
    expect(found.offers).toEqual([]);
    expect(found.others.map(({ outcome }) => outcome)).toEqual(['over-budget', 'over-budget']);
    expect(found.summary).toContain('a budget of 0.06 NTX would do');
  });

  test('says so when nobody is in reach, and passes on that no hub answers', async () => {
    expect((await ask([])).summary).toContain('No agent is in reach');
    const down = (): Promise<never> => Promise.reject(new NunetError('hub-down', 'Cannot ask hub /ip4/...: it does not answer'));
    await expect(ask([], { adverts: down })).rejects.toThrow('Cannot ask hub');
  });

  test('waits for no agent longer than its time, and the others are not held up', async () => {
    const silent = (signal: AbortSignal): Promise<never> =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    const deaf = (): Promise<never> => new Promise(() => undefined);
    const found = await ask([
      { name: 'a', answer: () => quoteOf('a') },
      { name: 'b', answer: silent },
      { name: 'c', answer: deaf },
    ]);
    expect(names(found)).toEqual(['a']);
    expect(found.others.map(({ outcome }) => outcome)).toEqual(['unreachable', 'unreachable']);
  });

  test('does not ask who cannot do it anyway', async () => {
    const mustNotAsk = (): Promise<never> => Promise.reject(new Error('asked'));
    const found = await ask([
      { name: 'a', advert: { kinds: ['container'] }, answer: mustNotAsk },
      { name: 'b', advert: { asset: { policyId: '00'.repeat(28), assetName: '' } }, answer: mustNotAsk },
      { name: 'revoked', answer: mustNotAsk },
      { name: 'd', advert: { expiresAt: samples.SAMPLE_TIME_MS }, answer: mustNotAsk },
    ]);
    expect(found.others.map(({ reasons }) => reasons[0]?.code)).toEqual(expect.arrayContaining(['asset', 'kind', 'peer-revoked']));
  });
});

test('code and GPUs are asked of those alone that have a place for them', async () => {
  const mustNotAsk = (): Promise<never> => Promise.reject(new Error('asked'));
  const { jobId, resources, replay } = samples.sampleContainerRequest;
  const both: Partial<Advert> = { kinds: ['onnx', 'container'] };
  const total = { ...samples.sampleAdvert.total, gpus: 1 };
  const found = await ask(
    [
      { name: 'a', answer: mustNotAsk },
      { name: 'b', advert: { ...both, total: { ...total, gpus: 0 } }, answer: mustNotAsk },
      { name: 'c', advert: { ...both, total }, answer: () => quoteOf('c', { jobId, resources, replay, sandbox: 'namespace' }) },
      { name: 'd', advert: { ...both, total }, answer: () => quoteOf('d', { jobId, resources, replay, sandbox: 'container' }) },
    ],
    { request: samples.sampleContainerRequest },
  );
  expect(names(found)).toEqual(['d']);
  const codes = found.others.flatMap(({ reasons }) => reasons.map(({ code }) => code));
  expect(codes.sort()).toEqual(['gpus', 'gpus', 'kind', 'quote-sandbox']);
});

describe('cannot be fooled by a quote', () => {
  test.each<[string, () => Promise<Answer>, string]>([
    ['that another agent signed', () => quoteOf('a', {}, 'b'), 'signature-invalid'],
    ['of another agent, passed on', () => quoteOf('b'), 'quote-peer'],
    ['for another job', () => quoteOf('a', { jobId: samples.sampleSpec.inputs[0]!.cid }), 'quote-changed'],
    ['that is no quote', () => Promise.resolve({ type: 'quote', envelope: Uint8Array.of(1, 2, 3) }), 'bytes-invalid'],
  ])('%s', async (_, answer, code) => {
    const found = await ask([{ name: 'a', answer }]);
    expect(found.offers).toEqual([]);
    expect(found.others[0]?.outcome).toBe('invalid');
    expect(found.others[0]?.reasons[0]?.code).toBe(code);
  });
});
