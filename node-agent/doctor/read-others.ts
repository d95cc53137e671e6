// Asks those whom the agent depends on whether they are there: hubs with a key of the moment, oracles, the chain, the package index.
import { randomBytes } from 'node:crypto';
import { openSource, type SourceAccess } from '@nunet/contracts/chain/open.ts';
import { multiaddr } from '@multiformats/multiaddr';
import type { Network } from '@nunet/shared/fields.ts';
import { createNode } from '../network/node.ts';
import type { ClockReading } from './clock.ts';
import type { Answer } from './others.ts';

const ANSWER_MS = 10_000;
/** The resolution of an HTTP date, and what an answer may take. */
const HTTP_SLACK_MS = 1_500;
/** Time between blocks, with room for a rare long gap: one in 20 s on average, 2 minutes are not unusual. */
const BLOCK_SLACK_MS = { devnet: 10_000, preview: 5 * 60_000, preprod: 5 * 60_000 } as const;

/** What is told of a failure: one line, no stack. */
const reason = (error: unknown): string =>
  (
    (error instanceof Error
      ? error.cause instanceof Error && error.message === 'fetch failed'
        ? error.cause.message
        : error.message
      : String(error)
    ).split('\n')[0] ?? ''
  ).slice(0, 160);

async function timed(name: string, ask: (signal: AbortSignal) => Promise<unknown>, signal: AbortSignal): Promise<Answer> {
  const start = performance.now();
  const limit = AbortSignal.timeout(ANSWER_MS);
  try {
    await ask(AbortSignal.any([signal, limit]));
    return { name, ms: Math.round(performance.now() - start), error: null };
  } catch (error) {
    signal.throwIfAborted();
    return { name, ms: null, error: limit.aborted ? `no answer within ${ANSWER_MS / 1_000} s` : reason(error) };
  }
}

/** Without password or path: a URL may hold a secret. */
const hostOf = (url: string): string => {
  try {
    return new URL(url.replace(/^koios:/, '')).host;
  } catch {
    return 'the chain source';
  }
};

/** Dials each hub; `seen`: the addresses that they saw us come from. */
export async function askHubs(
  hubs: readonly string[],
  network: Network,
  signal: AbortSignal,
): Promise<{ answers: Answer[]; seen: string[] }> {
  if (hubs.length === 0) return { answers: [], seen: [] };
  const node = await createNode({
    network,
    // Not the agent's own: it may be running.
    privateKey: new Uint8Array(randomBytes(32)),
    listen: {},
    hub: false,
    allowPrivate: network === 'devnet',
    agentVersion: 'nunet-doctor/0.1.0',
    signal: new AbortController().signal,
  });
  const seen = new Set<string>();
  let identified = 0;
  const answered = Promise.withResolvers<void>();
  node.libp2p.addEventListener('peer:identify', ({ detail }) => {
    const address = detail.observedAddr === undefined ? undefined : /^\/ip[46]\/([^/]+)/.exec(detail.observedAddr.toString())?.[1];
    if (address !== undefined) seen.add(address);
    identified += 1;
    if (identified >= hubs.length) answered.resolve();
  });
  try {
    const answers = await Promise.all(
      hubs.map((hub) =>
        timed(hub.split('/').slice(1, 5).join('/'), async (limit) => node.libp2p.dial(multiaddr(hub), { signal: limit }), signal),
      ),
    );
    // Identification follows the connection; whoever does not tell is not waited for long.
    if (answers.every(({ error }) => error === null))
      await Promise.race([answered.promise, new Promise((done) => setTimeout(done, 1_000))]);
    return { answers, seen: [...seen] };
  } finally {
    await node.stop();
  }
}

/** Any answer of the server counts; its date is a clock. */
async function askHttp(url: string, signal: AbortSignal): Promise<{ answer: Answer; reading: ClockReading | null }> {
  let reading: ClockReading | null = null;
  const name = hostOf(url);
  const answer = await timed(
    name,
    async (limit) => {
      const before = Date.now();
      const response = await fetch(url, { signal: limit, redirect: 'manual' });
      await response.body?.cancel();
      if (response.status >= 500) throw new Error(`status ${response.status}`);
      const told = Date.parse(response.headers.get('date') ?? '');
      const after = Date.now();
      if (!Number.isNaN(told))
        reading = { source: name, offsetMs: told - (before + after) / 2, slackMs: HTTP_SLACK_MS + (after - before) / 2 };
    },
    signal,
  );
  return { answer, reading };
}

export async function askAll(urls: readonly string[], signal: AbortSignal): Promise<{ answers: Answer[]; readings: ClockReading[] }> {
  const all = await Promise.all(urls.map(async (url) => askHttp(url, signal)));
  return { answers: all.map(({ answer }) => answer), readings: all.flatMap(({ reading }) => (reading === null ? [] : [reading])) };
}

export async function askChain(
  sources: readonly SourceAccess[],
  network: Network,
  signal: AbortSignal,
): Promise<{ answers: Answer[]; readings: ClockReading[] }> {
  const readings: ClockReading[] = [];
  const answers = await Promise.all(
    sources.map((source) =>
      timed(
        hostOf(source.source),
        async (limit) => {
          const tip = await (await openSource(source, network, limit)).tip(limit);
          readings.push({
            source: `the chain (${hostOf(source.source)})`,
            offsetMs: tip.timeMs - Date.now(),
            slackMs: BLOCK_SLACK_MS[network],
          });
        },
        signal,
      ),
    ),
  );
  return { answers, readings };
}
