// How one job's money is signed for: its lock by the person on the signing sheet, its way back by the vault, which knows from the approved
// lock where it may go. The runner holds no key; each signature is checked against the bytes that were meant before they go on.
import type { Wallet } from '@nunet/contracts/job-escrow.ts';
import { addWitnesses } from '@nunet/contracts/sign.ts';
import { formatAmount } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Clock, Escrow } from '@nunet/shared/job-flow/ports.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import type { JobKeyNote } from './job-keys.ts';
import type { Linked } from './linked.ts';
import { ownWitness, type Signings } from './signings.ts';
import type { VaultLink } from './vault-link.ts';

/** Between two looks at the chain's time while a person is waited for. */
const LOOK_MS = 1_000;

export interface MoneyParts {
  jobId: string;
  title: string;
  key: JobKeyNote;
  /** Base address of the job's account. */
  address: string;
  /** Of the quote that was taken. */
  quote: () => Quote;
  linked: () => Linked | null;
  vault: VaultLink;
  signings: Signings;
  clock: Clock;
}

/** Aborts when the quote has expired by the chain's time. */
async function expiry({ clock, quote }: MoneyParts, linked: Linked, over: AbortController, signal: AbortSignal): Promise<void> {
  while ((linked.tipTimeMs() ?? 0) < quote().expiresAt) await clock.sleep(LOOK_MS, signal);
  over.abort(new NunetError('signing-expired', 'Nobody signed the lock before the quote expired'));
}

/** The lock is signed by a person, on the account that is shown to that person. */
async function signLock(parts: MoneyParts, cbor: string, signal: AbortSignal): Promise<string> {
  const { jobId, title, key, signings } = parts;
  const { amountBaseUnits, expiresAt, computeProvider } = parts.quote();
  const linked = parts.linked();
  if (linked === null || linked.account.payment !== key.payment)
    throw new NunetError('account-other', 'This job was prepared with another account: select that account to sign its lock');
  const over = new AbortController();
  const done = new AbortController();
  expiry(parts, linked, over, done.signal).catch(() => undefined);
  try {
    const witness = await signings.ask(
      {
        jobId,
        title,
        account: key.account,
        cbor,
        grant: { jobId, keyId: key.keyId, budgetBaseUnits: amountBaseUnits, computeProvider: computeProvider.address },
        expiresAtMs: expiresAt,
      },
      key.payment,
      AbortSignal.any([signal, linked.signal, over.signal]),
    );
    return addWitnesses(cbor, [witness]);
  } finally {
    done.abort();
  }
}

export function jobWallet(parts: MoneyParts): Wallet {
  const { jobId, key, vault } = parts;
  return {
    address: parts.address,
    async sign(cbor, what, signal) {
      if (what === 'lock') return signLock(parts, cbor, signal);
      const { witnesses } = await vault.ask({ type: 'job-spend', jobId, account: key.account, cbor });
      return addWitnesses(cbor, [ownWitness(cbor, key.payment, witnesses)]);
    },
  };
}

/** The job's escrow, where nothing is built for a vault that could not sign it. */
export function unlockedEscrow(escrow: Escrow, { title, quote, vault }: MoneyParts): Escrow {
  const demandOpen = (comes: string): void => {
    if (vault.state()?.state === 'open') return;
    throw new NunetError('vault-locked', `Unlock the wallet: ${formatAmount(quote().amountBaseUnits)} NTX of job “${title}” ${comes}`);
  };
  return {
    ...escrow,
    async buildReclaim(...args) {
      demandOpen('can come back');
      return escrow.buildReclaim(...args);
    },
    async buildAgree(...args) {
      demandOpen('can be settled as agreed');
      return escrow.buildAgree(...args);
    },
  };
}
