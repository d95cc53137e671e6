// The first step: language, what a test network is, and where the wallet comes from.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Callout } from '../../ui/callout.tsx';
import { t } from '../../ui/i18n.ts';
import type { IconName } from '../../ui/icons.tsx';
import { ListRow, Rows } from '../../ui/list-row.tsx';
import { Tick } from '../../ui/toggle.tsx';

export type Way = 'create' | 'restore' | 'file';

/** Accepted once in a browser. */
const ACCEPTED = 'nunet-testnet-accepted';

const WAYS: readonly { way: Way; icon: IconName }[] = [
  { way: 'create', icon: 'plus' },
  { way: 'restore', icon: 'edit' },
  { way: 'file', icon: 'folder' },
];

export function Welcome({ onChosen }: { onChosen: (way: Way) => void }): JSX.Element {
  const isAccepted = useSignal(localStorage.getItem(ACCEPTED) === 'yes');
  const isMissing = useSignal(false);
  const words = t().vault.welcome;
  const choose = (way: Way): void => {
    isMissing.value = !isAccepted.value;
    if (!isAccepted.value) return;
    localStorage.setItem(ACCEPTED, 'yes');
    onChosen(way);
  };
  return (
    <>
      <h1 tabIndex={-1}>{words.title}</h1>
      <p class="lead">{words.lead}</p>
      <Callout tone="wait">
        <p>{words.testnet}</p>
        <Tick
          label={words.accept}
          isOn={isAccepted.value}
          testid="onboarding-accept"
          onChange={(isOn) => {
            isAccepted.value = isOn;
            isMissing.value = false;
          }}
        />
        {isMissing.value && (
          <p role="alert" data-testid="accept-first">
            {words.acceptFirst}
          </p>
        )}
      </Callout>
      <Rows label={words.waysLabel}>
        {WAYS.map(({ way, icon }) => (
          <ListRow
            key={way}
            icon={icon}
            title={words[way]}
            more={words[`${way}Hint`]}
            testid={`onboarding-${way}`}
            onClick={() => choose(way)}
          />
        ))}
      </Rows>
    </>
  );
}
