// The runner's link to the vault: the same client as a page's, over ports that the host opens, so that the vault lives as long as the host.
// A vault that ended is opened again, and is locked then. No secret passes here: passwords and words travel between pages and the vault.
import { NunetError } from '@nunet/shared/errors.ts';
import { orAborted } from '@nunet/shared/job-flow/waiting.ts';
import { VaultClient } from '../vault/client.ts';
import type { VaultAnswers, VaultRequest, VaultState } from '../vault/messages.ts';
import type { After } from './coalesced.ts';

/** What the runner asks: nothing that carries a secret, and nothing that a person has to approve. */
export type RunnerVaultRequest = Extract<
  VaultRequest,
  { type: 'state' | 'network' | 'job-key' | 'job-sign' | 'job-spend' | 'job-end' | 'owner-key' | 'owner-sign' }
>;
type Request<Type> = Extract<RunnerVaultRequest, { type: Type }>;

/** A request that finds no vault: there is no host, or it cannot open one. */
const ANSWER_MS = 60_000;

export interface VaultLink {
  /** Null until the vault has spoken. Of a vault that ended: its accounts, and nothing open. */
  state(): VaultState | null;
  /** It has spoken since it was opened last. */
  isHere(): boolean;
  /** Throws what the vault answered, `vault-closing` when it ended meanwhile, `vault-silent` when there is none. */
  ask<Type extends RunnerVaultRequest['type']>(request: Request<Type>): Promise<VaultAnswers[Type]>;
  /** Resolves once this holds of the newest state, or rejects with the signal's reason. */
  until(holds: (state: VaultState | null) => boolean, signal: AbortSignal): Promise<void>;
  /** Opens it anew: what opened it before is gone. */
  renew(): void;
  stop(): void;
}

const afterItsEnd = (state: VaultState | null): VaultState | null =>
  state === null ? null : { ...state, state: state.state === 'open' ? 'locked' : state.state, locksAtMs: null, jobs: [] };

export function vaultLink(parts: {
  /** A port from the host, once there is one. */
  open: () => Promise<MessagePort>;
  /** Milliseconds from any fixed origin. */
  now: () => number;
  after: After;
  /** The state is another, or the vault was lost. */
  onChange: () => void;
  /** A vault was opened, which knows nothing of the runner yet. */
  onOpened: () => void;
}): VaultLink {
  let state: VaultState | null = null;
  let isHere = false;
  let isStopped = false;
  let client: VaultClient | undefined;
  const watchers = new Set<() => void>();

  const changed = (): void => {
    for (const look of [...watchers]) look();
    parts.onChange();
  };
  const every = (ms: number, act: () => void): (() => void) => {
    let cancel = parts.after(ms, function again() {
      cancel = parts.after(ms, again);
      act();
    });
    return () => cancel();
  };
  const lost = (): void => {
    if (!isHere) return;
    isHere = false;
    state = afterItsEnd(state);
    changed();
  };
  const connect = (): VaultClient => {
    const mine = new VaultClient({
      now: parts.now,
      every,
      after: (ms, act) => void parts.after(ms, act),
      async open() {
        // The client opens another port because the one before has ended.
        lost();
        const port = await parts.open();
        port.addEventListener('close', () => {
          if (client === mine && isHere) renew();
        });
        return port;
      },
    });
    mine.onState((next) => {
      if (client !== mine) return;
      const isFirst = !isHere;
      isHere = true;
      state = next;
      if (isFirst) parts.onOpened();
      changed();
    });
    return mine;
  };
  const renew = (): void => {
    if (isStopped) return;
    client?.close();
    lost();
    client = connect();
  };
  renew();

  return {
    state: () => state,
    isHere: () => isHere,
    ask<Type extends RunnerVaultRequest['type']>(request: Request<Type>): Promise<VaultAnswers[Type]> {
      if (client === undefined) throw new NunetError('runner-stopped', 'The runner has been stopped');
      // A client whose port never comes says nothing.
      const late = new AbortController();
      const cancel = parts.after(ANSWER_MS, () =>
        late.abort(new NunetError('vault-silent', 'The wallet cannot be reached; open the dashboard again')),
      );
      return orAborted(client.ask<Type>(request as never), late.signal).finally(cancel);
    },
    until(holds, signal) {
      const held = Promise.withResolvers<void>();
      const look = (): void => {
        if (holds(state)) held.resolve();
      };
      watchers.add(look);
      look();
      return orAborted(held.promise, signal).finally(() => watchers.delete(look));
    },
    renew,
    stop() {
      isStopped = true;
      client?.close();
      client = undefined;
      isHere = false;
    },
  };
}
