// Where thefts are tried: a devnet with the escrow and its traced double parked on it, and a second ledger beside it.
import { BlockfrostProvider } from '@meshsdk/core';
import { bytesToHex } from '@noble/hashes/utils.js';
import { referenceText } from '@nunet/shared/fields.ts';
import type { EscrowDatum } from '@nunet/shared/lock.ts';
import { addressOf } from '../address.ts';
import { balance } from '../balance.ts';
import { openBlockfrost } from '../chain/blockfrost.ts';
import { slotOf, timeOf, type AssetQuantity, type Utxo } from '../chain/chain.ts';
import { readTransactionHex, type Transaction, type TransactionOutput } from '../chain/transaction.ts';
import { encodeDatum } from '../datum.ts';
import { evaluateScripts } from '../devnet/emulator.ts';
import { paymentKey, signedPayment, utxoMap } from '../devnet/payment.ts';
import { startDevnet } from '../devnet/start.ts';
import tracedBlueprint from '../plutus.traced.json' with { type: 'json' };
import { ESCROW, PARKING_ADDRESS, scriptFrom, type PlutusScript } from '../script.ts';
import { signTransaction, transactionId } from '../sign.ts';
import { leastLovelace, type Output } from '../value.ts';
import { newCast, newPerson, type Cast } from './cast.ts';
import { AMOUNT, LOCK_LOVELACE, honestDatum, type Scene, type SceneLock } from './plan.ts';
import { secondLedger, type Verdict } from './second-ledger.ts';

/** A lock to be made for a theft; what is left out is as an honest service provider would have it. */
export interface LockOrder {
  datum?: Partial<EscrowDatum>;
  /** CBOR hex in place of the datum. */
  rawDatum?: string;
  quantity?: bigint;
  extraAssets?: AssetQuantity[];
  /** At the script's address with the thief's stake credential. */
  staked?: boolean;
}

export const VARIANTS = ['real', 'traced'] as const;
export type Variant = (typeof VARIANTS)[number];

/** How the devnet answered. `check` is the name that the traced script printed last. */
export interface LedgerVerdict extends Verdict {
  rule?: string;
  check?: string;
}

export interface Ground {
  cast: Cast;
  /** When the locks may be reclaimed, unless ordered otherwise: already past, on a slot's first millisecond. */
  reclaimAfter: number;
  scenes: (orders: LockOrder[], others?: Output[]) => Promise<Record<Variant, Scene>>;
  /** Submits through Mesh's provider, over HTTP. */
  submit: (cbor: string) => Promise<LedgerVerdict>;
  /** Submits past the HTTP face, which hides a script's traces: names the rule and the check. */
  submitTraced: (cbor: string) => LedgerVerdict;
  /** Runs the scripts of a transaction and changes nothing: no other rule of the ledger is asked. */
  evaluate: (cbor: string) => LedgerVerdict;
  second: (cbor: string) => Promise<Verdict>;
  stop: () => Promise<void>;
}

const RECLAIM_SLOTS_AGO = 100;
const DUST = 1_000_000_000n;
const BANK_LOVELACE = 20_000_000_000n;

/** "name ? False" of a named condition, or the bare name of a `fail`. */
export function firedCheck(logs: string[]): string | undefined {
  const last = logs.findLast((line) => /^\w+( \? False)?$/.test(line.trim()));
  return last?.trim().replace(' ? False', '');
}

