// The English BIP-39 list, loaded where words are shown or read and nowhere else.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** Null while it is loaded. */
export function useWordList(): readonly string[] | null {
  const list = useSignal<readonly string[] | null>(null);
  useEffect(() => {
    void import('@scure/bip39/wordlists/english.js').then(({ wordlist }) => (list.value = wordlist));
  }, []);
  return list.value;
}
