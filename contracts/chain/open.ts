// A chain from what a person wrote: one source by its kind and URL, or two that are compared.
import { NunetError } from '@nunet/shared/errors.ts';
import type { AssetId, Network } from '@nunet/shared/fields.ts';
import { openBlockfrost } from './blockfrost.ts';
import type { Source } from './chain.ts';
import { comparedChain } from './compared.ts';
import { openKoios } from './koios.ts';
import { COMPARE_ABOVE, sourceAddress, SOURCE_WANTED } from './source-address.ts';

const OPEN = { blockfrost: openBlockfrost, koios: openKoios } as const;

export interface SourceAccess {
  /** As `sourceAddress` takes it. */
  source: string;
  projectId?: string | undefined;
}

/** Throws `chain-source-invalid`, `chain-unavailable`, `chain-wrong-network`. */
export async function openSource({ source, projectId }: SourceAccess, network: Network, signal?: AbortSignal): Promise<Source> {
  const address = sourceAddress(source);
  if (address === null)
    throw new NunetError('chain-source-invalid', `Cannot open the chain source "${source.slice(0, 80)}": ${SOURCE_WANTED}`);
  return OPEN[address.kind]({
    url: address.url,
    network,
    ...(projectId === undefined ? {} : { projectId }),
    ...(signal === undefined ? {} : { signal }),
  });
}

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
    second: { name: secondName, open: () => openSource(second, network) },
    asset,
    aboveBaseUnits: compareAbove ?? COMPARE_ABOVE[network],
  });
}
