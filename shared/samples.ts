// Samples: one valid value of every record, from fixed keys, for tests and for the golden vectors. Never imported by a program.
import { bech32 } from '@scure/base';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Advert } from './advert.ts';
import { PREPROD_TNTX } from './amount.ts';
import type { Receipt } from './attestation.ts';
import { blake2b256, hashOfCid, rawCidOf } from './encoding.ts';
import { jobIdOf, type JobSpec } from './job-spec.ts';
import { minimumLockLovelace } from './lock-check.ts';
import { NO_KEY_HASH, type LockedOutput } from './lock.ts';
import { outputRootOf, type Ack, type Cancel, type Dispute, type Manifest } from './manifest.ts';
import type { NetworkRecord } from './network-record.ts';
import { peerIdOfKey } from './peer-id.ts';
import { billedPay, quotedAmount, type LockRefusal, type Quote, type QuoteRefusal, type QuoteRequest } from './quote.ts';
import type { SealedKey } from './sealed/sealed-key.ts';
import { signerOf, type Signed, type Signer } from './signature.ts';
import type { Voucher } from './voucher.ts';

/** A key that anybody can make again: never for anything of value. */
export const sampleSigner = (name: string): Signer => signerOf(blake2b256(new TextEncoder().encode(`nunet sample key: ${name}`)));
export const samplePeerId = (name: string): string => peerIdOfKey(sampleSigner(name).publicKey);
export const sampleHash = (name: string): string => bytesToHex(blake2b256(new TextEncoder().encode(`nunet sample hash: ${name}`)));

/** An enterprise address (type 6) of a test network. */
export function sampleAddress(name: string): string {
  const bytes = new Uint8Array(29);
  bytes[0] = 0x60;
  bytes.set(blake2b256(new TextEncoder().encode(`nunet sample address: ${name}`)).subarray(0, 28), 1);
  return bech32.encode('addr_test', bech32.toWords(bytes), 130);
}

/** A time that every sample starts from: 2026-01-01T00:00:00Z. */
export const SAMPLE_TIME_MS = 1_767_225_600_000;

const oracleSigners = ['oracle a', 'oracle b', 'oracle c'].map(sampleSigner).sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1));
export const sampleOracles: readonly Signer[] = oracleSigners;

const graphCid = rawCidOf(new TextEncoder().encode('graph'));

export const sampleSpec: JobSpec = {
  v: 1,
  network: 'devnet',
  nonce: '000102030405060708090a0b0c0d0e0f',
  title: 'add one',
  delivery: 'open',
  replay: 'public',
  resources: { cpus: 1, memoryBytes: 256 * 2 ** 20, diskBytes: 2 ** 20, gpus: 0 },
  timeLimitMs: 60_000,
  outputLimitBytes: 2 ** 20,
  inputs: [
    { name: 'graph.onnx', cid: graphCid, bytes: 5 },
    { name: 'x.npy', cid: rawCidOf(new TextEncoder().encode('x')), bytes: 1 },
  ],
  program: {
    kind: 'onnx',
    graph: 'graph.onnx',
    feeds: {
      x: { from: 'file', file: 'x.npy', rows: true },
      one: { from: 'value', dtype: 'float32', shape: [], values: [1] },
    },
    feedback: [{ output: 'w_next', input: 'w' }],
    batches: { size: 64, dropLast: false, shuffleSeed: 7 },
    epochs: 2,
    metrics: [{ name: 'loss', output: 'loss' }],
    outputs: [{ kind: 'tensor', name: 'y.npy', output: 'y', rows: true }],
    evaluate: null,
  },
};

export const sampleRequest: QuoteRequest = {
  v: 1,
  network: 'devnet',
  jobId: jobIdOf(sampleSpec),
  work: {
    kind: 'onnx',
    graph: { cid: graphCid, bytes: 5, opset: 17, operators: ['Add'], externalData: false },
  },
  resources: sampleSpec.resources,
  inputBytes: 6,
  outputLimitBytes: sampleSpec.outputLimitBytes,
  timeLimitMs: sampleSpec.timeLimitMs,
  delivery: 'open',
  replay: 'public',
  serviceProvider: { peerId: samplePeerId('service provider'), address: sampleAddress('service provider') },
  voucherKey: sampleSigner('job key').publicKey,
  oracleKeys: oracleSigners.map((signer) => signer.publicKey),
  k: 2,
};

