// Both sides of an exchange over in-memory streams: the honest way, and what a hostile peer can and cannot do.
import { streamPair } from '@libp2p/utils';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { encode } from './encoding.ts';
import { NunetError } from './errors.ts';
import { answerStream, ask, askMany, PeerFailure, type Answerer, type AnswerOf } from './exchange.ts';
import { FramedStream, frameOf, type ByteStream } from './frames.ts';
import { samplePeerId, sampleSpec } from './samples.ts';
import { jobIdOf } from './job-spec.ts';
import { PROTOCOLS, type ProtocolName } from './wire.ts';

const jobId = jobIdOf(sampleSpec);
const soon = (): AbortSignal => AbortSignal.timeout(5_000);
const options = { signal: new AbortController().signal, closeSignal: soon };
const fromStart = { jobId, fromEvent: 0, fromLog: 0 };

let outbound: ByteStream;
let inbound: ByteStream;
let failures: unknown[];

beforeEach(async () => {
  [outbound, inbound] = await streamPair();
  failures = [];
});

function answering<Name extends ProtocolName>(name: Name, answerer: Answerer<Name>, requestSignal = soon()): Promise<void> {
  return answerStream(inbound, name, answerer, {
    peerId: samplePeerId('service provider'),
    requestSignal,
    signal: new AbortController().signal,
    closeSignal: () => AbortSignal.timeout(500),
    onFailure: (error) => failures.push(error),
  });
}

const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'nothing thrown',
    (error: unknown) =>
      error instanceof PeerFailure ? `peer: ${error.peerCode}` : error instanceof NunetError ? error.code : String(error),
  );

const log = (offset: number, line = `line ${offset}`): AnswerOf<'follow'> => ({ type: 'log', offset, line });

describe('an exchange', () => {
  test('is one request and one answer, and closes both ends', async () => {
    const served = answering('answer', async (message, caller) => {
      expect(message).toEqual({ jobId, kind: 'ack', envelope: Uint8Array.of(1, 2) });
      expect(caller.peerId).toBe(samplePeerId('service provider'));
      return { type: 'noted' };
    });
    const answer = await ask(outbound, 'answer', { jobId, kind: 'ack', envelope: Uint8Array.of(1, 2) }, options);
    expect(answer).toEqual({ type: 'noted' });
    await served;
    expect(failures).toEqual([]);
    await vi.waitFor(() => expect([inbound.status, outbound.status]).toEqual(['closed', 'closed']));
  });

  test('may have many answers, in order, until the answerer ends', async () => {
    const served = answering('follow', async function* () {
      for (let offset = 0; offset < 1_000; offset++) yield log(offset);
      yield { type: 'end' };
    });
    const offsets: number[] = [];
    for await (const event of askMany(outbound, 'follow', fromStart, options)) if (event.type === 'log') offsets.push(event.offset);
    expect(offsets).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
    await served;
    await vi.waitFor(() => expect([inbound.status, outbound.status]).toEqual(['closed', 'closed']));
  });

  test('tells the code and message of our own errors', async () => {
    void answering('answer', async () => {
      throw new NunetError('job-unknown', 'Cannot note the answer: no such job here');
    });
    const asked = ask(outbound, 'answer', { jobId, kind: 'ack', envelope: new Uint8Array(1) }, options);
    await expect(asked).rejects.toThrow('no such job here');
    await expect(asked).rejects.toMatchObject({ code: 'peer-failure', peerCode: 'job-unknown' });
  });

  test('cannot tell a stranger what an unexpected error says', async () => {
    void answering('answer', async () => {
      throw new Error('ENOENT: /home/somebody/wallet.key');
    });
    const asked = ask(outbound, 'answer', { jobId, kind: 'ack', envelope: new Uint8Array(1) }, options);
    await expect(asked).rejects.toMatchObject({ peerCode: 'internal', message: expect.not.stringContaining('wallet.key') as string });
    expect(String(failures[0])).toContain('wallet.key');
  });

  test('an error in the middle of many answers comes after those already sent', async () => {
    void answering('follow', async function* () {
      yield log(0);
      yield log(1);
      throw new NunetError('log-lost', 'Cannot read the log');
    });
    const seen: number[] = [];
    const all = (async () => {
      for await (const event of askMany(outbound, 'follow', fromStart, options)) if (event.type === 'log') seen.push(event.offset);
    })();
    expect(await codeOf(all)).toBe('peer: log-lost');
    expect(seen).toEqual([0, 1]);
  });

  test('ends for the answerer when the caller leaves', async () => {
    const left = Promise.withResolvers<unknown>();
    const served = answering('follow', async function* (_, { signal }) {
      yield log(0);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      left.resolve((signal.reason as NunetError).code);
    });
    for await (const event of askMany(outbound, 'follow', fromStart, options)) {
      expect(event.type).toBe('log');
      break;
    }
    expect(await left.promise).toBe('stream-closed');
    await served;
    expect(failures).toEqual([]);
  });

  test('the caller’s signal ends the wait at once', async () => {
    void answering('answer', () => new Promise(() => undefined));
    const leaving = new AbortController();
    const asked = ask(outbound, 'answer', { jobId, kind: 'ack', envelope: new Uint8Array(1) }, { ...options, signal: leaving.signal });
    leaving.abort(new NunetError('cancelled', 'The user changed their mind'));
    expect(await codeOf(asked)).toBe('cancelled');
    expect(outbound.status).toBe('aborted');
  });
});

