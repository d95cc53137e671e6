// Protocols over real transports on loopback: both ends of each, and what a peer cannot do to them.
import { cidOf, encode } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { PeerFailure } from '@nunet/shared/exchange.ts';
import { FramedStream } from '@nunet/shared/frames.ts';
import { jobIdOf } from '@nunet/shared/job-spec.ts';
import {
  sampleAnswers,
  sampleLock,
  sampleLockRefusal,
  sampleQuote,
  sampleQuoteRefusal,
  sampleRequest,
  sampleSigner,
  sampleSpec,
} from '@nunet/shared/samples.ts';
import { signStatement } from '@nunet/shared/signature.ts';
import { PROTOCOLS } from '@nunet/shared/wire.ts';
import { multiaddr } from '@multiformats/multiaddr';
import { describe, expect, test, vi } from 'vitest';
import { sendAnswer, serveAnswers } from './answer.ts';
import { addressOf, dialingNode, loopbackNode, sampleKey, TRANSPORTS } from './loopback-nodes.ts';
import { request } from '@nunet/shared/peer-client.ts';
import { serve } from './protocol.ts';
import { requestQuote, serveQuotes } from './quote.ts';
import { requestRun, serveRun } from './run.ts';

const signal = new AbortController().signal;
const agentPeerId = sampleKey('agent').peerId;
const agentSigner = sampleSigner('agent');
const asAgent = { computeProviderPeerId: agentPeerId, signal };
const jobId = jobIdOf(sampleSpec);

describe.each(TRANSPORTS)('over %s', (transport) => {
  test('a quote and a refusal arrive signed by the agent, and name the caller truly', async () => {
    const agent = await loopbackNode('agent');
    const serviceProvider = await dialingNode('service provider');
    const callers: string[] = [];
    let refuse = false;
    await serveQuotes(agent, async (message, caller) => {
      expect(message).toEqual(sampleRequest);
      callers.push(caller.peerId);
      if (refuse) return { type: 'refusal', envelope: (await signStatement('quote-refusal', sampleQuoteRefusal, agentSigner)).envelope };
      return { type: 'quote', envelope: (await signStatement('quote', sampleQuote, agentSigner)).envelope };
    });
    const target = addressOf(agent, transport);
    expect(await requestQuote(serviceProvider, target, sampleRequest, asAgent)).toMatchObject({
      type: 'quote',
      quote: { body: sampleQuote },
    });
    refuse = true;
    expect(await requestQuote(serviceProvider, agentPeerId, sampleRequest, asAgent)).toMatchObject({
      type: 'refusal',
      refusal: { body: { reasons: sampleQuoteRefusal.reasons } },
    });
    expect(callers).toEqual([serviceProvider.peerId, serviceProvider.peerId]);
  });

  test('a locked job is accepted, or refused by a signed statement that names the lock', async () => {
    const agent = await loopbackNode('agent');
    const serviceProvider = await dialingNode('service provider');
    const quote = await signStatement('quote', sampleQuote, agentSigner);
    let refuse = false;
    await serveRun(agent, async (message) => {
      expect(message).toEqual({ spec: sampleSpec, quote: quote.envelope, lock: sampleLock });
      if (!refuse) return { type: 'accepted' };
      return { type: 'refusal', envelope: (await signStatement('lock-refusal', sampleLockRefusal(quote.cid), agentSigner)).envelope };
    });
    const target = addressOf(agent, transport);
    const message = { spec: sampleSpec, quote: quote.envelope, lock: sampleLock };
    expect(await requestRun(serviceProvider, target, message, asAgent)).toEqual({ type: 'accepted' });
    refuse = true;
    expect(await requestRun(serviceProvider, target, message, asAgent)).toMatchObject({
      type: 'refusal',
      refusal: { body: { lock: sampleLock } },
    });
  });

  test('an answer is noted, and an error of the agent reaches the caller as its code and message', async () => {
    const agent = await loopbackNode('agent');
    const serviceProvider = await dialingNode('service provider');
    const ack = await signStatement('ack', sampleAnswers(cidOf(encode('manifest'))).ack, sampleSigner('job key'));
    const noted: unknown[] = [];
    await serveAnswers(agent, async (answer) => {
      if (answer.kind !== 'ack') throw new NunetError('job-unknown', 'Cannot note the answer: no such job here');
      noted.push(answer);
    });
    const target = addressOf(agent, transport);
    await sendAnswer(serviceProvider, target, { jobId, kind: 'ack', envelope: ack.envelope }, signal);
    expect(noted).toEqual([{ jobId, kind: 'ack', envelope: ack.envelope }]);
    const wrong = sendAnswer(serviceProvider, target, { jobId, kind: 'cancel', envelope: ack.envelope }, signal);
    await expect(wrong).rejects.toMatchObject({ code: 'peer-failure', peerCode: 'job-unknown' });
  });
});