/** A script with packages and a download, which goes on from a checkpoint. */
export const sampleContainerSpec: JobSpec = {
  ...sampleSpec,
  title: 'train',
  replay: 'never',
  resources: { ...sampleSpec.resources, gpus: 1, gpuMemoryBytes: 2 ** 33 },
  inputs: [
    { name: 'train.py', cid: rawCidOf(new TextEncoder().encode('script')), bytes: 6 },
    { name: 'resume.tar', cid: rawCidOf(new TextEncoder().encode('tar')), bytes: 3 },
  ],
  program: {
    kind: 'container',
    run: { type: 'script', base: 'pytorch', script: 'train.py', arguments: ['--epochs', '3'], dependencies: ['einops==0.8.0'] },
    environment: { OMP_NUM_THREADS: '1' },
    downloads: [{ name: 'data.npz', url: 'https://data.example/sets/data.npz', sha256: sampleHash('data'), bytes: 4096 }],
    checkpointEveryMs: 30_000,
    resumeFrom: 'resume.tar',
  },
};

export const sampleContainerRequest: QuoteRequest = {
  ...sampleRequest,
  jobId: jobIdOf(sampleContainerSpec),
  work: {
    kind: 'container',
    run: { type: 'script', base: 'pytorch', dependencies: ['einops==0.8.0'] },
    downloadHosts: ['data.example'],
    downloadBytes: 4096,
  },
  resources: sampleContainerSpec.resources,
  inputBytes: 9,
  replay: 'never',
};

export const sampleRecord: NetworkRecord = {
  v: 1,
  network: 'devnet',
  sequence: 3,
  issuedAt: SAMPLE_TIME_MS,
  expiresAt: SAMPLE_TIME_MS + 86_400_000,
  asset: PREPROD_TNTX,
  escrows: [{ scriptHash: sampleHash('escrow').slice(0, 56), referenceScript: { txId: sampleHash('reference script'), index: 0 } }],
  oracles: oracleSigners.map((signer, index) => ({ key: signer.publicKey, url: `http://127.0.0.1:${9000 + index}` })),
  k: 2,
  hubs: [`/ip4/127.0.0.1/tcp/4001/ws/p2p/${samplePeerId('hub')}`],
  revokedPeers: [samplePeerId('revoked')],
  confirmations: [
    { upTo: 10_000_000n, blocks: 1 },
    { upTo: 1_000_000_000n, blocks: 3 },
  ],
  settleLovelace: 500_000n,
  disputeWindowMs: 5_000,
  claimWindowMs: 10_000,
};

const RATE = 3_600_000n;
const MINIMUM = 1_000n;

export const sampleQuote: Quote = {
  v: 1,
  network: 'devnet',
  jobId: sampleRequest.jobId,
  serviceProvider: sampleRequest.serviceProvider,
  computeProvider: { peerId: samplePeerId('agent'), address: sampleAddress('agent') },
  voucherKey: sampleRequest.voucherKey,
  closeKey: sampleSigner('close key').publicKey,
  oracleKeys: sampleRequest.oracleKeys,
  k: 2,
  asset: sampleRecord.asset,
  amountBaseUnits: quotedAmount(RATE, sampleRequest.timeLimitMs, MINIMUM),
  rateBaseUnitsPerHour: RATE,
  minimumBaseUnits: MINIMUM,
  settleLovelace: sampleRecord.settleLovelace,
  resources: sampleRequest.resources,
  timeLimitMs: sampleRequest.timeLimitMs,
  delivery: 'open',
  replay: 'public',
  sandbox: 'namespace',
  expectedStartMs: 200,
  issuedAt: SAMPLE_TIME_MS,
  expiresAt: SAMPLE_TIME_MS + 90_000,
  startBy: SAMPLE_TIME_MS + 120_000,
  finishBy: SAMPLE_TIME_MS + 200_000,
  disputeBy: SAMPLE_TIME_MS + 210_000,
  reclaimAfter: SAMPLE_TIME_MS + 230_000,
};

export const sampleLock = { txId: sampleHash('lock'), index: 1 };

/** A manifest over a lock of `sampleQuote`; `quoteCid` is that of the signed quote. */
export function sampleManifest(quoteCid: string, lock = sampleLock): Manifest {
  const outputs = [{ name: 'y.npy', cid: rawCidOf(new TextEncoder().encode('y')), bytes: 1 }];
  return {
    v: 1,
    network: 'devnet',
    jobId: sampleRequest.jobId,
    quoteCid,
    lock,
    exit: { kind: 'completed' },
    startedAt: SAMPLE_TIME_MS + 5_000,
    finishedAt: SAMPLE_TIME_MS + 15_000,
    billedMs: 10_000,
    payBaseUnits: billedPay(sampleQuote, 10_000),
    usage: { cpuMs: 9_500, peakMemoryBytes: 80 * 2 ** 20 },
    sandbox: 'namespace',
    metrics: [{ name: 'loss', value: 0.25 }],
    outputs,
    delivery: { kind: 'open', root: outputRootOf(outputs), plaintextRoot: NO_KEY_HASH, keyHash: NO_KEY_HASH },
  };
}

