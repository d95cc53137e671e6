// Brings the dashboard to the front: the tab that shows it already, or a new one.
import { browser } from 'wxt/browser';

const PATH = '/dashboard.html';

export async function openDashboard(): Promise<void> {
  const url = new URL(PATH, location.origin).href;
  const tabId = await openTab(url);
  if (tabId === undefined) {
    await browser.tabs.create({ url });
    return;
  }
  const { windowId } = (await browser.tabs.update(tabId, { active: true })) ?? {};
  if (windowId !== undefined) await browser.windows.update(windowId, { focused: true });
}

/** The window of an own page. */
type View = Window & { location: Location; browser: typeof browser };

/** The own tab, found without the permission to see all tabs. */
async function openTab(url: string): Promise<number | undefined> {
  if (import.meta.env.FIREFOX) {
    const view = (browser.extension.getViews({ type: 'tab' }) as View[]).find((other) => other.location.href.startsWith(url));
    return (await view?.browser.tabs.getCurrent())?.id;
  }
  const contexts = await browser.runtime.getContexts({ contextTypes: ['TAB'] });
  return contexts.find((context) => context.documentUrl?.startsWith(url) === true)?.tabId;
}
