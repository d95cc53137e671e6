// What may be signed: proposals that wait for a person, and jobs that were approved. Knows no password and keeps no account key: an open wallet
// is lent to it, one call at a time.
import { addressText } from '@nunet/contracts/chain/address.ts';
import type { KeyWitness } from '@nunet/contracts/sign.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/fields.ts';
import { addressesOf } from './account-keys.ts';
import { Approvals, INERT_MS } from './approvals.ts';
import { ownerSeed } from './derived-keys.ts';
import type { Seals } from './envelope.ts';
import { HeldJobs } from './held-jobs.ts';
import { demandJobSpend } from './job-spend.ts';
import type { Moment } from './lock-clock.ts';
import type { Proposal, SignedOrder, VaultAccount, VaultAnswers } from './messages.ts';
import type { OpenWallet } from './open-wallet.ts';
import { demandFree, signOrder, type OwnerStatement } from './owner-order.ts';
import { bodySigning, hashesOf, prepare } from './prepared.ts';
import type { Safe } from './safe.ts';
import { signPrepared, witnesses } from './sign-prepared.ts';
import { readSignable } from './signed-transaction.ts';
import type { Verify } from './verified-signature.ts';

export interface SigningParts extends Seals {
  now: () => Moment;
  second: Verify;
}

export class Signing {
  readonly jobs: HeldJobs;
  readonly #approvals: Approvals;
  readonly #parts: SigningParts;
  #network: Network | null = null;

  constructor(parts: SigningParts) {
    this.#parts = parts;
    this.jobs = new HeldJobs(parts, parts.second);
    this.#approvals = new Approvals(parts.random, () => parts.now().ticksMs);
  }

  /** What was asked on another network dies. */
  onNetwork(network: Network): void {
    this.#network = network;
    this.#approvals.forget(({ proposal }) => proposal.network !== network);
  }

  /** The wallet locks, or another account is chosen: everything that waits dies. */
  forgetAll(): void {
    this.#approvals.forget(() => true);
  }

  /** A port is gone: nobody is left to approve what it proposed. */
  forgetOf(by: object): void {
    this.#approvals.forget((approval) => approval.by === by);
  }

  propose(proposal: Proposal, from: { by: object; wallet: OpenWallet; account: VaultAccount }): VaultAnswers['propose'] {
    this.#demandNetwork(proposal.network);
    const prepared = prepare(proposal, from.account, (keyId) => from.wallet.jobKey(keyId));
    const { id } = this.#approvals.add(from.by, proposal, prepared);
    return {
      approvalId: id,
      hashes: hashesOf(prepared),
      notBeforeMs: this.#parts.now().wallMs + INERT_MS,
      wantsPassword: proposal.isLarge === true,
    };
  }

  async approve(
    approvalId: string,
    password: Uint8Array | null,
    from: { by: object; wallet: OpenWallet; safe: Safe },
  ): Promise<VaultAnswers['approve']> {
    const { proposal, prepared } = this.#approvals.ready(from.by, approvalId);
    if (proposal.isLarge === true) {
      if (password === null) throw new NunetError('password-wanted', 'Cannot sign: this approval wants the password again');
      await from.safe.check(password);
    }
    this.#approvals.take(approvalId);
    // The job's key is held before its lock can reach the chain: money that is locked can always be answered for.
    if (prepared.kind === 'lock') {
      await from.safe.setGrants(await this.jobs.sealedWith(prepared.grant));
      this.jobs.hold(from.wallet.root, prepared.grant);
    }
    if (prepared.kind === 'owner') return { kind: 'owner', ...(await this.#signOrder(prepared.order, from.wallet)) };
    return signPrepared(prepared, from.wallet.lendOf(proposal.account), this.#parts.second);
  }

  /** An order that needs no approval. Throws `approval-wanted`, `network-mismatch`. */
  order(statement: OwnerStatement, wallet: OpenWallet): Promise<SignedOrder> {
    demandFree(statement.order);
    this.#demandNetwork(statement.network);
    return this.#signOrder(statement, wallet);
  }

  #signOrder(statement: OwnerStatement, wallet: OpenWallet): Promise<SignedOrder> {
    const { second, now } = this.#parts;
    return signOrder(statement, { seed: ownerSeed(wallet.root, statement.agent), nowMs: now().wallMs, second });
  }

  #demandNetwork(network: Network): void {
    if (this.#network !== null && network !== this.#network)
      throw new NunetError('network-mismatch', `Cannot ask for ${network}: the wallet is on ${this.#network}`);
  }

  refuse(approvalId: string, by: object): void {
    this.#approvals.refuse(by, approvalId);
  }

  /** A reclaim or an agreement of an approved job. */
  async spend(jobId: string, cbor: string, from: { wallet: OpenWallet; account: VaultAccount }): Promise<KeyWitness[]> {
    const grant = this.jobs.get(jobId);
    const { account, wallet } = from;
    if (grant.account !== account.index)
      throw new NunetError('job-refused', 'Cannot sign for the money of this job: another account locked it');
    const signable = readSignable(cbor);
    demandJobSpend(signable, grant, addressText(addressesOf(account).base));
    return witnesses(bodySigning(signable.transaction.id, ['payment']), wallet.lendOf(account.index), this.#parts.second);
  }
}
