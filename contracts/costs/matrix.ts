// What each way to end a lock costs, by k of n, beside its floor: the same outputs paid without the script.
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { settleBytes } from '@nunet/shared/lock.ts';
import { balance, type BuiltTransaction } from '../balance.ts';
import { buildReclaim } from '../reclaim.ts';
import { AMOUNT, type Rehearsal, type Sent } from '../rehearsal.ts';
import { buildSettle } from '../settle.ts';
import { newOracle } from '../thefts/cast.ts';

export interface ActCost {
  name: string;
  bytes: number;
  memory: bigint;
  steps: bigint;
  feeLovelace: bigint;
  /** Fee of the same outputs from a plain wallet. */
  floorLovelace: bigint;
  /** Signatures that the script checks; each costs SIGNATURE_STEPS by itself. */
  signatures: number;
}

/** Steps of one verifyEd25519Signature over a message of this length (measured). */
export const SIGNATURE_STEPS = 53_400_000n;
const PART = 3_000_000n;
const K_OF_N = [
  [1, 1],
  [1, 3],
  [2, 3],
  [3, 5],
  [4, 7],
  [5, 9],
] as const;

/** Fee of a wallet's own transaction that makes the same outputs. Nothing is submitted. */
async function floorOf(on: Rehearsal, { outputs }: BuiltTransaction): Promise<bigint> {
  const payer = await on.payer(on.cast.serviceProvider);
  const { fee } = await balance({ action: 'pay', inputs: [], outputs: () => outputs, payer, parameters: on.parameters });
  return fee;
}

const cost = (name: string, { bytes, memory, steps, fee }: Sent, floorLovelace: bigint, signatures: number): ActCost => ({
  name,
  bytes,
  memory,
  steps,
  feeLovelace: fee,
  floorLovelace,
  signatures,
});

/** Every figure is of a transaction that the ledger accepted. */
export async function actCosts(on: Rehearsal): Promise<ActCost[]> {
  const costs: ActCost[] = [];
  const operator = async () => ({
    payer: await on.payer(on.operator),
    parameters: on.parameters,
    run: await on.run(on.operator),
  });
  for (const [k, n] of K_OF_N) {
    const oracles = Array.from({ length: n }, newOracle).toSorted((a, b) => (a.publicKey < b.publicKey ? -1 : 1));
    const oracleKeys = oracles.map(({ publicKey }) => publicKey);
    const { utxo } = await on.lock(on.datum({ oracleKeys, k }));
    const bytes = settleBytes(utxo.reference, PART);
    // The last k, which cost the longest walk through the keys.
    const signatures = oracles
      .map(({ secret }, keyIndex) => ({ keyIndex, signature: bytesToHex(ed25519.sign(bytes, hexToBytes(secret))) }))
      .slice(n - k);
    const built = await buildSettle({ locks: [{ by: 'oracles', utxo, paid: PART, signatures }], ...(await operator()) });
    const floor = await floorOf(on, built);
    costs.push(cost(`settle, ${k} of ${n}, a part paid`, await on.send(built, [on.operator.secret]), floor, k));
  }
  for (const [name, secret, paid] of [
    ['agree, a part paid', undefined, PART],
    ['agree, a part paid, K revealed', '5e'.repeat(32), PART],
    ['agree at 0: a refused job', undefined, 0n],
  ] as const) {
    const { utxo } = await on.lock(on.datum());
    const agreement = on.agree(utxo, paid, secret);
    const built = await buildSettle({ locks: [{ by: 'agreement', utxo, agreement }], ...(await operator()) });
    const floor = await floorOf(on, built);
    costs.push(cost(name, await on.send(built, [on.operator.secret]), floor, 2));
  }
  costs.push(await reclaimed(on));
  return costs;
}

async function reclaimed(on: Rehearsal): Promise<ActCost> {
  const { serviceProvider } = on.cast;
  const tipMs = on.devnet.ledger.blockTimeMs(on.devnet.ledger.tip);
  const { utxo } = await on.lock(on.datum({ reclaimAfter: Math.max(tipMs, Date.now()) + 2_000 }));
  on.devnet.ledger.advance({ slots: 100, blocks: 1 });
  const now = on.devnet.ledger.blockTimeMs(on.devnet.ledger.tip);
  const { parameters, chain } = on;
  const payer = await on.payer(serviceProvider);
  const run = await on.run(serviceProvider);
  const built = await buildReclaim({ locks: [utxo], payer, parameters, slotConfig: chain.slotConfig, run }, now);
  // The floor is a wallet that pays the lock's value to itself.
  const { lovelace, assets } = utxo;
  const floor = await floorOf(on, { ...built, outputs: [{ address: serviceProvider.address, lovelace, assets }] });
  return cost(`reclaim of ${AMOUNT} base units`, await on.send(built, [serviceProvider.secret]), floor, 0);
}
