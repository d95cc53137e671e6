// Entry of the approve window: opened by the background script when a web page asks for something.
import { Approve } from '../../pages/approve/approve.tsx';
import { startPage } from '../../pages/start-page.tsx';
import { t } from '../../ui/i18n.ts';
import '../../ui/base.css';
import '../../pages/pages.css';

const wantedId = (new URLSearchParams(location.search).get('id') ?? '').slice(0, 32);

startPage({ title: () => t().dapp.title, content: () => <Approve wantedId={wantedId} />, offersSidePanel: false, closesOnOpen: false });
