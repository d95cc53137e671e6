// What a page of the extension and the runner say to each other over a SharedWorker port: one closed union a direction.
// Requests are parsed by the runner; what the runner says is code of the same build, and is only typed.
import { cidText, fileName, hex32, hex64 } from '@nunet/shared/fields.ts';
import { MAX_JOB_FILE_BYTES } from '@nunet/shared/job-file.ts';
import type { JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import type { CheckResult } from '@nunet/shared/job-flow/ports.ts';
import type { Preflight } from '@nunet/shared/job-flow/preflight.ts';
import type { ProgressPhase } from '@nunet/shared/wire.ts';
import { z } from 'zod';
import { dappRequests, type DappAnswers, type DappView } from './cip30/page-messages.ts';
import { lendRequests, type LendAnswers, type MachineView } from './lend/messages.ts';
import type { PreviewGround } from './preview/preview.ts';
import type { JobGrant } from './vault/messages.ts';
import { transactionHex, walletRequests, type WalletAnswers, type WalletView } from './wallet/messages.ts';

const blob = z.custom<Blob>((value) => value instanceof Blob, 'must be a file');
const jobId = cidText;
const keyWitness = z.strictObject({ publicKey: hex32, signature: hex64 });

/**
 * A chain to look at. `source`: as contracts/chain/source-address.ts takes it; `projectId`: '' where the source wants none, null: the
 * one that is kept for this source.
 */
export const networkTarget = z.discriminatedUnion('network', [
  z.strictObject({ network: z.literal('devnet'), url: z.string().max(200) }),
  z.strictObject({
    network: z.enum(['preview', 'preprod']),
    source: z.string().min(1).max(300),
    projectId: z.string().max(100).nullable(),
  }),
]);
export type NetworkTarget = z.infer<typeof networkTarget>;

/** A target as pages are told of it: the project id stays with the runner. */
export type ShownTarget = { network: 'devnet'; url: string } | { network: 'preview' | 'preprod'; source: string; hasProjectId: boolean };

/** What a page may ask. Each is answered once, by `id`. */
export const pageRequest = z.discriminatedUnion('type', [
  /** Use this network from now on, also after a restart. A devnet is trusted by its address on this machine: its record, its pinned key, its chain. */
  z.strictObject({ type: z.literal('connect'), to: networkTarget }),
  z.strictObject({ type: z.literal('disconnect') }),
  /** Devnet only: test ADA and test NTX from the faucet. */
  z.strictObject({ type: z.literal('fund') }),
  /** Reads and checks a job file with the files it names (by their paths in it), keeps them, and opens a draft. Answer: `{ jobId }`. */
  z.strictObject({
    type: z.literal('prepare'),
    jobFile: z.string().max(MAX_JOB_FILE_BYTES),
    files: z.array(z.strictObject({ path: z.string().max(4096), blob })).max(256),
    /** Wait for the person before the result is answered, whatever the check says. */
    askBeforeAnswer: z.boolean(),
  }),
  /** Asks every agent in reach. Answer: `Preflight`. */
  z.strictObject({ type: z.literal('preflight'), jobId }),
  /** Takes one offer of the last pre-flight and locks its amount; the job runs from here on, whether a page is open or not. */
  z.strictObject({ type: z.literal('take'), jobId, quoteCid: cidText }),
  /** Gives back what the offers of a draft hold and forgets the draft. */
  z.strictObject({ type: z.literal('discard'), jobId }),
  z.strictObject({ type: z.literal('cancel'), jobId }),
  /** The person's decision over a delivered result, while the runner waits for it. */
  z.strictObject({ type: z.literal('decide'), jobId, accept: z.boolean(), reason: z.string().max(400) }),
  /** Removes an ended job with its files from this browser. */
  z.strictObject({ type: z.literal('forget'), jobId }),
  /** From now on this page is told of this job (`job`, `live`, `lines`), and of no other; null: of none. */
  z.strictObject({ type: z.literal('watch'), jobId: jobId.nullable() }),
  /** Kept log lines from an offset. Answer: `{ from, lines }`, at most 1,000 lines. */
  z.strictObject({ type: z.literal('log'), jobId, from: z.int().min(0) }),
  /** The last checkpoint that is kept. Answer: `{ blob, name }`. */
  z.strictObject({ type: z.literal('checkpoint'), jobId }),
  /** Opens a draft of the same job that goes on from the last checkpoint of this one. Answer: `{ jobId }`. */
  z.strictObject({ type: z.literal('resume'), jobId }),
  /** A stored, verified output. Answer: `{ blob }`. */
  z.strictObject({ type: z.literal('output'), jobId, name: fileName }),
  /** The port that comes with it is handed on to the network frame: the page then reads streams directly (extension/network/client.ts). */
  z.strictObject({ type: z.literal('network-port') }),
  /** The person's word on a transaction of the runner's own that waits to be signed. Null: refused. */
  z.strictObject({
    type: z.literal('signing-answer'),
    signingId: z.string().regex(/^[0-9a-f]{32}$/),
    witnesses: z.array(keyWitness).max(4).nullable(),
  }),
  /** What the runner knows of the world that these transactions touch. Answer: `PreviewGround`. */
  z.strictObject({
    type: z.literal('preview-ground'),
    account: z.int().min(0).max(99),
    transactions: z.array(transactionHex).min(1).max(20),
  }),
  ...walletRequests,
  ...dappRequests,
  ...lendRequests,
]);
export type PageRequest = z.infer<typeof pageRequest>;
export const pageMessage = z.strictObject({ id: z.int().min(0), request: z.unknown() });

/** What each request is answered with. */
export interface Answers extends WalletAnswers, DappAnswers, LendAnswers {
  connect: null;
  disconnect: null;
  fund: { txId: string };
  prepare: { jobId: string };
  preflight: Preflight;
  take: null;
  discard: null;
  cancel: null;
  decide: null;
  forget: null;
  watch: null;
  log: { from: number; lines: string[] };
  output: { blob: Blob };
  checkpoint: { blob: Blob; name: string };
  resume: { jobId: string };
  'network-port': null;
  'signing-answer': null;
  'preview-ground': PreviewGround;
}

/** A transaction of the runner's own flow that waits for the person and the vault. */
export interface SigningRequest {
  signingId: string;
  jobId: string;
  title: string;
  /** Index of the vault's account that signs. */
  account: number;
  /** Unsigned. */
  cbor: string;
  grant: JobGrant;
  /** The lock is worth nothing after this. */
  expiresAtMs: number;
}

/** One line of the job list. */
export interface JobSummary {
  jobId: string;
  title: string;
  openedAtMs: number;
  job: JobRecord['job'];
  lock: JobRecord['lock'];
  /** Quoted cap, and what was paid once it is known; base units. */
  amountBaseUnits: bigint | null;
  paidBaseUnits: bigint | null;
  /** Last step of either machine. */
  changedAtMs: number;
  /** From then on the lock can be taken back without anybody else; null before an offer was taken. */
  reclaimAfterMs: number | null;
  /** Work and money have both ended. */
  hasEnded: boolean;
  /** The runner drives it now. False for a draft, an ended job, and one whose key was lost with the browser. */
  isDriven: boolean;
  /** `wanted`: the vault has to be unlocked for it to go on. `lost`: it belongs to no wallet of this browser. */
  key: 'ready' | 'wanted' | 'lost';
  wantsDecision: boolean;
}

/** What lies beneath the pages, as far as it is known now. */
export interface AppState {
  network:
    | { state: 'none' }
    | { state: 'connecting'; target: ShownTarget }
    /** With a target that was chosen before, the runner tries again by itself. */
    | { state: 'failed'; target: ShownTarget | null; code: string; message: string }
    /** `record` null: a chain without a network record, where the wallet works and jobs do not. */
    | { state: 'ready'; target: ShownTarget; record: { oracles: number; k: number; hubs: number; expiresAt: number } | null };
  /** The offscreen document (Firefox: background page) that hosts the frames. */
  host: 'missing' | 'ready';
  /** The runner's own port to the vault. Without it jobs cannot sign and no account is known. */
  vault: 'missing' | 'ready';
  frame: {
    state: 'starting' | 'ready' | 'gone';
    peerId: string | null;
    /** Times the frame was mounted again after it went silent. */
    remounts: number;
    connections: { peerId: string; address: string }[];
  };
  chain: { tipTimeMs: number | null; seenAtMs: number | null; error: { code: string; message: string } | null };
  /** The selected account of the vault; null while there is no wallet or no network. */
  wallet: WalletView | null;
  /** Waiting for the person, oldest first. */
  signings: SigningRequest[];
  dapps: DappView;
  /** Agents that are owned from here, oldest first. */
  machines: MachineView[];
  jobs: JobSummary[];
}

export interface OutputState {
  name: string;
  bytes: number;
  doneBytes: number;
  /** Whole, verified against the manifest, and kept. */
  isStored: boolean;
}

/** What changes many times a second; sent at most ten times a second. */
export interface LiveState {
  progress: { phase: ProgressPhase; done: number; total: number; epoch: number } | null;
  /** A job that is paid by vouchers: what the agent says is due, and what was signed. Base units. */
  due?: { payBaseUnits: bigint; signedBaseUnits: bigint; paused: boolean };
  /** A checkpoint on its way here, or the last that came. */
  checkpoint?: { number: number; doneBytes: number; totalBytes: number };
  /** One point an epoch, oldest first. */
  curve: { epoch: number; metrics: { name: string; value: number }[] }[];
  outputs: OutputState[];
}

export interface Notice {
  atMs: number;
  code: string;
  message: string;
}

/** One job as a page shows it. */
export interface JobSnapshot {
  summary: JobSummary;
  record: JobRecord;
  live: LiveState;
  /** Newest last, at most 50. */
  notices: Notice[];
  logLines: number;
  /** Set while the runner waits for the person: what the job's own check says, and until when an answer counts. */
  decision: { check: CheckResult | null; error: string | null; disputeBy: number } | null;
  /** The page of a transaction on the devnet, to which a transaction id is added. */
  transactionPage: string | null;
}

export type RunnerMessage =
  | { type: 'reply'; id: number; value: unknown }
  | { type: 'failed'; id: number; code: string; message: string }
  | { type: 'app'; app: AppState }
  | { type: 'job'; job: JobSnapshot }
  | { type: 'live'; jobId: string; live: LiveState }
  /** New log lines of the watched job, in order and without a gap: `from` is the offset of the first. */
  | { type: 'lines'; jobId: string; from: number; lines: string[] };

export { HOST_HELLO, RUNNER } from './host/names.ts';
