// All transactions of a running devnet in ledger order, read block by block through its Blockfrost face.
import type { AssetId } from '@nunet/shared/fields.ts';
import type { LedgerDump } from '../demo/ledger-balances.ts';
import { callDevnet } from './devnet-client.ts';

export async function dumpLedger(url: string, asset: AssetId): Promise<LedgerDump> {
  const { height } = (await callDevnet(url, '/blocks/latest')) as { height: number };
  const transactions: string[] = [];
  for (let block = 0; block <= height; block += 1) {
    const ids = (await callDevnet(url, `/blocks/${block}/txs`)) as string[];
    for (const id of ids) transactions.push(((await callDevnet(url, `/txs/${id}/cbor`)) as { cbor: string }).cbor);
  }
  return { version: 1, asset, transactions };
}
