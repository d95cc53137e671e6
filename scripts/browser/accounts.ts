// What the ledger alone says that a job moved, beside what the page says.
import type { RunningNetwork } from '../network/start.ts';
import { balancesOfLedger, type Balance, type LedgerBalances } from '../demo/ledger-balances.ts';
import { dumpLedger } from '../network/ledger-dump.ts';

const NOTHING: Balance = { lovelace: 0n, ntx: 0n };

export interface Accounts {
  of(address: string): Balance;
  /** Lovelace that the network took until now. */
  fees: bigint;
}

/** Every transaction read again from its bytes; throws when value appears or is spent twice. */
export async function readAccounts(network: RunningNetwork): Promise<Accounts> {
  const { url, asset } = network.devnet;
  const balances: LedgerBalances = balancesOfLedger(await dumpLedger(url, asset));
  return { of: (address) => balances.byAddress.get(address) ?? NOTHING, fees: balances.fees };
}
