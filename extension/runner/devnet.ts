// Trusting a devnet: its record and pinned keys over loopback, its chain, its faucet.
import { openBlockfrost } from '@nunet/contracts/chain/blockfrost.ts';
import type { Source } from '@nunet/contracts/chain/chain.ts';
import { MAX_NETWORK_FACTS_BYTES, networkFacts, type NetworkFacts } from '@nunet/contracts/devnet/network-facts.ts';
import { hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { hex32 } from '@nunet/shared/fields.ts';
import { openNetworkRecord, type NetworkRecord } from '@nunet/shared/network-record.ts';
import { readBounded, type Fetch } from '@nunet/shared/oracle-client.ts';
import { z } from 'zod';
import type { RunnerDatabase } from './database.ts';

const TIMEOUT_MS = 5_000;
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
/** Three outputs, so that a lock, its collateral and a second job do not wait for each other's change. */
const FUNDS = { lovelace: '40000000', ntxBaseUnits: '20000000', outputs: 3 };
const MAX_ANSWER_BYTES = 4_096;

export interface Devnet {
  /** Origin, without a slash at its end. */
  url: string;
  /** The record as it was signed. */
  signed: string;
  record: NetworkRecord;
  chain: Source;
}

/** The origin of a devnet on this machine. Throws `devnet-url-invalid`. */
export function devnetOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.protocol !== 'http:' || !LOOPBACK.has(url.hostname) || url.username !== '' || url.password !== '') {
    throw new NunetError(
      'devnet-url-invalid',
      'Cannot connect: want the address of a devnet on this machine, such as http://127.0.0.1:4000',
    );
  }
  return url.origin;
}

const unreachable = (url: string, why: string, cause?: unknown): NunetError =>
  new NunetError('devnet-unreachable', `Cannot connect to ${url}: ${why}; check that the devnet runs and that its address is right`, {
    cause,
  });

async function factsOf(fetch: Fetch, url: string, signal: AbortSignal): Promise<NetworkFacts> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  let body: unknown;
  try {
    const response = await fetch(`${url}/devnet/network`, { signal: within, redirect: 'error', credentials: 'omit', cache: 'no-store' });
    if (response.status === 404) throw unreachable(url, 'no network runs on it yet');
    if (!response.ok) throw unreachable(url, `it answers with status ${response.status}`);
    body = JSON.parse(new TextDecoder().decode(await readBounded(response, MAX_NETWORK_FACTS_BYTES)));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof NunetError) throw error;
    throw unreachable(url, 'it does not answer', error);
  }
  const facts = networkFacts.safeParse(body);
  if (!facts.success) throw unreachable(url, 'it answers with something else than the facts of a network');
  return facts.data;
}

/** Throws `devnet-...`, `network-record-...`, `chain-...`. */
export async function openDevnet(
  parts: { fetch: Fetch; database: RunnerDatabase; now: () => number },
  url: string,
  signal: AbortSignal,
): Promise<Devnet> {
  const { fetch, database, now } = parts;
  const { pinned, record: signed } = await factsOf(fetch, url, signal);
  const known = pinned.toSorted().join(' ');
  const lastSequence = (await database.get('records', known)) ?? 0;
  // A devnet is trusted by its address on this machine: it names its own keys, and all of them must have signed.
  const options = { network: 'devnet' as const, pinned: { keys: pinned, threshold: pinned.length }, now: now(), lastSequence };
  const record = openNetworkRecord(hexToBytes(signed), options);
  await database.put('records', record.sequence, known);
  return { url, signed, record, chain: await openBlockfrost({ url, network: 'devnet', signal }) };
}

const paid = z.object({ txId: hex32 });

/** Test ADA and test NTX. Throws `faucet-failed`. */
export async function askFaucet(fetch: Fetch, url: string, address: string, signal: AbortSignal): Promise<{ txId: string }> {
  const no = (why: string, cause?: unknown): NunetError =>
    new NunetError('faucet-failed', `Cannot get test funds: the devnet's faucet ${why}`, { cause });
  try {
    const response = await fetch(`${url}/devnet/faucet`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ address, ...FUNDS }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      redirect: 'error',
      credentials: 'omit',
    });
    if (!response.ok) throw no(`answers with status ${response.status}`);
    const answer = paid.safeParse(JSON.parse(new TextDecoder().decode(await readBounded(response, MAX_ANSWER_BYTES))));
    if (!answer.success) throw no('answers with something else than a transaction');
    return { txId: answer.data.txId };
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof NunetError ? error : no('does not answer', error);
  }
}
