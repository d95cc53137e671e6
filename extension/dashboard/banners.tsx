// Draws what waits for the person, each with the one button that leads to it.
import type { JSX } from 'preact';
import { Button, LinkButton } from '../ui/button.tsx';
import { Callout } from '../ui/callout.tsx';
import { errorText } from '../ui/error-text.ts';
import { t } from '../ui/i18n.ts';
import { usePage } from '../ui/page.ts';
import { visibleText } from '../ui/visible-text.ts';
import { bannersOf, type Banner } from './what-waits.ts';
import { routeHash } from './route.ts';
import { useRouter } from './router.ts';

function Line({ banner }: { banner: Banner }): JSX.Element | null {
  const { isUnlocking, route } = useRouter();
  const words = t().shell.banners;
  switch (banner.kind) {
    case 'vault-failed':
      return (
        <Callout tone="bad" role="alert" testid="vault-failed" code={banner.code} title={words.vaultFailed}>
          {errorText(banner)}
        </Callout>
      );
    case 'signing': {
      const here = route.value;
      // The job's own page asks already.
      if (here.view === 'job' && here.jobId === banner.jobId) return null;
      const href = routeHash({ view: 'job', jobId: banner.jobId });
      return (
        <Callout
          tone="wait"
          role="status"
          icon="edit"
          testid="banner-signing"
          actions={
            <LinkButton size="small" href={href}>
              {words.review}
            </LinkButton>
          }
        >
          {words.signing(visibleText(banner.title, 60), banner.others)}
        </Callout>
      );
    }
    case 'unlock':
      return (
        <Callout
          tone="wait"
          role="status"
          icon="lock"
          testid="banner-unlock"
          actions={
            <Button size="small" onClick={() => (isUnlocking.value = true)}>
              {t().shell.account.unlock}
            </Button>
          }
        >
          {words.unlock(banner.jobs)}
        </Callout>
      );
    case 'dapp':
      return (
        <Callout tone="wait" role="status" icon="link" testid="banner-dapp">
          {words.dapp(banner.asks)}
        </Callout>
      );
    case 'back-up':
      return (
        <Callout
          tone="wait"
          icon="vault"
          testid="banner-back-up"
          actions={
            <LinkButton size="small" href={routeHash({ view: 'settings', place: ['backup'] })}>
              {words.backUpNow}
            </LinkButton>
          }
        >
          {words.backUp}
        </Callout>
      );
  }
}

export function Banners(): JSX.Element {
  const { runner, vault } = usePage();
  return (
    <>
      {bannersOf(runner.app.value, vault.state.value).map((banner) => (
        <Line key={banner.kind} banner={banner} />
      ))}
    </>
  );
}
