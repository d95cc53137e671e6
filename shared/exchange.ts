// One request and its answers over one stream, both sides. Sizes are judged before memory is taken; every failure ends the stream.
import type { z } from 'zod';
import { readBlockAnswer } from './block-answer.ts';
import { decode, encode } from './encoding.ts';
import { NunetError, safeError } from './errors.ts';
import { FramedStream, type ByteStream } from './frames.ts';
import { credit, MAX_CREDIT_BYTES, PROTOCOLS, type ProtocolName, type RequestOf, type ResponseOf } from './wire.ts';

type Failure = { type: 'error'; code: string; message: string };
/** A response that is not a failure; failures are thrown as `PeerFailure`. */
export type AnswerOf<Name extends ProtocolName> = Exclude<ResponseOf<Name>, Failure>;

/** "I cannot", said by the other side. Its code is kept apart from ours: a stranger must not be able to imitate one of our errors. */
export class PeerFailure extends NunetError<'peer-failure'> {
  readonly peerCode: string;
  constructor(name: ProtocolName, answer: { code: string; message: string }) {
    super('peer-failure', `The peer could not answer ${name}: ${answer.message} (${answer.code})`);
    this.peerCode = answer.code;
  }
}

/** Who asks, and until when an answer is of use: the signal aborts when the stream is gone. */
export interface Caller {
  readonly peerId: string;
  readonly signal: AbortSignal;
}

/** One answer, or many in order. Thrown errors reach the peer as code and safe message. */
export type Answerer<Name extends ProtocolName> = (
  request: RequestOf<Name>,
  caller: Caller,
) => Promise<AnswerOf<Name>> | AsyncIterable<AnswerOf<Name>>;

interface Protocol {
  request: z.ZodType;
  response: z.ZodType;
  maxRequestBytes: number;
  maxResponseBytes: number;
  windowBytes?: number;
}

function encodeWithin(value: unknown, name: string, maxBytes: number): Uint8Array {
  const bytes = encode(value);
  if (bytes.length > maxBytes)
    throw new NunetError('message-too-large', `Cannot send ${name}: ${bytes.length} bytes, at most ${maxBytes} are allowed`);
  return bytes;
}

/** `signal` bounds the whole exchange, `closeSignal` the farewell, which nobody waits for. */
export interface AskOptions {
  signal: AbortSignal;
  closeSignal: () => AbortSignal;
}

/** Asks and gives the answers as they come. Leaving the loop early resets the stream. Throws `PeerFailure`, or as `decode` and `FramedStream` do. */
export async function* askMany<Name extends ProtocolName>(
  stream: ByteStream,
  name: Name,
  request: RequestOf<Name>,
  options: AskOptions,
): AsyncGenerator<AnswerOf<Name>, void, undefined> {
  const protocol: Protocol = PROTOCOLS[name];
  const { signal } = options;
  const framed = new FramedStream(stream);
  let finished = false;
  try {
    await framed.write(encodeWithin(request, `${name} request`, protocol.maxRequestBytes), signal);
    let takenBytes = 0;
    let toldBytes = 0;
    for (;;) {
      const bytes = await framed.read(protocol.maxResponseBytes, signal);
      if (bytes === undefined) break;
      yield readAnswer(name, bytes);
      takenBytes += bytes.length;
      if (protocol.windowBytes !== undefined && takenBytes - toldBytes >= protocol.windowBytes / 4) {
        toldBytes = takenBytes;
        await framed.write(encode({ takenBytes }), signal);
      }
    }
    finished = true;
  } finally {
    if (finished) void framed.close(options.closeSignal());
    else framed.abort(new Error(`${name} exchange ended early`));
  }
}

/** Asks for exactly one answer. Throws `answer-missing` when the other side ends without one. */
export async function ask<Name extends ProtocolName>(
  stream: ByteStream,
  name: Name,
  request: RequestOf<Name>,
  options: AskOptions,
): Promise<AnswerOf<Name>> {
  const protocol: Protocol = PROTOCOLS[name];
  const framed = new FramedStream(stream);
  try {
    await framed.write(encodeWithin(request, `${name} request`, protocol.maxRequestBytes), options.signal);
    const bytes = await framed.read(protocol.maxResponseBytes, options.signal);
    if (bytes === undefined) {
      throw new NunetError('answer-missing', `Cannot use the answer to ${name}: the peer closed the stream without one`);
    }
    const answer = readAnswer(name, bytes);
    void framed.close(options.closeSignal());
    return answer;
  } catch (error) {
    framed.abort(error);
    throw error;
  }
}

