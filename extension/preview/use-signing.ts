// The signing flow for a component: begun once for what it is given, ended with the component.
import { useEffect, useRef } from 'preact/hooks';
import { startSigning, type Signing, type SigningNeeds } from './signing.ts';

/** Begun when the component is first drawn; give it a `key` of what is signed, so that other bytes are another flow. */
export function useSigning(needs: SigningNeeds): Signing {
  const signing = useRef<Signing | null>(null);
  signing.current ??= startSigning(needs);
  useEffect(
    () => () => {
      signing.current?.end();
      signing.current = null;
    },
    [],
  );
  return signing.current;
}
