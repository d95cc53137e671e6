// A fresh devnet made ready: a funded operator wallet parks the escrow's reference script, and the network record is signed.
import { randomBytes } from 'node:crypto';
import { bytesToHex } from '@noble/hashes/utils.js';
import { addressOf } from '@nunet/contracts/address.ts';
import type { Chain } from '@nunet/contracts/chain/chain.ts';
import { buildDeploy } from '@nunet/contracts/deploy.ts';
import { keyHash, signTransaction } from '@nunet/contracts/sign.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { callDevnet } from './devnet-client.ts';

/** A plain payment key of a demo person: secret in hex, enterprise address. */
export interface Wallet {
  secretKey: string;
  address: string;
}

export function makeWallet(): Wallet {
  const secretKey = bytesToHex(randomBytes(32));
  return { secretKey, address: addressOf({ payment: { kind: 'key', hash: keyHash(secretKey) } }) };
}

/** Pays from the faucet, in several outputs so that one can serve as collateral. Amounts are per output. */
export async function fund(
  url: string,
  address: string,
  each: { lovelace: bigint; ntxBaseUnits: bigint; outputs: number },
): Promise<string> {
  const body = { address, lovelace: String(each.lovelace), ntxBaseUnits: String(each.ntxBaseUnits), outputs: each.outputs };
  return ((await callDevnet(url, '/devnet/faucet', body)) as { txId: string }).txId;
}

/** Waits until a transaction is in a block. */
export async function confirmed(chain: Chain, txId: string, signal: AbortSignal): Promise<void> {
  while ((await chain.transaction(txId, signal)).state !== 'confirmed') {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Parks the escrow's script at the always-fails address; its output serves every settle as a reference. */
export async function parkEscrow(
  url: string,
  chain: Chain,
  signal: AbortSignal,
): Promise<{ reference: OutputReference; feeLovelace: bigint }> {
  const operator = makeWallet();
  await confirmed(chain, await fund(url, operator.address, { lovelace: 50_000_000n, ntxBaseUnits: 0n, outputs: 2 }), signal);
  const payer = { utxos: await chain.utxos(operator.address, { signal }), changeAddress: operator.address };
  const built = await buildDeploy({ payer, parameters: await chain.parameters(signal) }, signal);
  await confirmed(chain, await chain.submit(signTransaction(built.cbor, [operator.secretKey]), signal), signal);
  return { reference: built.reference, feeLovelace: built.fee };
}