export async function newGround(): Promise<Ground> {
  // Blocks are made here, after each submission: nothing waits for a timer.
  const devnet = await startDevnet({ blockTimeMs: 3_600_000 });
  const { ledger } = devnet;
  const chain = await openBlockfrost({ url: devnet.url, network: 'devnet' });
  const provider = new BlockfrostProvider(devnet.url);
  const parameters = await chain.parameters();
  const { slotConfig } = chain;

  const bankPerson = newPerson();
  const mint = paymentKey(Uint8Array.from(Buffer.from(newPerson().secret, 'hex')));
  const fromFaucet = async (address: string, lovelace: bigint, ntx: bigint): Promise<void> => {
    const answer = await fetch(`${devnet.url}/devnet/faucet`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ address, lovelace: String(lovelace), ntxBaseUnits: String(ntx) }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    ledger.makeBlock();
  };
  await fromFaucet(bankPerson.address, BANK_LOVELACE, 1_000_000_000_000n);
  await fromFaucet(mint.address, 1_000_000_000n, 0n);
  const dust = { policyId: mint.policyId, assetName: '64757374' };
  const [source] = await chain.utxos(mint.address);
  if (source === undefined) throw new TypeError('the faucet paid');
  const dusty = signedPayment(mint, {
    inputs: [source.reference],
    available: source.lovelace,
    outputs: [{ address: bankPerson.address, lovelace: 5_000_000n, assets: [{ ...dust, quantity: DUST }] }],
    mint: [{ ...dust, quantity: DUST }],
  });
  await chain.submit(bytesToHex(dusty.cbor));
  ledger.makeBlock();

  const cast = newCast(devnet.asset, dust);
  const reclaimAfter = timeOf(ledger.currentSlot - RECLAIM_SLOTS_AGO, slotConfig);

  /** Pays these outputs from the bank and gives them back as they lie on the ledger. */
  const make = async (outputs: Output[]): Promise<Utxo[]> => {
    const payer = { utxos: await chain.utxos(bankPerson.address), changeAddress: bankPerson.address };
    const built = await balance({ action: 'set the scene', inputs: [], outputs: () => outputs, payer, parameters });
    await chain.submit(signTransaction(built.cbor, [bankPerson.secret]));
    ledger.makeBlock();
    const txId = transactionId(built.cbor);
    return outputs.map(({ referenceScript: _, ...output }, index) => ({ reference: { txId, index }, ...output }));
  };
  const first = (utxos: Utxo[]): Utxo => {
    const [utxo] = utxos;
    if (utxo === undefined) throw new TypeError('the scene has it');
    return utxo;
  };

  const scripts: Record<Variant, PlutusScript> = { real: ESCROW, traced: scriptFrom(tracedBlueprint, 'escrow.escrow.else') };
  const parked = async (script: PlutusScript): Promise<Utxo> => {
    const output: Output = { address: PARKING_ADDRESS, lovelace: 0n, assets: [], referenceScript: script.code };
    const lovelace = leastLovelace(output, parameters.coinsPerUtxoByte);
    return { ...first(await make([{ ...output, lovelace }])), referenceScriptHash: script.hash };
  };
  const scriptAt = { real: await parked(scripts.real), traced: await parked(scripts.traced) };
  const collateral = first(await make([{ address: cast.thief.address, lovelace: 5_000_000n, assets: [] }]));

  const datumFor = (overrides: Partial<EscrowDatum>): EscrowDatum => ({ ...honestDatum(cast, reclaimAfter), ...overrides });

  const scenes: Ground['scenes'] = async (orders, others = []) => {
    const outputs: Output[] = [];
    const locks: Record<Variant, EscrowDatum[]> = { real: [], traced: [] };
    for (const variant of VARIANTS) {
      const payment = { kind: 'script', hash: scripts[variant].hash } as const;
      for (const { datum: overrides = {}, rawDatum, quantity = AMOUNT, extraAssets = [], staked = false } of orders) {
        const datum = datumFor(overrides);
        locks[variant].push(datum);
        outputs.push({
          address: addressOf(staked ? { payment, stake: { kind: 'key', hash: cast.thief.stakeHash } } : { payment }),
          lovelace: LOCK_LOVELACE,
          assets: [...(quantity === 0n ? [] : [{ ...datum.asset, quantity }]), ...extraAssets],
          inlineDatum: rawDatum ?? encodeDatum(datum),
        });
      }
      const assets = [
        { ...cast.asset, quantity: 20_000_000n },
        { ...cast.dust, quantity: 10n },
      ];
      outputs.push({ address: cast.thief.address, lovelace: 20_000_000n, assets });
    }
    const made = await make([...outputs, ...others, ...others]);
    const otherAt = { real: outputs.length, traced: outputs.length + others.length };
    const scene = (variant: Variant, offset: number): Scene => ({
      cast,
      script: scripts[variant],
      scriptAt: scriptAt[variant],
      locks: locks[variant].map((datum, index): SceneLock => ({ utxo: first(made.slice(offset + index)), datum })),
      others: made.slice(otherAt[variant], otherAt[variant] + others.length),
      funds: first(made.slice(offset + orders.length)),
      collateral,
      parameters,
      slot: ledger.currentSlot,
      opensAtSlot: slotOf(reclaimAfter, slotConfig),
    });
    return { real: scene('real', 0), traced: scene('traced', orders.length + 1) };
  };

  const resolve = (transaction: Transaction): TransactionOutput[] => {
    const { resolved, missing } = ledger.resolve(transaction);
    if (missing.length > 0) throw new TypeError(`unknown inputs: ${missing.map(referenceText).join(' ')}`);
    return resolved;
  };

  return {
    cast,
    reclaimAfter,
    scenes,
    submit: async (cbor) => {
      try {
        await provider.submitTx(cbor);
      } catch (error) {
        return { accepted: false, reason: typeof error === 'string' ? error : String(error instanceof Error ? error.message : error) };
      }
      ledger.makeBlock();
      return { accepted: true, reason: '' };
    },
    submitTraced: (cbor) => {
      const outcome = ledger.submit(readTransactionHex(cbor));
      if ('txId' in outcome) {
        ledger.makeBlock();
        return { accepted: true, reason: '' };
      }
      const { rule, reason, logs } = outcome.rejection;
      const check = firedCheck(logs);
      return { accepted: false, reason: `${reason}\n${logs.join('\n')}`, rule, ...(check === undefined ? {} : { check }) };
    },
    evaluate: (cbor) => {
      const transaction = readTransactionHex(cbor);
      const outcome = evaluateScripts(transaction.raw, utxoMap(resolve(transaction)), slotConfig);
      if ('budgets' in outcome) return { accepted: true, reason: '' };
      const check = firedCheck(outcome.rejection.logs);
      return { accepted: false, reason: outcome.rejection.reason, ...(check === undefined ? {} : { check }) };
    },
    second: async (cbor) => {
      const resolved = resolve(readTransactionHex(cbor));
      return await secondLedger({ cbor, resolved, slot: ledger.currentSlot, slotConfig, parameters });
    },
    stop: () => devnet.stop(),
  };
}
