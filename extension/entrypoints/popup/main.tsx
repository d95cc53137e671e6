// Entry of the popup: 360 x 600, everyday money, usable at once.
import { Popup } from '../../pages/popup/popup.tsx';
import { t } from '../../ui/i18n.ts';
import { startPage } from '../../pages/start-page.tsx';
import '../../ui/base.css';
import '../../pages/pages.css';

startPage({ title: () => t().wallet.title, content: () => <Popup kind="popup" />, offersSidePanel: true, closesOnOpen: true });
