// What the wallet's parts of the runner stand on: one chain looked at with one account. It exists without a network record, and ends at
// once when the account or the network is another.
import type { Source, Utxo } from '@nunet/contracts/chain/chain.ts';
import { balanceOf, type Balance } from '@nunet/contracts/holdings.ts';
import type { AssetId, Network } from '@nunet/shared/fields.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { VaultAccount } from '../vault/messages.ts';
import { baseAddress, stakeAddressOf } from './account-address.ts';
import type { Connection } from './connection.ts';

export interface Linked {
  readonly network: Network;
  readonly account: VaultAccount;
  /** Base address of payment 0 and stake 0: the only one that the account uses. */
  readonly address: string;
  readonly stakeAddress: string;
  /** Null on a public network: this build pins no record for one. */
  readonly record: NetworkRecord | null;
  /** NTX of this network: the record's asset, else the public list's; null where there is none. */
  readonly ntx: AssetId | null;
  /** What its calls come to is told to the pages, so a failing source shows as failing. */
  readonly chain: Source;
  /** What the account holds, as last read; null until it was. Promised and pending outputs are in it. */
  utxos(): readonly Utxo[] | null;
  /** Time of the newest block that was seen. */
  tipTimeMs(): number | null;
  /** Reads tip and outputs now: after something was sent. Never throws. */
  look(): Promise<void>;
  /** Aborted when this is not the account or the network any more. */
  readonly signal: AbortSignal;
}

/** What the runner gives to the parts that answer wallet and dApp requests. */
export interface WalletGround {
  /** Null: no network is connected, or there is no wallet. */
  linked(): Linked | null;
  /** The vault's selected account; null: no wallet, or the vault has not spoken yet. */
  account(): VaultAccount | null;
  /** Tells every page of the new state. */
  onChange(): void;
}

/** What the account holds of ADA and NTX; null until it was read. */
export function balanceIn(linked: Linked): Balance | null {
  const held = linked.utxos();
  return held === null ? null : balanceOf(held, linked.ntx ?? { policyId: '', assetName: '' });
}

/** The account on this connection; `end` when it is another. */
export function linkAccount({ network, record, ntx, watch, signal }: Connection, account: VaultAccount): Linked & { end(): void } {
  const over = new AbortController();
  const address = baseAddress(account);
  return {
    network,
    account,
    address,
    stakeAddress: stakeAddressOf(account),
    record,
    ntx,
    chain: watch.chain,
    utxos: watch.follow(address),
    tipTimeMs: () => watch.state().tipTimeMs,
    look: () => watch.look(),
    signal: AbortSignal.any([signal, over.signal]),
    end: () => over.abort(new DOMException('another account was selected', 'AbortError')),
  };
}
