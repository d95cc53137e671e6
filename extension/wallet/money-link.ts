// What the wallet's money stands on: one account looked at on one network, until either is another.
import type { Source, Utxo } from '@nunet/contracts/chain/chain.ts';
import { assetUnit } from '@nunet/contracts/value.ts';
import type { AssetId, Network } from '@nunet/shared/fields.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { VaultAccount } from '../vault/messages.ts';

export interface MoneyLink {
  readonly network: Network;
  readonly account: VaultAccount;
  /** The account's one address. */
  readonly address: string;
  readonly stakeAddress: string;
  readonly record: Pick<NetworkRecord, 'escrows'> | null;
  readonly ntx: AssetId | null;
  readonly chain: Source;
  /** What the account holds, as last read; null until it was. */
  utxos(): readonly Utxo[] | null;
  /** Reads it again now. Never throws. */
  look(): Promise<void>;
  /** Aborted when this is not the account or the network any more. */
  readonly signal: AbortSignal;
}

/** Under which name things of this account on this chain are kept. Each devnet has an asset of its own, so one is not taken for another. */
export const linkKey = ({ network, ntx, address }: Pick<MoneyLink, 'network' | 'ntx' | 'address'>): string =>
  `${network}/${ntx === null ? '' : assetUnit(ntx)}/${address}`;