describe('a hostile caller', () => {
  const neverAsked: Answerer<'answer'> = () => {
    throw new Error('the answerer must not be reached');
  };
  const answerTo = async (bytes: Uint8Array): Promise<string> => {
    const served = answering('answer', neverAsked, AbortSignal.timeout(300));
    const framed = new FramedStream(outbound);
    outbound.send(bytes);
    const frame = await framed.read(2_000, soon());
    await framed.close(soon());
    await served;
    if (frame === undefined) return 'closed';
    return new TextDecoder().decode(frame);
  };

  test('cannot have a frame above the limit kept: its length is enough to be refused', async () => {
    // 128 MiB announced, nothing of it sent.
    expect(await answerTo(Uint8Array.of(0x80, 0x80, 0x80, 0x40))).toContain('frame-too-large');
  });

  test('cannot hold the stream by sending a request slowly', async () => {
    const whole = frameOf(encode({ jobId, kind: 'ack', envelope: new Uint8Array(100) }));
    const started = performance.now();
    expect(await answerTo(whole.subarray(0, 20))).toContain('request-timeout');
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test('cannot hold the stream by sending nothing and never closing', async () => {
    const served = answering('answer', neverAsked, AbortSignal.timeout(50));
    await served;
    expect(inbound.status).toBe('aborted');
  });

  test('cannot reach the answerer with random bytes, nor crash it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        [outbound, inbound] = await streamPair();
        const served = answering('answer', neverAsked, soon());
        outbound.send(bytes);
        await outbound.close();
        await served;
        expect(failures.map(String).join()).not.toContain('must not be reached');
      }),
      { numRuns: 40 },
    );
  });

  test('cannot add fields, or use another encoding of the same message', async () => {
    expect(await answerTo(frameOf(encode({ jobId, kind: 'ack', envelope: new Uint8Array(1), admin: true })))).toContain('message-invalid');
    [outbound, inbound] = await streamPair();
    const canonical = encode({ jobId, kind: 'ack', envelope: new Uint8Array(1) });
    // The same map with one more byte after it.
    expect(await answerTo(frameOf(Uint8Array.from([...canonical, 0])))).toContain('bytes-invalid');
  });

  test('cannot take credit for more than was sent', async () => {
    const served = answering('follow', async function* () {
      for (let offset = 0; ; offset++) yield log(offset, 'x'.repeat(1_000));
    });
    const framed = new FramedStream(outbound);
    await framed.write(encode(fromStart), soon());
    await framed.write(encode({ takenBytes: 2 ** 40 }), soon());
    let last = '';
    for (let frame = await framed.read(2_000, soon()); frame !== undefined; frame = await framed.read(2_000, soon())) {
      last = new TextDecoder().decode(frame);
    }
    expect(last).toContain('credit-invalid');
    await framed.close(soon());
    await served;
  });

  test('cannot make a source run ahead by not reading: at most the window is produced', async () => {
    let produced = 0;
    const served = answering('follow', async function* () {
      for (let offset = 0; ; offset++) {
        produced += 1;
        yield log(offset, 'x'.repeat(1_000));
      }
    });
    const events = askMany(outbound, 'follow', fromStart, options);
    await events.next();
    // Wait until the source has stood still for a while.
    let before = -1;
    while (before !== produced) {
      before = produced;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(produced * 1_000).toBeLessThan(PROTOCOLS.follow.windowBytes + 2_000);
    await events.return();
    await served;
  });
});

describe('a hostile answerer', () => {
  test('cannot make the caller keep an answer above the limit', async () => {
    const asked = ask(outbound, 'answer', { jobId, kind: 'ack', envelope: new Uint8Array(1) }, options);
    inbound.send(Uint8Array.of(0x80, 0x80, 0x80, 0x40));
    expect(await codeOf(asked)).toBe('frame-too-large');
    expect(outbound.status).toBe('aborted');
  });

  test('cannot have another answer than the protocol’s accepted', async () => {
    const asked = ask(outbound, 'answer', { jobId, kind: 'ack', envelope: new Uint8Array(1) }, options);
    inbound.send(frameOf(encode({ type: 'accepted' })));
    expect(await codeOf(asked)).toBe('message-invalid');
  });

  test('cannot imitate one of our own errors', async () => {
    const asked = ask(outbound, 'answer', { jobId, kind: 'ack', envelope: new Uint8Array(1) }, options);
    inbound.send(frameOf(encode({ type: 'error', code: 'funds-missing', message: 'Send more' })));
    await expect(asked).rejects.toMatchObject({ code: 'peer-failure', peerCode: 'funds-missing' });
  });

  test('ending without an answer is named', async () => {
    const asked = ask(outbound, 'answer', { jobId, kind: 'ack', envelope: new Uint8Array(1) }, options);
    await inbound.close();
    expect(await codeOf(asked)).toBe('answer-missing');
  });

  test('a reset is named', async () => {
    const asked = ask(outbound, 'answer', { jobId, kind: 'ack', envelope: new Uint8Array(1) }, options);
    inbound.abort(new Error('gone'));
    expect(await codeOf(asked)).toBe('stream-closed');
  });
});
