// What is asked for a network, from what a person typed: pure, with the problem by name.
import { sourceAddress } from '@nunet/contracts/chain/source-address.ts';
import type { NetworkTarget, ShownTarget } from '../messages.ts';

export type NetworkName = NetworkTarget['network'];
export const NETWORKS: readonly NetworkName[] = ['preprod', 'preview', 'devnet'];
/** The first needs no account. */
export const SOURCES = ['koios', 'blockfrost', 'own'] as const;
export type SourceKind = (typeof SOURCES)[number];

export interface NetworkChoice {
  network: NetworkName;
  devnetUrl: string;
  kind: SourceKind;
  /** Of an own endpoint. */
  source: string;
  /** A project id of this source is stored already. */
  hasProjectId: boolean;
}

const PUBLIC = {
  koios: { preprod: 'koios:https://preprod.koios.rest/api/v1', preview: 'koios:https://preview.koios.rest/api/v1' },
  blockfrost: { preprod: 'https://cardano-preprod.blockfrost.io/api/v0', preview: 'https://cardano-preview.blockfrost.io/api/v0' },
} as const;

export type TargetProblem = 'badDevnet' | 'badUrl' | 'wantProject';

/** Where the chain of a public network is read from. */
export const sourceOf = ({ network, kind, source }: Pick<NetworkChoice, 'network' | 'kind' | 'source'>): string =>
  network === 'devnet' || kind === 'own' ? source.trim() : PUBLIC[kind][network];

export function targetOf(choice: NetworkChoice, typedProjectId: string): NetworkTarget | { problem: TargetProblem } {
  if (choice.network === 'devnet') {
    const url = choice.devnetUrl.trim();
    const parsed = URL.parse(url);
    const isHere =
      parsed !== null && ['http:', 'https:'].includes(parsed.protocol) && ['127.0.0.1', 'localhost', '[::1]'].includes(parsed.hostname);
    return isHere && url.length <= 200 ? { network: 'devnet', url } : { problem: 'badDevnet' };
  }
  const source = sourceOf(choice);
  if (source.length > 300 || sourceAddress(source) === null) return { problem: 'badUrl' };
  const projectId = typedProjectId.trim().slice(0, 100);
  if (choice.kind === 'blockfrost' && projectId === '' && !choice.hasProjectId) return { problem: 'wantProject' };
  // Null keeps the one that is stored.
  return { network: choice.network, source, projectId: projectId === '' && choice.hasProjectId ? null : projectId };
}

/** Another choice than the one that the form began with has no project id stored. */
export function changed(start: NetworkChoice, from: NetworkChoice, part: Partial<NetworkChoice>): NetworkChoice {
  const next = { ...from, ...part };
  const isSame = next.network === start.network && sourceOf(next) === sourceOf(start);
  return { ...next, hasProjectId: isSame && start.hasProjectId };
}

/** Whose server sees the addresses; empty where the address cannot be read. */
export const hostOf = (choice: NetworkChoice): string => sourceAddress(sourceOf(choice))?.name ?? '';

/** The choice that leads to a stored source. */
export function kindOf(network: NetworkName, source: string): SourceKind {
  if (network === 'devnet') return 'koios';
  return source === PUBLIC.koios[network] ? 'koios' : source === PUBLIC.blockfrost[network] ? 'blockfrost' : 'own';
}

/** What the form begins with: the network that is in use, else the first that is public. */
export function choiceOf(target: ShownTarget | null): NetworkChoice {
  const nothing: NetworkChoice = { network: 'preprod', devnetUrl: '', kind: 'koios', source: '', hasProjectId: false };
  if (target === null) return nothing;
  if (target.network === 'devnet') return { ...nothing, network: 'devnet', devnetUrl: target.url };
  const kind = kindOf(target.network, target.source);
  return {
    ...nothing,
    network: target.network,
    kind,
    source: kind === 'own' ? target.source : '',
    hasProjectId: 'hasProjectId' in target && target.hasProjectId,
  };
}
