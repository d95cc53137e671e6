// What a lock has to say before its job gets a key: read from the datum in the transaction's own bytes. The rest of it (script, oracles,
// quote) is the signing sheet's to judge and the person's to approve.
import { addressData } from '@nunet/contracts/address-data.ts';
import { decodePlutusData, encodePlutusData, type PlutusData } from '@nunet/contracts/plutus-data.ts';
import type { Transaction, TransactionOutput } from '@nunet/contracts/chain/transaction.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { AssetId, OutputReference } from '@nunet/shared/fields.ts';
import type { JobGrant } from './messages.ts';

/** Places in the datum (shared/lock.ts). */
const SERVICE_PROVIDER = 0;
const COMPUTE_PROVIDER = 1;
const VOUCHER_KEY = 2;
const ASSET = 6;
const FIELDS = 10;

const refused = (why: string): NunetError => new NunetError('lock-refused', `Cannot sign the lock: ${why}; nothing was signed`);

function datumFields(output: TransactionOutput): PlutusData[] | null {
  if (output.inlineDatum === undefined) return null;
  try {
    const data = decodePlutusData(output.inlineDatum);
    return typeof data === 'object' && !Array.isArray(data) && data.index === 0 && data.fields.length === FIELDS ? data.fields : null;
  } catch {
    return null;
  }
}

const isAddress = (data: PlutusData | undefined, address: string): boolean =>
  data !== undefined && encodePlutusData(data) === encodePlutusData(addressData(address));

function assetIn(data: PlutusData | undefined): AssetId {
  const [policyId, assetName] = typeof data === 'object' && !Array.isArray(data) ? data.fields : [];
  if (typeof policyId !== 'string' || typeof assetName !== 'string') throw refused('its datum names no asset');
  return { policyId, assetName };
}

/** The one output that is this job's lock. `home`: the account's own address. Throws `lock-refused`. */
export function lockIn(
  transaction: Transaction,
  { grant, jobKey, home }: { grant: JobGrant; jobKey: string; home: string },
): { lock: OutputReference; asset: AssetId } {
  const locks = transaction.outputs.flatMap((output) => {
    const fields = datumFields(output);
    return fields?.[VOUCHER_KEY] === jobKey ? [{ output, fields }] : [];
  });
  const [lock] = locks;
  if (lock === undefined || locks.length > 1) throw refused(`${locks.length} of its outputs name the job's key, want one`);
  const { output, fields } = lock;
  if (!isAddress(fields[SERVICE_PROVIDER], home)) throw refused('it would be returned to another address than this account');
  if (!isAddress(fields[COMPUTE_PROVIDER], grant.computeProvider)) throw refused('it names another compute provider');
  const asset = assetIn(fields[ASSET]);
  const held = output.assets.filter(({ policyId, assetName }) => policyId === asset.policyId && assetName === asset.assetName);
  const amount = held.reduce((sum, { quantity }) => sum + quantity, 0n);
  if (amount !== grant.budgetBaseUnits) throw refused(`it holds ${amount} base units, the approved budget is ${grant.budgetBaseUnits}`);
  return { lock: output.reference, asset };
}
