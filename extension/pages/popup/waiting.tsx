// What waits for the person: web pages that ask, and jobs that want a signature.
import type { JSX } from 'preact';
import { Button } from '../../ui/button.tsx';
import { Callout } from '../../ui/callout.tsx';
import { t } from '../../ui/i18n.ts';
import { usePage } from '../../ui/page.ts';
import { Stranger } from '../../ui/stranger.tsx';
import { useWayOut } from '../way-out.ts';

export function Waiting(): JSX.Element | null {
  const { runner } = usePage();
  const { open } = useWayOut();
  const app = runner.app.value;
  const words = t().wallet.popup;
  const [asked] = app?.dapps.pending ?? [];
  const [signing] = app?.signings ?? [];
  return (
    <>
      {asked !== undefined && (
        <Callout
          tone="wait"
          title={words.approvals(app?.dapps.pending.length ?? 1)}
          testid="waiting-dapp"
          actions={
            <Button size="small" testid="waiting-dapp-open" onClick={() => open(`/approve.html?id=${asked.dappId}`)}>
              {words.look}
            </Button>
          }
        >
          <Stranger text={asked.origin} length={60} />
        </Callout>
      )}
      {signing !== undefined && (
        <Callout
          tone="wait"
          title={words.signings(app?.signings.length ?? 1)}
          testid="waiting-signing"
          actions={
            <Button size="small" onClick={() => open(`/dashboard.html#/jobs/${signing.jobId}`)}>
              {words.look}
            </Button>
          }
        />
      )}
    </>
  );
}
