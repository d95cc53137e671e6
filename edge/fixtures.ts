// Test fixtures: one quote with real keys, and every piece of evidence over it, signed as the protocol wants it.
import { signStatement, signerOf, type Signed, type Signer } from '@nunet/shared/signature.ts';
import { billedPay, type LockRefusal, type Quote } from '@nunet/shared/quote.ts';
import { outputRootOf, type Ack, type Cancel, type Dispute, type Manifest } from '@nunet/shared/manifest.ts';
import { encode, hashOfCid } from '@nunet/shared/encoding.ts';
import { jobIdOf, type JobSpec } from '@nunet/shared/job-spec.ts';
import { peerIdOfKey } from '@nunet/shared/peer-id.ts';
import { bech32 } from '@scure/base';
import { bytesToHex } from '@noble/hashes/utils.js';
import { keyHashOf, type Agreement } from '@nunet/shared/agreement.ts';
import { closeBytes, NO_KEY_HASH, voucherBytes, type LockedOutput } from '@nunet/shared/lock.ts';
import type { SealedKey } from '@nunet/shared/sealed/sealed-key.ts';
import { voucherEvidence, type Voucher } from '@nunet/shared/voucher.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';

export const keyOf = (seed: number): Signer => signerOf(new Uint8Array(32).fill(seed));
const addressOf = (seed: number): string =>
  bech32.encode('addr_test', bech32.toWords(Uint8Array.of(0x60, ...new Array<number>(28).fill(seed))));

export const SCRIPT_HASH = 'ab'.repeat(28);
export const ASSET = { policyId: 'cd'.repeat(28), assetName: '6e7478' };
/** Chain time at which the quote is issued. */
export const T0 = 1_800_000_000_000;

export interface CaseOptions {
  replay?: JobSpec['replay'];
  oracles?: Signer[];
  k?: number;
  nonce?: number;
  /** Moves all times of the quote. */
  t0?: number;
  over?: Partial<Quote>;
  /** Where the lock really lies; else a made-up place. */
  lock?: OutputReference;
}

export interface FixtureCase {
  agent: Signer;
  serviceProvider: Signer;
  jobKey: Signer;
  spec: JobSpec;
  specBytes: Uint8Array;
  lock: OutputReference;
  quote: Signed<Quote>;
  locked(over?: Partial<LockedOutput>): LockedOutput;
  manifest(over?: Partial<Manifest>, signer?: Signer): Promise<Signed<Manifest>>;
  ack(manifest: Signed<Manifest>, over?: Partial<Ack>, signer?: Signer): Promise<Signed<Ack>>;
  dispute(manifest: Signed<Manifest>, over?: Partial<Dispute>, signer?: Signer): Promise<Signed<Dispute>>;
  refusal(over?: Partial<LockRefusal>, signer?: Signer): Promise<Signed<LockRefusal>>;
  cancel(): Promise<Signed<Cancel>>;
  voucher(paidBaseUnits: bigint, keyHash?: string, signer?: Signer): Promise<Signed<Voucher>>;
  sealedKey(manifest: Signed<Manifest>, key: string, signer?: Signer): Promise<Signed<SealedKey>>;
  agreement(paid: bigint, secret?: string | null): Promise<Agreement>;
}

export const ORACLES: Signer[] = [keyOf(51), keyOf(52), keyOf(53)].sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1));

