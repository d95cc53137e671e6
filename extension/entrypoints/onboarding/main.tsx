// Entry of onboarding: a tab of its own, opened at install and wherever there is no wallet yet.
import { Onboarding } from '../../pages/onboarding/onboarding.tsx';
import { t } from '../../ui/i18n.ts';
import { startPage } from '../../pages/start-page.tsx';
import '../../ui/base.css';
import '../../pages/pages.css';

const devnetUrl = (new URLSearchParams(location.search).get('devnet') ?? '').slice(0, 200);

startPage({
  title: () => t().vault.title,
  content: () => <Onboarding devnetUrl={devnetUrl} isForgotten={location.hash === '#forgot'} />,
  offersSidePanel: true,
  closesOnOpen: false,
});
