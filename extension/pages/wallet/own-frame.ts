// A name for this page and this flow, so that another page's question to the vault does not replace this one's.
import { useRef } from 'preact/hooks';

export function useOwnFrame(): string {
  const frame = useRef('');
  if (frame.current === '') {
    const random = crypto.getRandomValues(new Uint8Array(8));
    frame.current = `own ${Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  }
  return frame.current;
}
