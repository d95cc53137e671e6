// Around what needs an open wallet: the way to open it, in place.
import type { ComponentChildren, JSX } from 'preact';
import { t } from '../../ui/i18n.ts';
import { usePage } from '../../ui/page.ts';
import { Unlock } from '../unlock.tsx';

export function NeedsKey({ children }: { children: ComponentChildren }): JSX.Element {
  const { vault } = usePage();
  if (vault.state.value?.state !== 'locked') return <>{children}</>;
  return (
    <div class="stack needs-key">
      <p class="hint">{t().settings.locked}</p>
      <Unlock hasTitle={false} />
    </div>
  );
}
