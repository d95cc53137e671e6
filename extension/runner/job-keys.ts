// The key of one job, which is in the vault: what the runner notes of it, whether it can be had, and how it signs.
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import type { JobKeys } from '@nunet/shared/job-flow/ports.ts';
import type { Signer } from '@nunet/shared/signature.ts';
import type { JobSummary } from '../messages.ts';
import type { VaultState } from '../vault/messages.ts';
import type { VaultLink } from './vault-link.ts';

/** Kept with a job: enough to ask the vault for its key, and to know whose it was. */
export interface JobKeyNote {
  /** 16 random bytes hex, from which the vault derives the key. */
  keyId: string;
  /** Ed25519, 32 bytes hex. */
  publicKey: string;
  /** Account that pays and gets its money back: its index, and its payment key, by which another wallet's is told apart. */
  account: number;
  payment: string;
}

/** What is said by, or of, a vault that has ended since it was asked last. */
const ENDED: ReadonlySet<string> = new Set(['vault-locked', 'vault-closing', 'vault-silent', 'job-unknown']);

export type KeyState = JobSummary['key'];

/** Null: a job of a version whose keys were gone with the browser. */
export function keyStateOf(jobId: string, key: JobKeyNote | null, vault: VaultState | null): KeyState {
  if (key === null) return 'lost';
  // A vault that has not spoken, or cannot read what it stored, is no other wallet.
  if (vault === null || vault.state === 'failed') return 'wanted';
  if (!vault.accounts.some(({ index, payment }) => index === key.account && payment === key.payment)) return 'lost';
  return vault.state === 'open' || vault.jobs.includes(jobId) ? 'ready' : 'wanted';
}

const lost = (): NunetError =>
  new NunetError('key-lost', 'Cannot sign for this job: its key belongs to another wallet than the one in this browser');

/** Waits for an unlock where one is needed, and says so once each time. */
export function jobKeys(parts: {
  jobId: string;
  key: JobKeyNote | null;
  vault: VaultLink;
  say: (code: string, message: string) => void;
}): JobKeys {
  const { jobId, key, vault } = parts;
  const state = (): KeyState => keyStateOf(jobId, key, vault.state());
  const ready = async (signal: AbortSignal): Promise<void> => {
    if (state() === 'wanted') {
      parts.say('vault-locked', 'Unlock the wallet: this job has something to sign and goes on by itself then.');
      await vault.until(() => state() !== 'wanted', signal);
    }
    if (state() === 'lost') throw lost();
  };
  return {
    async signer(_jobId, signal): Promise<Signer> {
      if (key === null) throw lost();
      await ready(signal);
      return {
        publicKey: key.publicKey,
        async sign(bytes) {
          for (;;) {
            try {
              return (await vault.ask({ type: 'job-sign', jobId, bytes })).signature;
            } catch (error) {
              // A vault that ended in between, and its approved jobs with it until it is unlocked: it is waited for again.
              if (!ENDED.has(safeError(error).code)) throw error;
              signal.throwIfAborted();
              if (state() === 'ready') await vault.ask({ type: 'state' });
              if (state() === 'ready' && safeError(error).code !== 'vault-closing') throw error;
              await ready(signal);
            }
          }
        },
      };
    },
  };
}
