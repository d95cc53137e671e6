// The keyboard begins where a form begins.
import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';

export const useFirstFocus = (element: RefObject<HTMLElement | null>): void => {
  useEffect(() => element.current?.focus({ preventScroll: true }), []);
};
