// Since when a sheet has been in front of the person without a break, and whether its end has been seen. The browser's part of approve-guard.ts.
import { useSignal, type ReadonlySignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';
import { INERT_MS } from './approve-guard.ts';

export interface Attention {
  /** On the page's own clock (performance.now, as events have it); null while the page is hidden. */
  sinceMs: number | null;
  nowMs: number;
}

const isHidden = (): boolean => document.visibilityState === 'hidden';

/** Begins again with each `round`, and whenever the page or its window comes to the front: a click that brings it there is meant for no button. */
export function useAttention(round: unknown): ReadonlySignal<Attention> {
  const attention = useSignal<Attention>({ sinceMs: null, nowMs: 0 });
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const begin = (): void => {
      clearTimeout(timer);
      const nowMs = performance.now();
      attention.value = { sinceMs: isHidden() ? null : nowMs, nowMs };
      // Timers may fire a little early by the page's clock; a look too early would leave the button inert for good.
      const look = (): void => {
        const { sinceMs } = attention.peek();
        const at = performance.now();
        attention.value = { sinceMs, nowMs: at };
        if (sinceMs !== null && at - sinceMs < INERT_MS) timer = setTimeout(look, 20);
      };
      timer = setTimeout(look, INERT_MS);
    };
    begin();
    window.addEventListener('focus', begin);
    document.addEventListener('visibilitychange', begin);
    return () => {
      clearTimeout(timer);
      window.removeEventListener('focus', begin);
      document.removeEventListener('visibilitychange', begin);
    };
  }, [round]);
  return attention;
}

/** True once the element has been in view inside of `root`. */
export function useSeen(element: RefObject<Element | null>, root: RefObject<Element | null>, of: unknown): ReadonlySignal<boolean> {
  const isSeen = useSignal(false);
  useEffect(() => {
    isSeen.value = false;
    if (element.current === null) return undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) isSeen.value = true;
      },
      { root: root.current },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [of]);
  return isSeen;
}
