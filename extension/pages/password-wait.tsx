// After wrong passwords none is tried for a while, wherever one is asked for: how long still, and else the last "no".
import type { JSX } from 'preact';
import { Callout } from '../ui/callout.tsx';
import type { SaidNo } from '../ui/error-text.ts';
import { t } from '../ui/i18n.ts';
import { usePage } from '../ui/page.ts';
import { countdownText } from '../ui/quantity-text.ts';
import { No } from './no.tsx';

/** Milliseconds until a password is tried again; 0: at once. The vault counts, this only says so. */
export function usePasswordWait(): number {
  const { vault, now } = usePage();
  return Math.max(0, (vault.state.value?.retryAtMs ?? 0) - now.value);
}

interface PasswordProblemProps {
  waitMs: number;
  no: SaidNo | null;
  testid?: string | undefined;
}

export const PasswordProblem = ({ waitMs, no, testid }: PasswordProblemProps): JSX.Element =>
  waitMs > 0 ? (
    <Callout tone="wait" icon="clock" role="status" testid="unlock-wait">
      {t().vault.unlock.wait(countdownText(waitMs))}
    </Callout>
  ) : (
    <No no={no} {...(testid === undefined ? {} : { testid })} />
  );
