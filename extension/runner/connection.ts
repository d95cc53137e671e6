// One network that is looked at: its chain, opened and proved to be that network's, and its record where this build trusts one.
import { PREPROD_TNTX } from '@nunet/shared/amount.ts';
import type { AssetId, Network } from '@nunet/shared/fields.ts';
import type { Clock } from '@nunet/shared/job-flow/ports.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { Fetch } from '@nunet/shared/oracle-client.ts';
import type { NetworkTarget, ShownTarget } from '../messages.ts';
import { watchChain, type ChainWatch } from './chain-watch.ts';
import type { RunnerDatabase } from './database.ts';
import { openDevnet } from './devnet.ts';
import { openPublicChain } from './public-chain.ts';

export interface Connection {
  readonly network: Network;
  readonly shown: ShownTarget;
  /** Origin of a devnet, for its faucet and its pages; null on a public network. */
  readonly devnetUrl: string | null;
  /** The record and the bytes that were signed: the same bytes are the same network. Null: none is pinned for this network. */
  readonly record: NetworkRecord | null;
  readonly signed: string | null;
  readonly ntx: AssetId | null;
  readonly watch: ChainWatch;
  /** Aborted when the runner lets go of this network. */
  readonly signal: AbortSignal;
  end(): void;
}

/** NTX of a public network without a record: DESIGN section 5. */
const PUBLIC_NTX: Readonly<Record<'preview' | 'preprod', AssetId | null>> = { preview: null, preprod: PREPROD_TNTX };

export const shownTarget = (target: NetworkTarget): ShownTarget =>
  target.network === 'devnet'
    ? { network: 'devnet', url: target.url }
    : { network: target.network, source: target.source, hasProjectId: target.projectId !== null && target.projectId !== '' };

/** Throws `devnet-...`, `network-record-...`, `chain-...`, `project-id-missing`. */
export async function openConnection(
  parts: { fetch: Fetch; database: RunnerDatabase; clock: Clock; onChange: () => void },
  target: NetworkTarget,
  signal: AbortSignal,
): Promise<Connection> {
  const { fetch, database, clock, onChange } = parts;
  const { network } = target;
  const opened =
    target.network === 'devnet'
      ? await openDevnet({ fetch, database, now: () => clock.now() }, target.url, signal)
      : { url: null, signed: null, record: null, chain: await openPublicChain(target, signal) };
  signal.throwIfAborted();
  const life = new AbortController();
  return {
    network,
    shown: shownTarget(target),
    devnetUrl: opened.url,
    record: opened.record,
    signed: opened.signed,
    ntx: opened.record?.asset ?? (network === 'devnet' ? null : PUBLIC_NTX[network]),
    watch: watchChain({ chain: opened.chain, network, clock, signal: life.signal, onChange }),
    signal: life.signal,
    end: () => life.abort(new DOMException('the runner let go of the network', 'AbortError')),
  };
}