describe('an agent that lies', () => {
  test('cannot have a quote accepted that another key signed, or that is for another job', async () => {
    const agent = await loopbackNode('agent');
    const serviceProvider = await dialingNode('service provider');
    let envelope = (await signStatement('quote', sampleQuote, sampleSigner('other agent'))).envelope;
    await serveQuotes(agent, async () => ({ type: 'quote', envelope }));
    const target = addressOf(agent, 'tcp');
    await expect(requestQuote(serviceProvider, target, sampleRequest, asAgent)).rejects.toMatchObject({ code: 'signature-invalid' });
    envelope = (await signStatement('quote', { ...sampleQuote, jobId: cidOf(encode('other job')) }, agentSigner)).envelope;
    await expect(requestQuote(serviceProvider, target, sampleRequest, asAgent)).rejects.toMatchObject({ code: 'answer-mismatch' });
    const otherName = { ...sampleQuote.computeProvider, peerId: sampleKey('other agent').peerId };
    envelope = (await signStatement('quote', { ...sampleQuote, computeProvider: otherName }, agentSigner)).envelope;
    await expect(requestQuote(serviceProvider, target, sampleRequest, asAgent)).rejects.toMatchObject({ code: 'answer-mismatch' });
    envelope = (await signStatement('quote', sampleQuote, agentSigner)).envelope;
    expect((await requestQuote(serviceProvider, target, sampleRequest, asAgent)).type).toBe('quote');
  });

  test('cannot refuse one lock with the refusal of another', async () => {
    const agent = await loopbackNode('agent');
    const serviceProvider = await dialingNode('service provider');
    const quote = await signStatement('quote', sampleQuote, agentSigner);
    const other = { ...sampleLockRefusal(quote.cid), lock: { ...sampleLock, index: 7 } };
    await serveRun(agent, async () => ({ type: 'refusal', envelope: (await signStatement('lock-refusal', other, agentSigner)).envelope }));
    const message = { spec: sampleSpec, quote: quote.envelope, lock: sampleLock };
    await expect(requestRun(serviceProvider, addressOf(agent, 'tcp'), message, asAgent)).rejects.toMatchObject({ code: 'answer-mismatch' });
  });

  test('cannot stand in for another peer at its address', async () => {
    const impostor = await loopbackNode('other agent');
    const serviceProvider = await dialingNode('service provider');
    await serveQuotes(impostor, () => Promise.reject(new Error('must not be asked')));
    const [, , host, , port] = addressOf(impostor, 'tcp').split('/');
    const addresses = [`/ip4/${host}/tcp/${port}`, addressOf(impostor, 'webrtc-direct')];
    const asked = requestQuote(serviceProvider, { peerId: agentPeerId, addresses }, sampleRequest, asAgent);
    await expect(asked).rejects.toMatchObject({ code: 'peer-unreachable' });
  });
});

