// An address or another id: its ends, whole on demand in groups that an eye can compare, and a button that copies it.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import './address.css';
import { CopyButton } from './copy-button.tsx';
import { t } from './i18n.ts';
import { shortId, visibleText } from './visible-text.ts';

export interface AddressProps {
  text: string;
  /** What is copied: "the address". */
  what: string;
  /** Whole from the beginning. */
  isFull?: boolean | undefined;
  testid?: string | undefined;
}

const GROUP = 8;
/** The longest Cardano address has 108 characters in bech32; whatever is longer is not one. */
const MAX_SHOWN = 200;

export const groupsOf = (text: string): string[] => visibleText(text, MAX_SHOWN).match(new RegExp(`.{1,${GROUP}}`, 'gsu')) ?? [];

export function Address({ text, what, isFull, testid }: AddressProps): JSX.Element {
  const isOpen = useSignal(isFull === true);
  const short = shortId(text, 12, 6);
  return (
    <span class={isOpen.value ? 'address full' : 'address'}>
      <button
        type="button"
        class="address-text"
        aria-expanded={isOpen.value}
        aria-label={isOpen.value ? undefined : t().shell.parts.showWhole(what, short)}
        title={text.length <= MAX_SHOWN ? visibleText(text, MAX_SHOWN) : undefined}
        data-testid={testid}
        data-address={text}
        onClick={() => (isOpen.value = !isOpen.value)}
      >
        {isOpen.value
          ? groupsOf(text).map((group, i) => (
              <span key={i} class={i % 2 === 1 ? 'odd' : undefined}>
                {group}
              </span>
            ))
          : short}
      </button>
      <CopyButton text={text} what={what} />
    </span>
  );
}
