// Protocol parameters as both services write them: the names of db-sync, and the cost models as lists under a name of each service's own.
import { z } from 'zod';
import type { ProtocolParameters } from './chain.ts';
import { costModel, quantity, ratio } from './source-answer.ts';

export const parameterFields = {
  min_fee_a: quantity,
  min_fee_b: quantity,
  coins_per_utxo_size: quantity,
  max_tx_size: z.int().positive(),
  max_tx_ex_mem: quantity,
  max_tx_ex_steps: quantity,
  max_block_ex_mem: quantity,
  max_block_ex_steps: quantity,
  price_mem: z.number().positive(),
  price_step: z.number().positive(),
  collateral_percent: z.int().positive(),
  max_collateral_inputs: z.int().positive(),
  min_fee_ref_script_cost_per_byte: ratio,
  max_val_size: ratio.pipe(z.int().positive()),
  key_deposit: quantity,
  pool_deposit: quantity,
};

export const costModelLists = z.object({ PlutusV1: costModel, PlutusV2: costModel, PlutusV3: costModel });

const fields = z.object(parameterFields);

export const parametersFrom = (now: z.infer<typeof fields>, epoch: number, models: z.infer<typeof costModelLists>): ProtocolParameters => ({
  epoch,
  minFeeA: now.min_fee_a,
  minFeeB: now.min_fee_b,
  coinsPerUtxoByte: now.coins_per_utxo_size,
  maxTxSize: now.max_tx_size,
  maxTxMemory: now.max_tx_ex_mem,
  maxTxSteps: now.max_tx_ex_steps,
  maxBlockMemory: now.max_block_ex_mem,
  maxBlockSteps: now.max_block_ex_steps,
  priceMemory: now.price_mem,
  priceSteps: now.price_step,
  collateralPercent: now.collateral_percent,
  maxCollateralInputs: now.max_collateral_inputs,
  referenceScriptFeePerByte: now.min_fee_ref_script_cost_per_byte,
  maxValueSize: now.max_val_size,
  keyDeposit: now.key_deposit,
  poolDeposit: now.pool_deposit,
  costModels: { plutusV1: models.PlutusV1, plutusV2: models.PlutusV2, plutusV3: models.PlutusV3 },
});
