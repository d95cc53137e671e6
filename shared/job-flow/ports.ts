// Ports: everything that the service provider's job flow needs of the world. Node and the browser implement them, tests program them.
// All amounts are bigint base units or lovelace, keys and transaction bytes lower-case hex, times POSIX ms.
// A port that cannot do its work throws NunetError; the flow tries again later unless the code listed here says otherwise.
import type { Advert } from '../advert.ts';
import type { Agreement } from '../agreement.ts';
import type { EvidenceBundle, LockReport } from '../evidence.ts';
import type { OutputReference } from '../fields.ts';
import type { InputFile, JobSpec } from '../job-spec.ts';
import type { Manifest, OutputFile } from '../manifest.ts';
import type { Quote, QuoteRequest } from '../quote.ts';
import type { SealedOpening } from '../sealed/open-outputs.ts';
import type { Signed, Signer } from '../signature.ts';
import type { FollowEvent, RequestOf, ResponseOf } from '../wire.ts';
import type { JobEntry } from './job-record.ts';

type Failure = { type: 'error' };

/** A signed transaction, not yet submitted. Building costs nothing and has no effect. */
export interface BuiltTransaction {
  cbor: string;
  txId: string;
  feeLovelace: bigint;
  /** The ledger refuses it from this chain time on. */
  validUntilMs: number;
}

export interface BuiltLock extends BuiltTransaction {
  /** The lock output it makes. */
  reference: OutputReference;
  /** ADA that the lock holds besides the asset; comes back less the settle's fee. */
  lockedLovelace: bigint;
}

/** How a lock was spent, read from the chain alone. */
export interface SpentLock {
  txId: string;
  how: 'settle' | 'agree' | 'reclaim';
  paidBaseUnits: bigint;
  changeBaseUnits: bigint;
  /** ADA that went to the compute provider and came back to the service provider. */
  paidLovelace: bigint;
  changeLovelace: bigint;
  feeLovelace: bigint;
  /** K of a sealed delivery, hex, where the transaction revealed it. */
  secret: string | null;
}

export type LockStatus =
  /** The chain source has not heard of it: never sent, forgotten, rolled back, or in a mempool it does not show. */
  | { state: 'unknown' }
  | { state: 'pending' }
  /** `confirmations` counts the blocks on top: 0 when its block is the tip. */
  | { state: 'confirmed'; confirmations: number }
  | { state: 'spent'; confirmations: number; spent: SpentLock };

/** The wallet and the chain, as far as one lock needs them. */
export interface Escrow {
  /** Chain time: start of the tip's slot. */
  chainTimeMs(signal: AbortSignal): Promise<number>;
  /**
   * Builds and signs a lock for the quote, valid until the quote expires; a wallet that asks a person takes as long as the person
   * does. Final: `funds-insufficient` when the wallet cannot pay, `signing-refused` when the person will not.
   */
  buildLock(quote: Signed<Quote>, signal: AbortSignal): Promise<BuiltLock>;
  /** Builds and signs the way back, valid from `reclaimAfter`. */
  buildReclaim(quote: Signed<Quote>, lock: OutputReference, signal: AbortSignal): Promise<BuiltTransaction>;
  /** Builds and signs what ends the lock as both parties agreed. The wallet pays what the lock does not cover of the fee, and gains nothing. */
  buildAgree(quote: Signed<Quote>, lock: OutputReference, agreement: Agreement, signal: AbortSignal): Promise<BuiltTransaction>;
  /** Throws `chain-rejected` when the ledger refused it; that may also mean that it is there already. */
  submit(cbor: string, signal: AbortSignal): Promise<void>;
  lockStatus(quote: Signed<Quote>, lock: OutputReference, signal: AbortSignal): Promise<LockStatus>;
}

/** Whom to talk to. */
export interface AgentContact {
  peerId: string;
  /** As last advertised; may be stale, the network may know better. */
  addresses: readonly string[];
}

/** Direct streams to agents. Throws `PeerFailure` for a "no" of the peer, anything else when it is out of reach. */
export interface Network {
  /** Adverts that are signed by the peer they name and have not expired. Throws when no hub answers. */
  adverts(signal: AbortSignal): Promise<Signed<Advert>[]>;
  requestQuote(agent: AgentContact, request: QuoteRequest, signal: AbortSignal): Promise<Exclude<ResponseOf<'quote'>, Failure>>;
  /** Tells an agent that its quote will not be taken. */
  release(agent: AgentContact, jobId: string, signal: AbortSignal): Promise<void>;
  run(agent: AgentContact, request: RequestOf<'run'>, signal: AbortSignal): Promise<Exclude<ResponseOf<'run'>, Failure>>;
  /** Ends when the stream does; the flow asks again from where it was. */
  follow(agent: AgentContact, request: RequestOf<'follow'>, signal: AbortSignal): AsyncIterable<Exclude<FollowEvent, Failure>>;
  answer(agent: AgentContact, request: RequestOf<'answer'>, signal: AbortSignal): Promise<void>;
  /** A signed voucher; the agent answers with the highest that it has, or with its close. */
  voucher(agent: AgentContact, request: RequestOf<'voucher'>, signal: AbortSignal): Promise<Exclude<ResponseOf<'voucher'>, Failure>>;
  /** From now on serves a job's inputs, block by block, to these readers: the agent, and anybody for a public replay. Idempotent. */
  serveInputs(jobId: string, inputs: readonly InputFile[], readers: { peerIds: readonly string[]; anybody: boolean }): Promise<void>;
  /** Where others reach us now, for a replay. */
  ownAddresses(): readonly string[];
}