describe('a caller that misbehaves', () => {
  test('cannot keep more exchanges open than it may, over however many connections', async () => {
    const agent = await loopbackNode('agent');
    const serviceProvider = await dialingNode('service provider');
    let open = 0;
    let most = 0;
    await serve(
      agent,
      'quote',
      async (_, caller) => {
        open += 1;
        most = Math.max(most, open);
        await new Promise((resolve) => caller.signal.addEventListener('abort', resolve, { once: true }));
        open -= 1;
        throw new NunetError('late', 'Too late');
      },
      { limit: { maxOpenAPeer: 3, maxOpen: 100, burst: 100, perSecond: 100 } },
    );
    const address = multiaddr(addressOf(agent, 'tcp'));
    await serviceProvider.libp2p.dial(address);
    await serviceProvider.libp2p.dial(address, { force: true });
    const leaving = new AbortController();
    const asked = Array.from({ length: 10 }, () => request(serviceProvider, agentPeerId, 'quote', sampleRequest, leaving.signal));
    const settled = Promise.allSettled(asked);
    await vi.waitFor(() => expect(most).toBe(3));
    leaving.abort();
    await settled;
    await vi.waitFor(() => expect(open).toBe(0));
    expect(most).toBe(3);
    // Its places are free again, and another peer was never affected.
    const last = new AbortController();
    const again = request(serviceProvider, agentPeerId, 'quote', sampleRequest, last.signal).catch(() => undefined);
    await vi.waitFor(() => expect(open).toBe(1));
    last.abort();
    await again;
  });

  test('cannot ask faster than its rate', async () => {
    const agent = await loopbackNode('agent');
    const serviceProvider = await dialingNode('service provider');
    let answered = 0;
    await serve(
      agent,
      'answer',
      async () => {
        answered += 1;
        return { type: 'noted' };
      },
      { limit: { maxOpenAPeer: 8, maxOpen: 8, burst: 5, perSecond: 0.001 } },
    );
    const target = addressOf(agent, 'tcp');
    const message = { jobId, kind: 'ack' as const, envelope: new Uint8Array(1) };
    const results: string[] = [];
    for (let turn = 0; turn < 8; turn++) {
      results.push(
        await request(serviceProvider, target, 'answer', message, signal).then(
          (answer) => answer.type,
          (error: PeerFailure) => error.peerCode,
        ),
      );
    }
    expect(results.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'noted'));
    expect(results.slice(5)).toEqual(['too-fast', 'too-fast', 'too-fast']);
    expect(answered).toBe(5);
  });

  test.each(TRANSPORTS)('cannot hold a stream open by sending its request slowly (%s)', async (transport) => {
    const agent = await loopbackNode('agent');
    const serviceProvider = await dialingNode('service provider');
    const failures: unknown[] = [];
    await serve(agent, 'quote', () => Promise.reject(new Error('must not be asked')), {
      requestTimeoutMs: 200,
      onFailure: (error) => failures.push(error),
    });
    const stream = await serviceProvider.libp2p.dialProtocol(multiaddr(addressOf(agent, transport)), PROTOCOLS.quote.id);
    stream.send(Uint8Array.of(0x80, 0x02, 1, 2, 3));
    const frame = await new FramedStream(stream).read(2_000, AbortSignal.timeout(5_000));
    expect(new TextDecoder().decode(frame)).toContain('request-timeout');
    expect(failures).toMatchObject([{ code: 'request-timeout' }]);
    stream.abort(new Error('enough'));
  });

  test.each(TRANSPORTS)('cannot send what is not a request (%s)', async (transport) => {
    const agent = await loopbackNode('agent');
    const serviceProvider = await dialingNode('service provider');
    await serve(agent, 'quote', () => Promise.reject(new Error('must not be asked')));
    const answerTo = async (bytes: Uint8Array): Promise<string> => {
      const stream = await serviceProvider.libp2p.dialProtocol(multiaddr(addressOf(agent, transport)), PROTOCOLS.quote.id);
      stream.send(bytes);
      const frame = await new FramedStream(stream).read(2_000, AbortSignal.timeout(5_000));
      stream.abort(new Error('enough'));
      return new TextDecoder().decode(frame);
    };
    expect(await answerTo(Uint8Array.of(0xff, 0xff, 0xff, 0x7f))).toContain('frame-too-large');
    expect(await answerTo(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff))).toContain('frame-invalid');
    expect(await answerTo(Uint8Array.of(3, 1, 2, 3))).toContain('bytes-invalid');
    // The node lives on.
    await expect(
      request(serviceProvider, agentPeerId, 'answer', { jobId, kind: 'ack', envelope: new Uint8Array(1) }, signal),
    ).rejects.toMatchObject({
      code: 'protocol-unsupported',
    });
  });
});

test('a peer that is not there, or was never heard of, ends in a plain message', async () => {
  const serviceProvider = await dialingNode('service provider');
  const nobody = `/ip4/127.0.0.1/tcp/1/p2p/${agentPeerId}`;
  await expect(request(serviceProvider, nobody, 'quote', sampleRequest, signal)).rejects.toMatchObject({
    code: 'peer-unreachable',
    message: expect.stringContaining('check that it runs') as string,
  });
  await expect(request(serviceProvider, agentPeerId, 'quote', sampleRequest, signal)).rejects.toMatchObject({ code: 'peer-unreachable' });
});
