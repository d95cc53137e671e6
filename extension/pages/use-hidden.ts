// Whether this page is in the background: what must not be seen is taken off it at once, before a picture of the tab is made.
import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** Calls `onHide` when the page goes into the background. */
export function useHidden(onHide: () => void): ReadonlySignal<boolean> {
  const isHidden = useSignal(document.visibilityState === 'hidden');
  useEffect(() => {
    const look = (): void => {
      isHidden.value = document.visibilityState === 'hidden';
      if (isHidden.value) onHide();
    };
    document.addEventListener('visibilitychange', look);
    addEventListener('pagehide', onHide);
    return () => {
      document.removeEventListener('visibilitychange', look);
      removeEventListener('pagehide', onHide);
    };
  }, []);
  return isHidden;
}
