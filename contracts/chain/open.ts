// A chain from what a person wrote: one source by its kind and URL, or two that are compared.
import { NunetError } from '@nunet/shared/errors.ts';
import type { AssetId, Network } from '@nunet/shared/fields.ts';
import { openBlockfrost } from './blockfrost.ts';
import type { Source } from './chain.ts';
import { comparedChain } from './compared.ts';
import { openKoios } from './koios.ts';

const OPEN = { blockfrost: openBlockfrost, koios: openKoios } as const;
type SourceKindName = keyof typeof OPEN;

/** What a flag or a configuration says of a source: "koios:https://preprod.koios.rest/api/v1", "blockfrost:URL", or a URL alone. */
export interface SourceAddress {
  kind: SourceKindName;
  url: string;
  /** Host, for messages. */
  name: string;
}

/** Null: no source. A URL alone is a Blockfrost-compatible API, unless its host is the public Koios service. */
export function sourceAddress(text: string): SourceAddress | null {
  const kind = (Object.keys(OPEN) as SourceKindName[]).find((name) => text.startsWith(`${name}:`));
  const url = kind === undefined ? text : text.slice(kind.length + 1);
  const parsed = URL.parse(url);
  // A password in a URL would end up in messages; accounts have a project id.
  if (parsed === null || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') || parsed.username !== '' || parsed.password !== '')
    return null;
  const isKoios = parsed.hostname === 'koios.rest' || parsed.hostname.endsWith('.koios.rest');
  return { kind: kind ?? (isKoios ? 'koios' : 'blockfrost'), url, name: parsed.host };
}

export const SOURCE_WANTED = 'must be a URL of a Blockfrost-compatible API, or koios:URL';

export interface SourceAccess {
  /** As `sourceAddress` takes it. */
  source: string;
  projectId?: string | undefined;
}

/** Throws `chain-source-invalid`, `chain-unavailable`, `chain-wrong-network`. */
export async function openSource({ source, projectId }: SourceAccess, network: Network, signal?: AbortSignal): Promise<Source> {
  const address = sourceAddress(source);
  if (address === null)
    throw new NunetError('chain-source-invalid', `Cannot open the chain source "${source.slice(0, 80)}": it ${SOURCE_WANTED}`);
  return OPEN[address.kind]({
    url: address.url,
    network,
    ...(projectId === undefined ? {} : { projectId }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Base units of NTX from which on two sources must agree, where nobody said otherwise: small jobs do not wait for the slower one. */
export const COMPARE_ABOVE: Readonly<Record<Network, bigint>> = { devnet: 10_000_000n, preview: 100_000_000n, preprod: 100_000_000n };

export interface ChainAccess {
  network: Network;
  first: SourceAccess;
  second?: SourceAccess | undefined;
  /** NTX. */
  asset: AssetId;
  compareAbove?: bigint | undefined;
}

/** One source, or two compared. Throws as `openSource`; a second source that does not answer stops only what is to be compared. */
export async function openChain({ network, first, second, asset, compareAbove }: ChainAccess, signal?: AbortSignal): Promise<Source> {
  const source = await openSource(first, network, signal);
  if (second === undefined) return source;
  const names = [first, second].map((access) => sourceAddress(access.source)?.name ?? 'a source');
  const [name = '', secondName = ''] =
    names[0] === names[1] ? names.map((host, index) => `${index === 0 ? 'first' : 'second'} ${host}`) : names;
  return comparedChain({
    first: { name, source },
    second: { name: secondName, open: (within) => openSource(second, network, within) },
    asset,
    aboveBaseUnits: compareAbove ?? COMPARE_ABOVE[network],
  });
}
