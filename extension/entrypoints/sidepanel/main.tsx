// Entry of the side panel (Firefox: sidebar): the popup's parts beside any page, with the jobs that run.
import { Popup } from '../../pages/popup/popup.tsx';
import { t } from '../../ui/i18n.ts';
import { startPage } from '../../pages/start-page.tsx';
import '../../ui/base.css';
import '../../pages/pages.css';

startPage({ title: () => t().wallet.title, content: () => <Popup kind="panel" />, offersSidePanel: false, closesOnOpen: false });
