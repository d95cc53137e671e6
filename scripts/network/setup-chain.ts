// A fresh devnet made ready: a funded operator wallet parks the escrow's reference script, and the network record is signed.
import { randomBytes } from 'node:crypto';
import { setTimeout as after } from 'node:timers/promises';
import { bytesToHex } from '@noble/hashes/utils.js';
import { addressOf } from '@nunet/contracts/address.ts';
import type { Chain, Source } from '@nunet/contracts/chain/chain.ts';
import { keyHash, signTransaction } from '@nunet/contracts/sign.ts';
import { parkScript, type Parked } from '../record/park-script.ts';
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

/** Parks the escrow's script as `npm run record -- deploy` does, paid by a fresh wallet from the faucet. */
export async function parkEscrow(url: string, chain: Source, signal: AbortSignal): Promise<Parked> {
  const operator = makeWallet();
  await confirmed(chain, await fund(url, operator.address, { lovelace: 50_000_000n, ntxBaseUnits: 0n, outputs: 2 }), signal);
  return await parkScript(
    {
      chain,
      payer: { address: operator.address, sign: (cbor) => signTransaction(cbor, [operator.secretKey]) },
      // The chain is as short-lived as this process.
      journal: { read: async () => null, write: async () => undefined },
      depth: 0,
      pause: () => after(100, undefined, { signal }),
      say: () => undefined,
    },
    signal,
  );
}
