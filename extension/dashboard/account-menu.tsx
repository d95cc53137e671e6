// Which account is used, the way to another, and the lock: open or closed, always in the same corner.
import type { JSX } from 'preact';
import { Button, IconButton } from '../ui/button.tsx';
import { t } from '../ui/i18n.ts';
import { Menu } from '../ui/menu.tsx';
import { usePage } from '../ui/page.ts';
import { Stranger } from '../ui/stranger.tsx';
import { useRouter } from './router.ts';

const MAX_NAME = 18;

export function AccountMenu(): JSX.Element | null {
  const { vault, act } = usePage();
  const { isUnlocking, go } = useRouter();
  const state = vault.state.value;
  if (state === null || state.state === 'empty' || state.state === 'failed') return null;
  const selected = state.accounts.find(({ index }) => index === state.selected);
  const words = t().shell.account;
  return (
    <>
      {selected !== undefined && (
        <Menu
          label={words.switch}
          icon="user"
          testid="account-menu"
          button={
            <span class="account-name">
              <Stranger text={selected.name} length={MAX_NAME} />
            </span>
          }
          items={[
            ...state.accounts.map(({ index, name }) => ({
              label: <Stranger text={name} length={40} />,
              isChosen: index === state.selected,
              testid: `account-${index}`,
              onClick: () => void act(() => vault.ask({ type: 'select-account', index })),
            })),
            { label: words.manage, icon: 'settings' as const, onClick: () => go({ view: 'settings', place: ['accounts'] }) },
          ]}
        />
      )}
      {state.state === 'open' ? (
        <IconButton icon="unlock" label={words.lock} testid="lock" onClick={() => void act(() => vault.ask({ type: 'lock' }))} />
      ) : (
        <Button icon="lock" size="small" kind="primary" testid="show-unlock" onClick={() => (isUnlocking.value = true)}>
          <span class="unlock-word">{words.unlock}</span>
        </Button>
      )}
    </>
  );
}
