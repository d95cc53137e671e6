// "Who is there?", asked of hubs: one, or all of them at once.
import type { Advert } from './advert.ts';
import { AdvertBook } from './advert-book.ts';
import { NunetError } from './errors.ts';
import type { Network } from './fields.ts';
import { request, type Dialer } from './peer-client.ts';
import type { Signed } from './signature.ts';

export interface FetchAdverts {
  network: Network;
  now: () => number;
  isRevoked?: (peerId: string) => boolean;
  /** That agent's alone. */
  of?: string;
  signal: AbortSignal;
}

/** Asks one hub; only adverts that are valid now are given. Throws `hub-down` with a plain message. */
export async function fetchAdverts(dialer: Dialer, hub: string, options: FetchAdverts): Promise<Signed<Advert>[]> {
  try {
    const answer = await request(dialer, hub, 'adverts', requestOf(options), options.signal);
    const book = new AdvertBook(options);
    for (const envelope of answer.adverts) book.offer(envelope);
    return book.current();
  } catch (cause) {
    options.signal.throwIfAborted();
    const why = cause instanceof NunetError ? cause.message : 'it does not answer';
    throw new NunetError('hub-down', `Cannot ask hub ${hub} for agents: ${why}. Try another hub, or again later.`, { cause });
  }
}

const requestOf = ({ network, of }: FetchAdverts) => (of === undefined ? { network } : { network, of });

/** Asks all hubs and keeps the newest advert of each agent. Throws `hub-missing`, or `hub-down` when none answers. */
export async function fetchAllAdverts(dialer: Dialer, hubs: readonly string[], options: FetchAdverts): Promise<Signed<Advert>[]> {
  if (hubs.length === 0)
    throw new NunetError(
      'hub-missing',
      'Cannot look for agents: the network record names no hub and none was added; add the address of one',
    );
  const asked = await Promise.allSettled(hubs.map((hub) => fetchAdverts(dialer, hub, options)));
  options.signal.throwIfAborted();
  const answers = asked.filter((hub) => hub.status === 'fulfilled').map((hub) => hub.value);
  const down = asked.find((hub) => hub.status === 'rejected');
  if (answers.length === 0 && down !== undefined) throw down.reason;
  const newest = new Map<string, Signed<Advert>>();
  for (const advert of answers.flat()) {
    const known = newest.get(advert.body.peerId);
    if (known === undefined || known.body.issuedAt < advert.body.issuedAt) newest.set(advert.body.peerId, advert);
  }
  return [...newest.values()];
}
