// Balances from raw transactions alone: no report, no journal, no chain source is believed. Throws when value appears or is spent twice.
import { hexToBytes } from '@noble/hashes/utils.js';
import { readTransaction, type TransactionOutput } from '@nunet/contracts/chain/transaction.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText, type AssetId } from '@nunet/shared/fields.ts';

/** Every transaction of a devnet in ledger order, as CBOR hex; the first is the genesis, which alone may spend nothing. */
export interface LedgerDump {
  version: 1;
  asset: AssetId;
  transactions: string[];
}

export interface Balance {
  lovelace: bigint;
  ntx: bigint;
}

export interface LedgerBalances {
  /** What each address holds at the end. */
  byAddress: Map<string, Balance>;
  fees: bigint;
  transactions: number;
}

export function balancesOfLedger(dump: LedgerDump): LedgerBalances {
  const unspent = new Map<string, TransactionOutput>();
  let fees = 0n;
  let minted = 0n;
  let created = 0n;
  const ntxOf = (output: Pick<TransactionOutput, 'assets'>): bigint =>
    output.assets
      .filter((entry) => entry.policyId === dump.asset.policyId && entry.assetName === dump.asset.assetName)
      .reduce((sum, entry) => sum + entry.quantity, 0n);
  for (const [position, hex] of dump.transactions.entries()) {
    const transaction = readTransaction(hexToBytes(hex));
    const inputs = transaction.isValid ? transaction.inputs : transaction.collateralInputs;
    let spent = 0n;
    for (const reference of inputs) {
      const key = referenceText(reference);
      const output = unspent.get(key);
      if (output === undefined) {
        throw new NunetError('ledger-wrong', `Transaction ${transaction.id} spends ${key}, which no earlier transaction left unspent`);
      }
      spent += output.lovelace;
      unspent.delete(key);
    }
    const made = transaction.isValid ? transaction.outputs : transaction.collateralReturn === null ? [] : [transaction.collateralReturn];
    let paid = 0n;
    for (const output of made) {
      unspent.set(referenceText(output.reference), output);
      paid += output.lovelace;
    }
    if (position === 0) created = paid;
    else {
      if (transaction.isValid && spent !== paid + transaction.fee) {
        throw new NunetError(
          'ledger-wrong',
          `Transaction ${transaction.id} takes ${spent} lovelace and gives ${paid} with a fee of ${transaction.fee}`,
        );
      }
      fees += spent - paid;
    }
    if (transaction.isValid) minted += ntxOf({ assets: transaction.mint });
  }
  const byAddress = new Map<string, Balance>();
  for (const output of unspent.values()) {
    const balance = byAddress.get(output.address) ?? { lovelace: 0n, ntx: 0n };
    byAddress.set(output.address, { lovelace: balance.lovelace + output.lovelace, ntx: balance.ntx + ntxOf(output) });
  }
  const held = [...byAddress.values()].reduce((sum, balance) => ({
    lovelace: sum.lovelace + balance.lovelace,
    ntx: sum.ntx + balance.ntx,
  }));
  if (held.lovelace + fees !== created || held.ntx !== minted) {
    throw new NunetError(
      'ledger-wrong',
      `The ledger holds ${held.lovelace} lovelace and ${held.ntx} NTX base units; ${created - fees} and ${minted} were made`,
    );
  }
  return { byAddress, fees, transactions: dump.transactions.length };
}
