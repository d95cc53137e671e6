// One question at a time of a form: whether it is under way, and the "no" it came back with, which is shown beside the form.
import { useSignal, type ReadonlySignal } from '@preact/signals';
import { safeError } from '@nunet/shared/errors.ts';
import { useEffect, useRef } from 'preact/hooks';
import type { SaidNo } from '../ui/error-text.ts';

export interface Asking {
  isBusy: ReadonlySignal<boolean>;
  no: ReadonlySignal<SaidNo | null>;
  /** True when it went through. A second call while one is under way does nothing. */
  run: (work: () => Promise<unknown>) => Promise<boolean>;
  clear: () => void;
}

export function useAsking(): Asking {
  const isBusy = useSignal(false);
  const no = useSignal<SaidNo | null>(null);
  const isShown = useRef(true);
  useEffect(
    () => () => {
      isShown.current = false;
    },
    [],
  );
  const asking = useRef<Asking | null>(null);
  asking.current ??= {
    isBusy,
    no,
    clear: () => {
      no.value = null;
    },
    run: async (work) => {
      if (isBusy.value) return false;
      isBusy.value = true;
      no.value = null;
      try {
        await work();
        return true;
      } catch (error) {
        if (isShown.current) no.value = safeError(error);
        return false;
      } finally {
        isBusy.value = false;
      }
    },
  };
  return asking.current;
}
