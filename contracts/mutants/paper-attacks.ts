// Attacks that the devnet's faucet cannot set up, or that are no spend of a lock: tried on paper only.
import { encodeDatum } from '../datum.ts';
import { addressOf } from '../address.ts';
import { constr, encodeData } from '../properties/data.ts';
import { askScalus, type Answer } from '../properties/evaluate.ts';
import { resolvedOutputs, transactionBytes, type PaperTransaction } from '../properties/paper.ts';
import { RECLAIM_REDEEMER } from '../redeemer.ts';
import type { PlutusScript } from '../script.ts';
import { AMOUNT, honestSettle, PAID, SETTLE_LOVELACE } from '../thefts/plan.ts';
import { the, type Theft } from '../thefts/theft.ts';
import { attempt, PAPER_CAST } from './paper-scene.ts';

export interface Attack {
  /** "cannot ...". */
  name: string;
  /** Name of the condition that refuses it. */
  check: string;
  ask: (script: PlutusScript, kind: 'theft' | 'twin') => Answer;
}

export const attackBy = (theft: Theft): Attack => ({
  name: theft.name,
  check: theft.check,
  ask: (script, kind) => attempt(theft, script, kind),
});

// --- tokens beside the asset ---

const ONLY_ASSET = 'nothing_but_ada_and_asset';
const { asset, dust } = PAPER_CAST;
/** Of the asset's own policy: whoever mints the asset could mint it. */
const SISTER = { policyId: asset.policyId, assetName: 'ff' };
/** Called as the asset is. */
const NAMESAKE = { policyId: dust.policyId, assetName: asset.assetName };

const wrongPay = (name: string, twin: string, assets: { policyId: string; assetName: string; quantity: bigint }[]): Attack =>
  attackBy({
    name,
    twin,
    check: ONLY_ASSET,
    locks: () => [{}],
    others: ({ thief }) => [
      {
        address: thief.address,
        lovelace: 5_000_000n,
        assets: [SISTER, NAMESAKE].map((token) => ({ ...token, quantity: AMOUNT })),
      },
    ],
    honest: (scene) => ({ ...honestSettle(scene), extraInputs: scene.others }),
    steal: (plan) => {
      the(plan.payouts[1]).assets = assets;
    },
  });

// --- no spend of a lock ---

/** A lock that its owner takes back, with `inlineDatum` or with no datum at all. */
const reclaimed = (script: PlutusScript, inlineDatum: string | undefined): PaperTransaction => ({
  inputs: [
    {
      reference: { txId: '5c'.repeat(32), index: 0 },
      output: {
        address: addressOf({ payment: { kind: 'script', hash: script.hash } }),
        lovelace: 5_000_000n,
        assets: [],
        ...(inlineDatum === undefined ? {} : { inlineDatum }),
      },
      redeemer: RECLAIM_REDEEMER,
    },
  ],
  references: [],
  outputs: [{ address: PAPER_CAST.thief.address, lovelace: 4_000_000n, assets: [] }],
  fee: 1_000_000n,
  signers: [PAPER_CAST.thief.keyHash],
  validFromSlot: 1_000,
  mint: [],
  withdrawals: [],
  delegations: [],
  plutusScripts: [script.code],
  nativeScripts: [],
  datums: [],
});

const ownDatum = encodeDatum({
  serviceProvider: PAPER_CAST.thief.address,
  computeProvider: PAPER_CAST.thief.address,
  voucherKey: PAPER_CAST.jobKey.publicKey,
  closeKey: PAPER_CAST.closeKey.publicKey,
  oracleKeys: PAPER_CAST.oracles.map(({ publicKey }) => publicKey),
  k: 1,
  asset,
  reclaimAfter: 0,
  settleLovelace: SETTLE_LOVELACE,
  quoteHash: '11'.repeat(32),
});

const askAbout = (transaction: PaperTransaction): Answer =>
  askScalus({ transaction: transactionBytes(transaction), resolved: resolvedOutputs(transaction) });

export const PAPER_ATTACKS: Attack[] = [
  wrongPay("cannot add a token of the asset's own policy to a payout", 'ADA and the asset', [
    { ...asset, quantity: PAID },
    { ...SISTER, quantity: 1n },
  ]),
  wrongPay("cannot pay in another token of the asset's policy", 'in the asset of the datum', [{ ...SISTER, quantity: PAID }]),
  wrongPay('cannot pay in a token that is called as the asset is', 'in the asset of the datum', [{ ...NAMESAKE, quantity: PAID }]),
  {
    name: "cannot mint under the escrow's hash",
    check: 'spend only',
    ask: (script, kind) => {
      const transaction = reclaimed(script, ownDatum);
      const token = { policyId: script.hash, assetName: '', quantity: 1n };
      if (kind === 'theft') transaction.mint.push({ asset: token, redeemer: encodeData(constr(0, [])) });
      return askAbout(transaction);
    },
  },
  {
    name: 'cannot take a lock that has no datum',
    check: 'a datum',
    ask: (script, kind) => askAbout(reclaimed(script, kind === 'theft' ? undefined : ownDatum)),
  },
];
