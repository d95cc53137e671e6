// From "please sign" to the person's word: propose, show, approve; again after a lock. The one flow of every place that wants a signature. No DOM.
import { signal, type ReadonlySignal } from '@preact/signals';
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import type { SaidNo } from '../ui/error-text.ts';
import type { PageVault } from '../ui/vault-state.ts';
import type { Proposal, VaultAnswers } from '../vault/messages.ts';

export type Signed = VaultAnswers['approve'];

export type SigningStep =
  /** The vault has not spoken yet, or is being asked. */
  | { step: 'proposing' }
  /** What waited is forgotten; it is proposed again once the wallet is open. */
  | { step: 'locked' }
  /** `notBeforeMs`: on this machine's clock. */
  | { step: 'ready'; approvalId: string; notBeforeMs: number; wantsPassword: boolean }
  | { step: 'approving' }
  | { step: 'signed' }
  | { step: 'refused' }
  /** Cannot go on; `again` may help. */
  | { step: 'failed'; because: SaidNo };

export interface SigningNeeds {
  vault: Pick<PageVault, 'state' | 'ask' | 'onState'>;
  proposal: Proposal;
  /** Of what is shown, in order: the vault has to have the same. */
  hashes: readonly string[];
  /** What is done with the signature; while it runs, and if it throws, the sheet says so. */
  onSigned: (signed: Signed) => void | Promise<void>;
  onRefused: () => void;
}

export interface Signing {
  readonly state: ReadonlySignal<SigningStep>;
  /** A password that was wrong, or has to wait; gone with the next try. */
  readonly problem: ReadonlySignal<SaidNo | null>;
  /** The bytes are overwritten. */
  unlock: (password: Uint8Array) => Promise<void>;
  approve: (password: Uint8Array | null) => Promise<void>;
  refuse: () => void;
  again: () => void;
  /** The sheet is gone; nothing stays behind that could be approved. */
  end: () => void;
}

/** After these the approval still waits: the person may try again. */
const TRY_AGAIN = new Set(['password-wrong', 'password-wait', 'password-wanted', 'approval-too-early', 'password-too-short']);

export function startSigning({ vault, proposal, hashes, onSigned, onRefused }: SigningNeeds): Signing {
  const state = signal<SigningStep>({ step: 'proposing' });
  const problem = signal<SaidNo | null>(null);
  let isEnded = false;
  /** Answers of an earlier round are not this one's. */
  let round = 0;

  const forget = (): void => {
    const now = state.peek();
    if (now.step === 'ready') void vault.ask({ type: 'refuse', approvalId: now.approvalId }).catch(() => undefined);
  };

  const propose = async (): Promise<void> => {
    const mine = (round += 1);
    state.value = { step: 'proposing' };
    problem.value = null;
    try {
      const answer = await vault.ask({ type: 'propose', proposal });
      if (mine !== round || isEnded) {
        void vault.ask({ type: 'refuse', approvalId: answer.approvalId }).catch(() => undefined);
        return;
      }
      const { approvalId, notBeforeMs, wantsPassword } = answer;
      state.value = { step: 'ready', approvalId, notBeforeMs, wantsPassword };
      if (answer.hashes.join() === hashes.join()) return;
      forget();
      throw new NunetError('preview-mismatch', 'Cannot sign: what is shown is not what the vault was given; nothing was signed');
    } catch (error) {
      if (mine !== round || isEnded) return;
      const because = safeError(error);
      state.value = because.code === 'vault-locked' || because.code === 'vault-closing' ? { step: 'locked' } : { step: 'failed', because };
    }
  };

  /** Whatever waited in the vault dies with its lock. */
  const follow = (): void => {
    const now = vault.state.peek();
    if (isEnded || now === null) return;
    const { step } = state.peek();
    if (now.state === 'locked' && (step === 'ready' || step === 'proposing')) {
      round += 1;
      state.value = { step: 'locked' };
    } else if (now.state === 'open' && step === 'locked') void propose();
    else if (now.state === 'empty' || now.state === 'failed') {
      round += 1;
      const because = now.problem ?? { code: 'vault-empty', message: 'Cannot sign: there is no wallet yet' };
      state.value = { step: 'failed', because };
    }
  };
  const stop = vault.onState(() => queueMicrotask(follow));

  const begin = (): void => {
    if (vault.state.peek()?.state === 'locked') state.value = { step: 'locked' };
    else void propose();
  };
  begin();

  const finish = async (signed: Signed): Promise<void> => {
    try {
      await onSigned(signed);
      state.value = { step: 'signed' };
    } catch (error) {
      state.value = { step: 'failed', because: safeError(error) };
    }
  };

  return {
    state,
    problem,
    async unlock(password) {
      problem.value = null;
      try {
        await vault.ask({ type: 'unlock', password });
        // The state that says so may come later than the answer.
        if (state.peek().step === 'locked') await propose();
      } catch (error) {
        problem.value = safeError(error);
      } finally {
        password.fill(0);
      }
    },
    async approve(password) {
      const ready = state.peek();
      if (ready.step !== 'ready' || isEnded) {
        password?.fill(0);
        return;
      }
      problem.value = null;
      state.value = { step: 'approving' };
      let signed: Signed;
      try {
        signed = await vault.ask({ type: 'approve', approvalId: ready.approvalId, password });
      } catch (error) {
        const because = safeError(error);
        if (TRY_AGAIN.has(because.code)) {
          problem.value = because;
          state.value = ready;
        } else if (because.code === 'vault-locked' || because.code === 'vault-closing') state.value = { step: 'locked' };
        else state.value = { step: 'failed', because };
        follow();
        return;
      } finally {
        password?.fill(0);
      }
      await finish(signed);
    },
    refuse() {
      const { step } = state.peek();
      if (step === 'signed' || step === 'approving' || step === 'refused' || isEnded) return;
      forget();
      round += 1;
      state.value = { step: 'refused' };
      onRefused();
    },
    again() {
      if (state.peek().step === 'failed' && !isEnded) begin();
    },
    end() {
      if (isEnded) return;
      forget();
      isEnded = true;
      stop();
    },
  };
}