function readAnswer<Name extends ProtocolName>(name: Name, bytes: Uint8Array): AnswerOf<Name> {
  const protocol: Protocol = PROTOCOLS[name];
  const block = name === 'blocks' ? readBlockAnswer(bytes) : null;
  if (block !== null) return block as AnswerOf<Name>;
  const answer = decode(protocol.response, bytes, { name: `${name} answer`, maxBytes: protocol.maxResponseBytes }) as ResponseOf<Name>;
  if (answer.type === 'error') throw new PeerFailure(name, answer);
  return answer as AnswerOf<Name>;
}

/**
 * Answers one incoming stream. `requestSignal` bounds the arrival of the request, `signal` the whole exchange, `closeSignal`
 * the farewell. Never throws: it reports what went wrong to `onFailure` and tells the peer the safe part of it.
 */
export async function answerStream<Name extends ProtocolName>(
  stream: ByteStream,
  name: Name,
  answerer: Answerer<Name>,
  options: {
    peerId: string;
    requestSignal: AbortSignal;
    signal: AbortSignal;
    closeSignal: () => AbortSignal;
    onFailure?: (error: unknown) => void;
  },
): Promise<void> {
  const protocol: Protocol = PROTOCOLS[name];
  const framed = new FramedStream(stream);
  const signal = AbortSignal.any([options.signal, framed.gone]);
  try {
    const bytes = await framed.read(protocol.maxRequestBytes, AbortSignal.any([options.requestSignal, signal])).catch((error: unknown) => {
      if (!options.requestSignal.aborted || signal.aborted) throw error;
      throw new NunetError('request-timeout', `Cannot answer ${name}: the request did not arrive whole in time`, { cause: error });
    });
    if (bytes === undefined) throw new NunetError('request-missing', `Cannot answer ${name}: the stream ended without a request`);
    const request = decode(protocol.request, bytes, { name: `${name} request`, maxBytes: protocol.maxRequestBytes }) as RequestOf<Name>;
    const answers = answerer(request, { peerId: options.peerId, signal });
    if (Symbol.asyncIterator in answers) await sendAll(framed, name, protocol, answers, signal);
    else await send(framed, name, protocol, await orAborted(answers, signal), signal);
  } catch (error) {
    // A caller that leaves is no failure.
    if (!framed.gone.aborted) {
      options.onFailure?.(error);
      const { code, message } = safeError(error);
      // The peer may be the slow or hostile one: tell it once, do not wait for it beyond the farewell.
      await framed.write(encode({ type: 'error', code, message: message.slice(0, 500) }), options.closeSignal()).catch(() => undefined);
    }
  }
  await framed.close(options.closeSignal());
}

/** Turns one incoming stream away without reading it, with a reason that an honest caller can act on. */
export async function refuseStream(stream: ByteStream, reason: NunetError, closeSignal: AbortSignal): Promise<void> {
  const framed = new FramedStream(stream);
  await framed.write(encode({ type: 'error', ...safeError(reason) }), closeSignal).catch(() => undefined);
  await framed.close(closeSignal);
}

/** Sends one answer and the whole of its size limit is enforced on our side too. */
async function send(framed: FramedStream, name: string, protocol: Protocol, answer: unknown, signal: AbortSignal): Promise<number> {
  const bytes = encodeWithin(answer, `${name} answer`, protocol.maxResponseBytes);
  await framed.write(bytes, signal, { gather: true });
  return bytes.length;
}

/** Takes the next answer only when the receiver has room, so that a slow receiver costs the source nothing. */
async function sendAll(
  framed: FramedStream,
  name: string,
  protocol: Protocol,
  answers: AsyncIterable<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const iterator = answers[Symbol.asyncIterator]();
  let sentBytes = 0;
  let takenBytes = 0;
  try {
    for (;;) {
      while (protocol.windowBytes !== undefined && sentBytes - takenBytes >= protocol.windowBytes) {
        framed.flush();
        const bytes = await framed.read(MAX_CREDIT_BYTES, signal);
        if (bytes === undefined) throw new NunetError('credit-missing', `Cannot go on with ${name}: the receiver stopped giving credit`);
        takenBytes = decode(credit, bytes, { name: 'credit', maxBytes: MAX_CREDIT_BYTES }).takenBytes;
        // Bytes that were never sent cannot have been taken: such a claim would lift the bound.
        if (takenBytes > sentBytes) throw new NunetError('credit-invalid', `Cannot go on with ${name}: credit for more than was sent`);
      }
      const next = await orAborted(iterator.next(), signal);
      if (next.done === true) return;
      sentBytes += await send(framed, name, protocol, next.value, signal);
    }
  } finally {
    // Not awaited: a source that ignores its signal must not keep the stream open.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

/** The promise, or the signal's reason if that comes first. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const failed = (): void => reject(signal.reason as Error);
    if (signal.aborted) failed();
    signal.addEventListener('abort', failed, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', failed));
  });
}
