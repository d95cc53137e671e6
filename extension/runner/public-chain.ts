// The chain of a public test network through the source that the person named. Nothing of it is trusted: its genesis must be the
// network's, and inputs that matter are read from raw transactions.
import type { Source } from '@nunet/contracts/chain/chain.ts';
import { openSource } from '@nunet/contracts/chain/open.ts';
import { sourceAddress, SOURCE_WANTED } from '@nunet/contracts/chain/source-address.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { NetworkTarget } from '../messages.ts';

type PublicTarget = Exclude<NetworkTarget, { network: 'devnet' }>;

/** Hosts that answer nobody without a project id. */
const wantsProjectId = (host: string): boolean => host === 'blockfrost.io' || host.endsWith('.blockfrost.io');

/** Throws `chain-source-invalid`, `project-id-missing`, `chain-wrong-network`, `chain-unavailable`. */
export async function openPublicChain({ network, source, projectId }: PublicTarget, signal: AbortSignal): Promise<Source> {
  const address = sourceAddress(source);
  if (address === null) throw new NunetError('chain-source-invalid', `Cannot use this chain source: it ${SOURCE_WANTED}`);
  const id = projectId ?? '';
  if (id === '' && wantsProjectId(address.name))
    throw new NunetError('project-id-missing', `Cannot use ${address.name} without a project id: copy yours from your account there`);
  return openSource({ source, ...(id === '' ? {} : { projectId: id }) }, network, signal);
}
