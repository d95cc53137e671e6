// The form of a chosen card comes into view where the cards fill a small screen.
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export function useIntoView<Shown extends HTMLElement>(): RefObject<Shown | null> {
  const place = useRef<Shown>(null);
  useEffect(() => place.current?.scrollIntoView({ block: 'nearest' }), []);
  return place;
}