export const sampleAnswers = (manifestCid: string): { ack: Ack; dispute: Dispute; cancel: Cancel } => {
  const answer = { v: 1 as const, network: 'devnet' as const, jobId: sampleRequest.jobId, lock: sampleLock };
  return {
    ack: { ...answer, manifestCid, payBaseUnits: billedPay(sampleQuote, 10_000) },
    dispute: { ...answer, manifestCid, reason: 'accuracy 0.1, want at least 0.9' },
    cancel: answer,
  };
};

/** Signed by the job key; `signature` over `voucherBytes`. */
export const sampleVoucher = (paidBaseUnits: bigint, keyHash: string, signature: string): Voucher => ({
  v: 1,
  network: 'devnet',
  jobId: sampleRequest.jobId,
  lock: sampleLock,
  paidBaseUnits,
  keyHash,
  signature,
});

export const sampleSealedKey = (manifestCid: string): SealedKey => ({
  v: 1,
  network: 'devnet',
  jobId: sampleRequest.jobId,
  lock: sampleLock,
  manifestCid,
  key: sampleHash('K'),
});

const reasons = [{ code: 'memory', message: 'The job wants 256 MiB of memory, 128 MiB are free.' }];

export const sampleQuoteRefusal: QuoteRefusal = {
  v: 1,
  network: 'devnet',
  jobId: sampleRequest.jobId,
  computeProvider: samplePeerId('agent'),
  reasons,
  issuedAt: SAMPLE_TIME_MS,
};

export const sampleLockRefusal = (quoteCid: string): LockRefusal => ({
  v: 1,
  network: 'devnet',
  jobId: sampleRequest.jobId,
  quoteCid,
  lock: sampleLock,
  reasons: [{ code: 'lock-underpaid', message: 'Cannot accept lock: it holds 1 NTX, quote says 2' }],
  issuedAt: SAMPLE_TIME_MS,
});

export const sampleReceipt = (evidenceCid: string): Receipt => ({
  v: 1,
  network: 'devnet',
  lock: sampleLock,
  evidenceCid,
  oracleKey: sampleRequest.oracleKeys[0] ?? '',
  receivedAt: SAMPLE_TIME_MS,
});

const capacity = { cpus: 4, memoryBytes: 8 * 2 ** 30, diskBytes: 100 * 2 ** 30, gpus: 0 };

export const sampleAdvert: Advert = {
  v: 1,
  network: 'devnet',
  peerId: samplePeerId('agent'),
  addresses: [`/ip4/127.0.0.1/tcp/4002/p2p/${samplePeerId('agent')}`],
  agentVersion: '0.1.0',
  kinds: ['onnx'],
  sandbox: 'namespace',
  asset: sampleRecord.asset,
  price: { cpuHour: RATE, memoryGibHour: 0n, gpuHour: 0n, minimum: MINIMUM },
  total: capacity,
  free: capacity,
  issuedAt: SAMPLE_TIME_MS,
  expiresAt: SAMPLE_TIME_MS + 60_000,
};

/** The lock that a quote asks for, as the ledger would have it. */
export const sampleLockedOutput = (quote: Signed<Quote>, confirmations = 1): LockedOutput => ({
  reference: sampleLock,
  scriptHash: sampleRecord.escrows[0]?.scriptHash ?? '',
  staked: false,
  datum: {
    serviceProvider: quote.body.serviceProvider.address,
    computeProvider: quote.body.computeProvider.address,
    voucherKey: quote.body.voucherKey,
    closeKey: quote.body.closeKey,
    oracleKeys: quote.body.oracleKeys,
    k: quote.body.k,
    asset: quote.body.asset,
    reclaimAfter: quote.body.reclaimAfter,
    settleLovelace: quote.body.settleLovelace,
    quoteHash: hashOfCid(quote.cid),
  },
  amountBaseUnits: quote.body.amountBaseUnits,
  lovelace: minimumLockLovelace(quote.body.settleLovelace),
  foreignAssets: false,
  referenceScript: false,
  confirmations,
});
