// A devnet with the escrow parked on it and its parties funded: what the builders' tests and the cost figures run on.
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { keyHashOf, type Agreement } from '@nunet/shared/agreement.ts';
import { closeBytes, settleBytes, voucherBytes, type EscrowDatum } from '@nunet/shared/lock.ts';
import type { BuiltTransaction, Payer, ScriptRun } from './balance.ts';
import { openBlockfrost } from './chain/blockfrost.ts';
import type { ProtocolParameters, Source, Utxo } from './chain/chain.ts';
import { buildDeploy } from './deploy.ts';
import { startDevnet, type Devnet } from './devnet/start.ts';
import { settleLovelaceFor } from './lock-output.ts';
import { buildLock, buildLocks, type LockRequest } from './lock.ts';
import { readParkedScript } from './parked-script.ts';
import type { OracleSignature } from './redeemer.ts';
import { ESCROW } from './script.ts';
import { signTransaction } from './sign.ts';
import { newCast, newPerson, type Cast, type Person } from './thefts/cast.ts';

const ADA = 1_000_000n;
const COLLATERAL = 5n * ADA;
export const AMOUNT = 5_000_000n;
const DAY_MS = 86_400_000;

export interface Rehearsal {
  devnet: Devnet;
  chain: Source;
  parameters: ProtocolParameters;
  cast: Cast;
  /** Submits settlements; holds collateral. */
  operator: Person;
  /** What parking the script cost. */
  deployed: Sent;
  payer: (person: Person) => Promise<Payer>;
  run: (person: Person) => Promise<ScriptRun>;
  datum: (overrides?: Partial<EscrowDatum>) => EscrowDatum;
  lock: (datum: EscrowDatum, overrides?: Partial<LockRequest>) => Promise<{ utxo: Utxo; sent: Sent }>;
  /** One transaction for all of them. */
  sweep: (datums: EscrowDatum[]) => Promise<{ utxos: Utxo[]; sent: Sent }>;
  /** By the oracles at these positions. */
  attest: (utxo: Utxo, paid: bigint, positions?: number[]) => OracleSignature[];
  /** By both parties of the lock, over the key hash of this secret. */
  agree: (utxo: Utxo, paid: bigint, secret?: string) => Agreement;
  /** Signs, submits and makes a block. */
  send: (built: BuiltTransaction, secrets: string[]) => Promise<Sent>;
  fund: (person: Person, lovelace: bigint, ntxBaseUnits?: bigint) => Promise<void>;
  stop: () => Promise<void>;
}

/** A transaction on chain and what it took. */
export interface Sent {
  txId: string;
  bytes: number;
  fee: bigint;
  memory: bigint;
  steps: bigint;
}

const signed = (secret: string, bytes: Uint8Array): string => bytesToHex(ed25519.sign(bytes, hexToBytes(secret)));

const needed = <Item>(item: Item | undefined | null, what: string): Item => {
  if (item === undefined || item === null) throw new Error(`the rehearsal lacks ${what}`);
  return item;
};

