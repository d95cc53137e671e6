// Asking peers: a request and its answers over streams that somebody else opens, a libp2p node or the browser's network frame.
import { NunetError } from './errors.ts';
import { ask, askMany, type AnswerOf } from './exchange.ts';
import type { ByteStream } from './frames.ts';
import { PROTOCOLS, type ProtocolName, type RequestOf } from './wire.ts';

/** A peer id (12D3Koo..., already known or connected), a multiaddr, or a peer with the addresses it may have; `isOwn`: a machine of the person's own, which may stand in the same house. */
export type Target = string | { peerId: string; addresses: readonly string[]; isOwn?: boolean };

/** Opens streams to peers. */
export interface Dialer {
  /** A stream of the protocol to the target; `force` dials anew even when a connection is open. Throws `peer-unreachable`, `protocol-unsupported` or the signal's reason. */
  open(target: Target, name: ProtocolName, signal: AbortSignal, force: boolean): Promise<ByteStream>;
}

const CLOSE_TIMEOUT_MS = 5_000;

/** A timeout of ours gets a name; the caller's own abort stays what it was. */
function named(error: unknown, name: ProtocolName, deadline: AbortSignal, signal: AbortSignal): unknown {
  if (!signal.aborted && deadline.aborted) {
    return new NunetError('peer-timeout', `Cannot wait longer for ${name}: no whole answer within ${PROTOCOLS[name].timeoutMs} ms`, {
      cause: error,
    });
  }
  return error;
}

const NEVER = new AbortController().signal;
const deadlineOf = (name: ProtocolName): AbortSignal =>
  PROTOCOLS[name].timeoutMs > 0 ? AbortSignal.timeout(PROTOCOLS[name].timeoutMs) : NEVER;
const closeSignal = (): AbortSignal => AbortSignal.timeout(CLOSE_TIMEOUT_MS);

/** The peer that a target names, for messages. */
export const peerOf = (target: Target): string => (typeof target === 'string' ? target : target.peerId);

/** One request, one answer. Throws `peer-unreachable`, `protocol-unsupported`, `peer-timeout`, `peer-failure`, `stream-closed`, or as `decode`. */
export async function request<Name extends ProtocolName>(
  dialer: Dialer,
  target: Target,
  name: Name,
  message: RequestOf<Name>,
  signal: AbortSignal,
): Promise<AnswerOf<Name>> {
  const deadline = deadlineOf(name);
  const both = AbortSignal.any([signal, deadline]);
  try {
    const stream = await dialer.open(target, name, both, false);
    return await ask(stream, name, message, { signal: both, closeSignal });
  } catch (error) {
    throw named(error, name, deadline, signal);
  }
}

/** One request, many answers, read at the caller's pace; leaving the loop ends the exchange. Throws as `request`. */
export async function* requestMany<Name extends ProtocolName>(
  dialer: Dialer,
  target: Target,
  name: Name,
  message: RequestOf<Name>,
  signal: AbortSignal,
  options: { force?: boolean } = {},
): AsyncGenerator<AnswerOf<Name>, void, undefined> {
  const deadline = deadlineOf(name);
  const both = AbortSignal.any([signal, deadline]);
  try {
    const stream = await dialer.open(target, name, both, options.force ?? false);
    yield* askMany(stream, name, message, { signal: both, closeSignal });
  } catch (error) {
    throw named(error, name, deadline, signal);
  }
}

/** Events of one job in order until it has ended. Throws `stream-closed` when the stream is lost before: ask again with the next offsets. Throws as `requestMany`. */
export async function* follow(
  dialer: Dialer,
  target: Target,
  from: RequestOf<'follow'>,
  signal: AbortSignal,
): AsyncGenerator<AnswerOf<'follow'>, void, undefined> {
  for await (const event of requestMany(dialer, target, 'follow', from, signal)) {
    yield event;
    if (event.type === 'end') return;
  }
  // A WebRTC stream whose connection broke ends like one that was closed in good order; only `end` tells the two apart.
  throw new NunetError('stream-closed', 'Cannot follow on: the stream ended before the job did; ask again from the next offsets');
}
