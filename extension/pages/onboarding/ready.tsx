// The end of onboarding: how to find the wallet again, and the way into the dashboard.
import type { JSX } from 'preact';
import { LinkButton } from '../../ui/button.tsx';
import { t } from '../../ui/i18n.ts';
import { ListRow, Rows } from '../../ui/list-row.tsx';
import { useWayOut } from '../way-out.ts';

export function Ready(): JSX.Element {
  const { openSidePanel } = useWayOut();
  const words = t().vault.done;
  return (
    <>
      <h1 tabIndex={-1}>{words.title}</h1>
      <p class="lead">{words.lead}</p>
      <Rows>
        <ListRow icon="link" title={words.pin} more={words.pinHint} />
        {openSidePanel !== null && (
          <ListRow icon="panel" title={words.panel} more={words.panelHint} testid="open-panel" onClick={openSidePanel} />
        )}
      </Rows>
      <div class="actions end">
        <LinkButton kind="primary" size="large" testid="onboarding-done" href="/dashboard.html#/">
          {words.dashboard}
        </LinkButton>
      </div>
    </>
  );
}