/** `open`: which of the devnet's faces it is seen through. */
export async function startRehearsal(
  open: (url: string) => Promise<Source> = (url) => openBlockfrost({ url, network: 'devnet' }),
): Promise<Rehearsal> {
  // No timer: a block is made after each submission.
  const devnet = await startDevnet({ blockTimeMs: DAY_MS });
  const chain = await open(devnet.url);
  const parameters = await chain.parameters();
  const cast = newCast(devnet.asset, devnet.asset);
  const operator = newPerson();

  const fund = async ({ address }: Person, lovelace: bigint, ntxBaseUnits = 0n): Promise<void> => {
    const response = await fetch(`${devnet.url}/devnet/faucet`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ address, lovelace: String(lovelace), ntxBaseUnits: String(ntxBaseUnits) }),
    });
    if (!response.ok) throw new Error(await response.text());
    devnet.ledger.makeBlock();
  };
  const payer = async ({ address }: Person): Promise<Payer> => ({ utxos: await chain.utxos(address), changeAddress: address });
  const send = async (built: BuiltTransaction, secrets: string[]): Promise<Sent> => {
    const cbor = signTransaction(built.cbor, secrets);
    const txId = await chain.submit(cbor);
    devnet.ledger.makeBlock();
    return { txId, bytes: cbor.length / 2, fee: built.fee, ...built.units };
  };

  await fund(operator, 100n * ADA);
  await fund(operator, COLLATERAL);
  await fund(cast.serviceProvider, 1_000n * ADA, 1_000n * AMOUNT);
  await fund(cast.serviceProvider, COLLATERAL);
  const deploy = await buildDeploy({ payer: await payer(operator), parameters });
  const deployed = await send(deploy, [operator.secret]);
  const { scriptAt } = await readParkedScript(chain, { scriptHash: ESCROW.hash, referenceScript: deploy.reference });

  const run = async ({ address }: Person): Promise<ScriptRun> => ({
    script: ESCROW,
    scriptAt,
    collateral: needed(
      (await chain.utxos(address)).find(({ lovelace }) => lovelace === COLLATERAL),
      'collateral',
    ),
    evaluate: (cbor, signal) => chain.evaluate(cbor, signal),
  });
  const datum = (overrides: Partial<EscrowDatum> = {}): EscrowDatum => ({
    serviceProvider: cast.serviceProvider.address,
    computeProvider: cast.computeProvider.address,
    voucherKey: cast.jobKey.publicKey,
    closeKey: cast.closeKey.publicKey,
    oracleKeys: cast.oracles.map(({ publicKey }) => publicKey),
    k: 2,
    asset: devnet.asset,
    reclaimAfter: Date.now() + DAY_MS,
    settleLovelace: settleLovelaceFor(cast.computeProvider.address, devnet.asset, AMOUNT, parameters),
    quoteHash: '11'.repeat(32),
    ...overrides,
  });

  return {
    devnet,
    chain,
    parameters,
    cast,
    operator,
    deployed,
    payer,
    run,
    datum,
    lock: async (made, overrides = {}) => {
      const now = Date.now();
      const { slotConfig } = chain;
      const built = await buildLock(
        {
          datum: made,
          amountBaseUnits: AMOUNT,
          payer: await payer(cast.serviceProvider),
          parameters,
          slotConfig,
          expiresAt: now + DAY_MS,
          ...overrides,
        },
        now,
      );
      const sent = await send(built, [cast.serviceProvider.secret]);
      return { utxo: needed(await chain.output(built.reference), 'the lock').utxo, sent };
    },
    sweep: async (datums) => {
      const now = Date.now();
      const orders = datums.map((made) => ({ datum: made, amountBaseUnits: AMOUNT, expiresAt: now + DAY_MS }));
      const { slotConfig } = chain;
      const built = await buildLocks({ orders, payer: await payer(cast.serviceProvider), parameters, slotConfig }, now);
      const sent = await send(built, [cast.serviceProvider.secret]);
      const utxos = await Promise.all(built.references.map(async (one) => needed(await chain.output(one), 'the lock').utxo));
      return { utxos, sent };
    },
    attest: (utxo, paid, positions = [0, 2]) =>
      positions.map((keyIndex) => {
        const { secret } = needed(cast.oracles[keyIndex], 'that oracle');
        return { keyIndex, signature: signed(secret, settleBytes(utxo.reference, paid)) };
      }),
    agree: ({ reference }, paid, secret) => ({
      paid,
      voucherSignature: signed(cast.jobKey.secret, voucherBytes(reference, paid, secret === undefined ? undefined : keyHashOf(secret))),
      closeSignature: signed(cast.closeKey.secret, closeBytes(reference, paid)),
      secret: secret ?? null,
    }),
    send,
    fund,
    stop: () => devnet.stop(),
  };
}
