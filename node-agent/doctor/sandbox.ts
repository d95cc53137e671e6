// What the executors proved of themselves, as findings. Pure.
import type { ExecutorFingerprint } from '../executor/executor.ts';
import { fail, pass, warn, type Finding } from './finding.ts';

export interface ProbeFacts {
  hasBubblewrap: boolean;
  /** /proc/sys/kernel/unprivileged_userns_clone (Debian) and .../apparmor_restrict_unprivileged_userns (Ubuntu); null: no such switch. */
  usernsClone: string | null;
  apparmorRestricts: string | null;
}

/** Why unprivileged namespaces do not work, as far as the system says. */
function namespaceFix({ hasBubblewrap, usernsClone, apparmorRestricts }: ProbeFacts): string {
  if (usernsClone === '0') return 'Allow user namespaces: sysctl -w kernel.unprivileged_userns_clone=1';
  if (apparmorRestricts === '1')
    return 'AppArmor forbids user namespaces: apt install bubblewrap (it has a profile), or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0';
  return hasBubblewrap
    ? 'Inside a container: let it make user namespaces; otherwise see which probe failed with --json'
    : 'apt install bubblewrap';
}

/** `error`: why the executor cannot even be probed. */
export function judgeSandbox(kind: 'embedded' | 'container', probed: ExecutorFingerprint | { error: string }, facts: ProbeFacts): Finding {
  const check = `sandbox-${kind}`;
  const fix = kind === 'embedded' ? namespaceFix(facts) : 'See the engine’s own lines above; the probe’s checks are in --json';
  if ('error' in probed) return fail(check, `The sandbox cannot be probed: ${probed.error}`, fix);
  const failed = probed.checks.filter(({ passed }) => !passed).map(({ name, detail }) => `${name} (${detail})`);
  if (probed.kinds.length === 0)
    return fail(check, `Below the floor, no jobs are taken: ${failed.slice(0, 4).join('; ') || probed.detail}`, fix);
  const says = `Probed, ${probed.checks.length} attempts to break out failed: ${probed.detail}`;
  return failed.length === 0 ? pass(check, says) : warn(check, `${probed.detail}; not held: ${failed.slice(0, 4).join('; ')}`, fix);
}
