// What may bring an approved job's money back without another question: every output comes home, except the pay that was agreed, up to the
// budget. The ledger's own balance makes the rest true: nothing else of the body can take value.
import type { AssetQuantity } from '@nunet/contracts/chain/chain.ts';
import type { TransactionOutput } from '@nunet/contracts/chain/transaction.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { SignableTransaction } from './signed-transaction.ts';
import { isLockOf, type HeldGrant } from './stored.ts';

/** A reclaim costs under 320,000 lovelace (measured on the devnet). */
const MAX_FEE = 1_000_000n;
/** What may be forfeit if a script fails although it was evaluated. */
const MAX_COLLATERAL = 5_000_000n;
/** ADA that goes with the pay, because no output may be without. */
const MAX_PAY_LOVELACE = 5_000_000n;
/** Body fields (Conway CDDL): inputs, outputs, fee, both ends of validity, script data hash, collateral, required signers, collateral return, its total, reference inputs. */
const FIELDS = new Set([0, 1, 2, 3, 8, 11, 13, 14, 16, 17, 18]);

const refused = (why: string): NunetError => new NunetError('job-refused', `Cannot sign for the job's money: ${why}; nothing was signed`);

/** `home`: the address of the account that locked. Throws `job-refused`. */
export function demandJobSpend({ transaction, fields }: SignableTransaction, grant: HeldGrant, home: string): void {
  const foreign = [...fields].find((field) => !FIELDS.has(field));
  if (foreign !== undefined) throw refused(`its field ${foreign} has no place in a reclaim or an agreement`);
  if (!transaction.isValid) throw refused('it is marked as one whose script fails');
  if (transaction.fee > MAX_FEE) throw refused(`its fee is ${transaction.fee} lovelace, at most ${MAX_FEE} are paid`);
  if (!transaction.inputs.some((input) => isLockOf(grant, input))) throw refused("it does not spend the job's lock");
  const kept = transaction.collateralReturn;
  if (fields.has(13) && (transaction.totalCollateral === null || transaction.totalCollateral > MAX_COLLATERAL))
    throw refused(`it puts up more than ${MAX_COLLATERAL} lovelace as collateral, or does not say how much`);
  const isHome = (output: TransactionOutput): boolean => output.address === home && output.referenceScriptHash === undefined;
  if (kept !== null && !isHome(kept)) throw refused('its collateral would not come back');
  const pay = { baseUnits: 0n, lovelace: 0n };
  const isAsset = ({ policyId, assetName }: AssetQuantity): boolean =>
    policyId === grant.asset.policyId && assetName === grant.asset.assetName;
  for (const output of transaction.outputs) {
    if (isHome(output)) continue;
    if (output.address !== grant.computeProvider || output.referenceScriptHash !== undefined || !output.assets.every(isAsset))
      throw refused(`its output ${output.reference.index} goes elsewhere`);
    pay.lovelace += output.lovelace;
    for (const { quantity } of output.assets) pay.baseUnits += quantity;
  }
  if (pay.baseUnits > grant.budgetBaseUnits || pay.lovelace > MAX_PAY_LOVELACE)
    throw refused(`it pays ${pay.baseUnits} base units and ${pay.lovelace} lovelace, the approved budget is ${grant.budgetBaseUnits}`);
}
