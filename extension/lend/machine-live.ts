// What a machine is doing now, asked of it every few seconds while somebody looks. Each question is signed, so a locked wallet sees nothing.
import { useSignal, type ReadonlySignal } from '@preact/signals';
import { safeError } from '@nunet/shared/errors.ts';
import type { OwnerStatus } from '@nunet/shared/owner-views.ts';
import { useCallback, useEffect, useRef } from 'preact/hooks';
import type { SaidNo } from '../ui/error-text.ts';
import { usePage } from '../ui/page.ts';
import type { MachineView } from './messages.ts';

export type Live =
  | { state: 'asking' }
  | { state: 'locked' }
  /** It works on another network than this browser. */
  | { state: 'elsewhere' }
  | { state: 'online'; status: OwnerStatus }
  /** `status`: what it said last. */
  | { state: 'offline' | 'revoked'; because: SaidNo; status: OwnerStatus | null };

const LOOK_MS = 5_000;
const LOCKED: ReadonlySet<string> = new Set(['vault-locked', 'vault-closing']);
const NOT_OWNED: ReadonlySet<string> = new Set(['owner-revoked', 'owner-unknown']);

/** Pure. */
export function liveAfter(before: Live, because: SaidNo): Live {
  if (LOCKED.has(because.code)) return { state: 'locked' };
  if (because.code === 'machine-elsewhere') return { state: 'elsewhere' };
  const status = 'status' in before ? before.status : null;
  return { state: NOT_OWNED.has(because.code) ? 'revoked' : 'offline', because, status };
}

/** `look`: asks now, after something was changed. */
export function useLive({ peerId, network }: Pick<MachineView, 'peerId' | 'network'>): { live: ReadonlySignal<Live>; look: () => void } {
  const { runner, vault } = usePage();
  const live = useSignal<Live>({ state: 'asking' });
  const isAsking = useRef(false);
  const app = runner.app.value;
  const connected = app?.network.state === 'ready' ? app.network.target.network : null;
  const isOpen = vault.state.value?.state === 'open';
  const look = useCallback((): void => {
    if (isAsking.current || document.hidden) return;
    isAsking.current = true;
    runner
      .ask({ type: 'machine-order', peerId, order: { type: 'status' } })
      .then(
        (answer) => {
          if (answer.type === 'status') live.value = { state: 'online', status: answer.status };
        },
        (error: unknown) => {
          live.value = liveAfter(live.peek(), safeError(error));
        },
      )
      .finally(() => {
        isAsking.current = false;
      })
      .catch(() => undefined);
  }, [peerId]);
  useEffect(() => {
    if (!isOpen) {
      live.value = { state: 'locked' };
      return;
    }
    if (connected !== null && connected !== network) {
      live.value = { state: 'elsewhere' };
      return;
    }
    if (live.peek().state === 'locked') live.value = { state: 'asking' };
    look();
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, [peerId, isOpen, connected]);
  return { live, look };
}
