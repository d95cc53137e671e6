// The jobs that a person approved: their keys stay when the wallet locks, so that a running job is paid for, and nothing else of it does.
import { NunetError } from '@nunet/shared/errors.ts';
import { grantsKey, jobSeed, seedPair } from './derived-keys.ts';
import { seal, unseal, type Seals } from './envelope.ts';
import { demandJobBytes } from './job-statement.ts';
import { grantsFromBytes, grantsToBytes, isLockOf, type HeldGrant } from './stored.ts';
import { signVerified, type Verify } from './verified-signature.ts';

const SEALED_AS = 'nunet/vault/grants/1';
const MAX_JOBS = 256;
/** How often one job's lock may be built again. */
const MAX_LOCKS = 16;

export class HeldJobs {
  readonly #jobs = new Map<string, { grant: HeldGrant; seed: Uint8Array }>();
  readonly #seals: Seals;
  readonly #second: Verify;
  /** Seals the list; held as long as there is a job, so that one can be ended while the wallet is locked. */
  #key: Uint8Array | null = null;

  constructor(seals: Seals, second: Verify) {
    this.#seals = seals;
    this.#second = second;
  }

  get ids(): string[] {
    return [...this.#jobs.keys()];
  }

  get(jobId: string): HeldGrant {
    return this.#held(jobId).grant;
  }

  /** At unlock: what was approved before. Throws `vault-damaged` when the list is not as the vault wrote it. */
  async open(root: Uint8Array, sealed: Uint8Array | null): Promise<void> {
    this.#key ??= grantsKey(root);
    const plain = sealed === null ? null : await unseal(this.#key, SEALED_AS, sealed, this.#seals.cipher);
    if (sealed !== null && plain === null)
      throw new NunetError('vault-damaged', 'Cannot open the list of approved jobs: it was changed outside of the wallet');
    for (const grant of plain === null ? [] : grantsFromBytes(plain)) this.#add(root, grant);
  }

  /** The list with this job in it, before it is held: it is written first. Throws `job-known`, `jobs-full`. */
  async sealedWith(grant: HeldGrant): Promise<Uint8Array> {
    const merged = this.#merged(grant);
    if (!this.#jobs.has(grant.jobId) && this.#jobs.size >= MAX_JOBS)
      throw new NunetError('jobs-full', `Cannot approve another job: ${MAX_JOBS} are running`);
    const others = [...this.#jobs.values()].map((job) => job.grant).filter(({ jobId }) => jobId !== grant.jobId);
    return this.#seal([...others, merged]);
  }

  hold(root: Uint8Array, grant: HeldGrant): void {
    this.#add(root, this.#merged(grant));
  }

  /** The list without this job; null when none is left. */
  async sealedWithout(jobId: string): Promise<Uint8Array | null> {
    const others = [...this.#jobs.values()].map((job) => job.grant).filter((grant) => grant.jobId !== jobId);
    return others.length === 0 ? null : this.#seal(others);
  }

  end(jobId: string): void {
    this.#jobs.get(jobId)?.seed.fill(0);
    this.#jobs.delete(jobId);
  }

  /** Throws `job-refused`, `job-unknown`, `signature-refused`. */
  sign(jobId: string, bytes: Uint8Array): Promise<Uint8Array> {
    const { grant, seed } = this.#held(jobId);
    demandJobBytes(bytes, grant);
    return signVerified(seedPair(seed), bytes, this.#second);
  }

  /** The wallet locks: without a job there is nothing left to seal. */
  lock(): void {
    if (this.#jobs.size > 0) return;
    this.#key?.fill(0);
    this.#key = null;
  }

  wipe(): void {
    for (const jobId of this.ids) this.end(jobId);
    this.lock();
  }

  #held(jobId: string): { grant: HeldGrant; seed: Uint8Array } {
    const job = this.#jobs.get(jobId);
    if (job === undefined)
      throw new NunetError(
        'job-unknown',
        'Cannot use the key of this job: it was not approved, has ended, or waits for the wallet to be unlocked',
      );
    return job;
  }

  #add(root: Uint8Array, grant: HeldGrant): void {
    this.end(grant.jobId);
    this.#jobs.set(grant.jobId, { grant, seed: jobSeed(root, grant.keyId) });
  }

  /** A job is approved again when its lock has to be built again: the same job in every respect, with one output more. */
  #merged(grant: HeldGrant): HeldGrant {
    const known = this.#jobs.get(grant.jobId)?.grant;
    if (known === undefined) return grant;
    const same = (['keyId', 'budgetBaseUnits', 'computeProvider', 'network', 'account'] as const).every((key) => known[key] === grant[key]);
    const isSameAsset = known.asset.policyId === grant.asset.policyId && known.asset.assetName === grant.asset.assetName;
    if (!same || !isSameAsset) throw new NunetError('job-known', 'Cannot approve the lock: this job was approved with other terms before');
    const fresh = grant.locks.filter((lock) => !isLockOf(known, lock));
    if (known.locks.length + fresh.length > MAX_LOCKS)
      throw new NunetError('job-known', 'Cannot approve the lock: it was built too often; end this job');
    return { ...known, locks: [...known.locks, ...fresh] };
  }

  async #seal(grants: readonly HeldGrant[]): Promise<Uint8Array> {
    if (this.#key === null) throw new NunetError('vault-locked', 'Cannot change the approved jobs: unlock the wallet first');
    const plain = grantsToBytes(grants);
    return seal(this.#key, SEALED_AS, plain, this.#seals);
  }
}