export async function fixtureCase(options: CaseOptions = {}): Promise<FixtureCase> {
  const agent = keyOf(1);
  const serviceProvider = keyOf(2);
  const jobKey = keyOf(3);
  const t0 = options.t0 ?? T0;
  const nonce = options.nonce ?? 0;
  const spec: JobSpec = {
    v: 1,
    network: 'devnet',
    nonce: nonce.toString(16).padStart(32, '0'),
    title: 'fixture',
    delivery: options.over?.delivery ?? 'open',
    replay: options.replay ?? 'public',
    resources: { cpus: 1, memoryBytes: 2 ** 28, diskBytes: 2 ** 20, gpus: 0 },
    timeLimitMs: 60_000,
    outputLimitBytes: 2 ** 20,
    inputs: [],
    program: {
      kind: 'onnx',
      graph: 'g.onnx',
      feeds: {},
      feedback: [],
      batches: null,
      epochs: 1,
      metrics: [],
      outputs: [{ kind: 'tensor', name: 'out.npy', output: 'y', rows: false }],
      evaluate: null,
    },
  };
  const network = 'devnet';
  const jobId = jobIdOf(spec);
  const quoteBody: Quote = {
    v: 1,
    network,
    jobId,
    serviceProvider: { peerId: peerIdOfKey(serviceProvider.publicKey), address: addressOf(2) },
    computeProvider: { peerId: peerIdOfKey(agent.publicKey), address: addressOf(1) },
    voucherKey: jobKey.publicKey,
    closeKey: keyOf(4).publicKey,
    oracleKeys: (options.oracles ?? ORACLES).map((o) => o.publicKey),
    k: options.k ?? 2,
    asset: ASSET,
    amountBaseUnits: 6_000_000n,
    rateBaseUnitsPerHour: 360_000_000n,
    minimumBaseUnits: 100_000n,
    settleLovelace: 400_000n,
    resources: spec.resources,
    timeLimitMs: spec.timeLimitMs,
    delivery: 'open',
    replay: spec.replay,
    sandbox: 'limits',
    expectedStartMs: 0,
    issuedAt: t0,
    expiresAt: t0 + 90_000,
    startBy: t0 + 120_000,
    finishBy: t0 + 300_000,
    disputeBy: t0 + 400_000,
    reclaimAfter: t0 + 1_200_000,
    ...options.over,
  };
  const quote = await signStatement('quote', quoteBody, agent);
  const lock: OutputReference = options.lock ?? { txId: hashOfCid(quote.cid), index: 0 };
  const piece = { v: 1 as const, network: 'devnet' as const, jobId, lock };
  return {
    agent,
    serviceProvider,
    jobKey,
    spec,
    specBytes: encode(spec),
    lock,
    quote,
    locked: (over = {}) => ({
      reference: lock,
      scriptHash: SCRIPT_HASH,
      staked: false,
      datum: {
        serviceProvider: quoteBody.serviceProvider.address,
        computeProvider: quoteBody.computeProvider.address,
        voucherKey: quoteBody.voucherKey,
        closeKey: quoteBody.closeKey,
        oracleKeys: quoteBody.oracleKeys,
        k: quoteBody.k,
        asset: quoteBody.asset,
        reclaimAfter: quoteBody.reclaimAfter,
        settleLovelace: quoteBody.settleLovelace,
        quoteHash: hashOfCid(quote.cid),
      },
      amountBaseUnits: quoteBody.amountBaseUnits,
      lovelace: 5_000_000n,
      foreignAssets: false,
      referenceScript: false,
      confirmations: 5,
      ...over,
    }),
    manifest: (over = {}, signer = agent) => {
      const billedMs = over.billedMs ?? 30_000;
      return signStatement(
        'manifest',
        {
          ...piece,
          quoteCid: quote.cid,
          exit: { kind: 'completed' },
          startedAt: t0 + 1_000,
          finishedAt: t0 + 1_000 + billedMs,
          billedMs,
          payBaseUnits: billedPay(quoteBody, billedMs),
          usage: { cpuMs: 1, peakMemoryBytes: 1 },
          sandbox: 'limits',
          metrics: [],
          outputs: [],
          delivery: { kind: 'open', root: outputRootOf([]), plaintextRoot: '0'.repeat(64), keyHash: '0'.repeat(64) },
          ...over,
        },
        signer,
      );
    },
    ack: (m, over = {}, signer = jobKey) =>
      signStatement('ack', { ...piece, manifestCid: m.cid, payBaseUnits: m.body.payBaseUnits, ...over }, signer),
    dispute: (m, over = {}, signer = jobKey) =>
      signStatement('dispute', { ...piece, manifestCid: m.cid, reason: 'wrong', ...over }, signer),
    refusal: (over = {}, signer = agent) =>
      signStatement(
        'lock-refusal',
        { ...piece, quoteCid: quote.cid, reasons: [{ code: 'busy', message: 'no capacity' }], issuedAt: t0, ...over },
        signer,
      ),
    cancel: () => signStatement('cancel', piece, jobKey),
    voucher: async (paidBaseUnits, keyHash = NO_KEY_HASH, signer = jobKey) =>
      voucherEvidence({
        ...piece,
        paidBaseUnits,
        keyHash,
        signature: bytesToHex(await signer.sign(voucherBytes(lock, paidBaseUnits, keyHash))),
      }),
    sealedKey: (m, key, signer = agent) => signStatement('sealed-key', { ...piece, manifestCid: m.cid, key }, signer),
    agreement: async (paid, secret = null) => ({
      paid,
      secret,
      voucherSignature: bytesToHex(await jobKey.sign(voucherBytes(lock, paid, secret === null ? NO_KEY_HASH : keyHashOf(secret)))),
      closeSignature: bytesToHex(await keyOf(4).sign(closeBytes(lock, paid))),
    }),
  };
}

/** A record that names these oracles. */
export const fixtureRecord = (oracles: { key: string; url: string }[], over: Partial<NetworkRecord> = {}): NetworkRecord => ({
  v: 1,
  network: 'devnet',
  sequence: 1,
  issuedAt: T0,
  expiresAt: T0 + 10 ** 11,
  asset: ASSET,
  escrows: [{ scriptHash: SCRIPT_HASH, referenceScript: null }],
  oracles,
  k: 2,
  hubs: [],
  revokedPeers: [],
  confirmations: [{ upTo: 10n ** 15n, blocks: 1 }],
  settleLovelace: 400_000n,
  disputeWindowMs: 100_000,
  claimWindowMs: 800_000,
  ...over,
});