/** The oracles, each known by its key. */
export interface Oracles {
  /** CIDs of the pieces that this oracle signed a receipt for; the rest is sent again later, which is harmless. */
  submit(oracleKey: string, bundle: EvidenceBundle, signal: AbortSignal): Promise<readonly string[]>;
  /** Null: this oracle has not heard of the lock. */
  report(oracleKey: string, lock: OutputReference, signal: AbortSignal): Promise<LockReport | null>;
  /**
   * The signed manifest that this oracle holds over a lock of ours, not yet opened. Null: it holds none. An agent gives it to
   * the oracles to be paid, and might keep it from us, who could then dispute nothing.
   */
  manifest(oracleKey: string, lock: OutputReference, signal: AbortSignal): Promise<Uint8Array | null>;
  /** K of a sealed delivery, hex, that this oracle holds over a lock of ours; to be checked against the manifest's hash. Null: it holds none. */
  sealedKey(oracleKey: string, lock: OutputReference, signal: AbortSignal): Promise<string | null>;
  /** Hands over what both sides signed, with the signed quote; resolves once this oracle has it on disk and will submit it. */
  agree(oracleKey: string, lock: OutputReference, agreement: Agreement, quote: Uint8Array, signal: AbortSignal): Promise<void>;
}

/** Entries of one job. */
export interface Journal {
  /** All entries so far, oldest first. */
  read(): Promise<readonly JobEntry[]>;
  /** Resolves once the entry is durable. */
  append(entry: JobEntry): Promise<void>;
}

export interface Clock {
  /** This machine's time, for display, back-off and adverts; money times come from the chain. */
  now(): number;
  /** Rejects with the signal's reason. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** One key a job: it signs ack, dispute and cancel of that job and nothing else. */
export interface JobKeys {
  /**
   * Makes the key at the first call, durable before it resolves. Where a wallet has to be unlocked for it, waits for that, and
   * rejects with the signal's reason.
   */
  signer(jobId: string, signal: AbortSignal): Promise<Signer>;
}

/** What the job's own check says of delivered outputs. */
export interface CheckResult {
  accept: boolean;
  /** The metric, when the check has one. */
  score: number | null;
  /** One sentence: the reason of an acknowledgement or of a dispute. */
  detail: string;
}

/** A running job's workspace as it was then, to begin another job from. */
export interface Checkpoint {
  number: number;
  /** When the agent took it, chain time. */
  takenAtMs: number;
  file: OutputFile;
}

/** Where delivered bytes go. */
export interface Outputs {
  /**
   * Fetches one output block by block, checks each against its CID, keeps what has come for the next try, and stores the
   * file under its name only when whole. Idempotent. Throws `outputs-wrong` when what the agent sends is not what its manifest
   * commits to, and `outputs-unsaved` when this machine cannot keep it, which must never look like a fault of the agent.
   */
  fetch(agent: AgentContact, jobId: string, file: OutputFile, onBytes: (doneBytes: number) => void, signal: AbortSignal): Promise<void>;
  /**
   * Fetches a checkpoint as `fetch` does an output, and keeps it apart from them; of one job the last two stay. Idempotent. Throws
   * as `fetch`.
   */
  keepCheckpoint(
    agent: AgentContact,
    jobId: string,
    checkpoint: Checkpoint,
    onBytes: (doneBytes: number) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Sealed delivery: as `fetch`, but keeps the file for `open`, under no name. For each of `sealedFiles(manifest)`. */
  fetchSealed(
    agent: AgentContact,
    jobId: string,
    file: OutputFile,
    onBytes: (doneBytes: number) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Before the final voucher: what was fetched is what the manifest commits to. Throws `outputs-wrong`. */
  checkSealed(manifest: Manifest, signal: AbortSignal): Promise<void>;
  /**
   * With K, hex: opens everything that was fetched and stores it under its names, or proves that it is not what the manifest
   * commits to. Idempotent. Throws `key-wrong` when K is not the one that the manifest names, and `outputs-unsaved`.
   */
  open(manifest: Manifest, key: string, signal: AbortSignal): Promise<SealedOpening>;
  /**
   * Runs the job's check over the stored outputs; of a sealed manifest its `outputs` are those that `open` gave. A check that
   * cannot be run is an error, not a "no".
   */
  check(spec: JobSpec, manifest: Manifest, signal: AbortSignal): Promise<CheckResult>;
  /** Log lines kept so far; the next wanted offset. */
  logLength(jobId: string): Promise<number>;
  appendLog(jobId: string, offset: number, line: string): Promise<void>;
}

export interface Ports {
  readonly escrow: Escrow;
  readonly network: Network;
  readonly oracles: Oracles;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly keys: JobKeys;
  readonly outputs: Outputs;
}
