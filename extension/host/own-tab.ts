// Pages of ours in tabs and windows: found without the permission to see other tabs, brought to the front, or opened.
import { browser } from 'wxt/browser';

/** The window of an own page. */
type View = Window & { location: Location; browser: typeof browser };

/** The tab that shows this page, whatever comes after its path. */
export async function ownTab(path: string): Promise<number | undefined> {
  if (import.meta.env.FIREFOX) {
    const view = (browser.extension.getViews({ type: 'tab' }) as View[]).find((other) => other.location.pathname === path);
    return (await view?.browser.tabs.getCurrent())?.id;
  }
  const contexts = await browser.runtime.getContexts({ contextTypes: ['TAB'] });
  return contexts.find(({ documentUrl }) => documentUrl !== undefined && new URL(documentUrl).pathname === path)?.tabId;
}

/** Shows the tab in front of all windows; `url`: another hash of its page. */
export async function showTab(tabId: number, url?: string): Promise<void> {
  const tab = await browser.tabs.update(tabId, { active: true, ...(url === undefined ? {} : { url }) });
  if (tab?.windowId !== undefined) await browser.windows.update(tab.windowId, { focused: true });
}

/** `/dashboard.html#/wallet`: a page that is open goes to another hash; anything else would load it anew. */
export async function openOwnTab(path: string): Promise<void> {
  const url = new URL(path, location.origin);
  const tabId = await ownTab(url.pathname);
  if (tabId === undefined) await browser.tabs.create({ url: url.href });
  else await showTab(tabId, url.hash === '' ? undefined : url.href);
}
