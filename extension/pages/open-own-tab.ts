// Brings a page of the extension to the front: the tab that shows it already, or a new one. Needs no permission to see other tabs.
import { browser } from 'wxt/browser';

/** `/dashboard.html#/wallet`; another hash of a page that is open is gone to in its tab. */
export async function openOwnTab(path: string): Promise<void> {
  const url = new URL(path, location.origin).href;
  const page = url.split('#')[0] ?? url;
  const tabId = await ownTab(page);
  if (tabId === undefined) {
    await browser.tabs.create({ url });
    return;
  }
  const { windowId } = (await browser.tabs.update(tabId, { active: true, ...(url === page ? {} : { url }) })) ?? {};
  if (windowId !== undefined) await browser.windows.update(windowId, { focused: true });
}

type View = Window & { location: Location; browser: typeof browser };

async function ownTab(page: string): Promise<number | undefined> {
  if (import.meta.env.FIREFOX) {
    const view = (browser.extension.getViews({ type: 'tab' }) as View[]).find((other) => other.location.href.split('#')[0] === page);
    return (await view?.browser.tabs.getCurrent())?.id;
  }
  const contexts = await browser.runtime.getContexts({ contextTypes: ['TAB'] });
  return contexts.find((context) => context.documentUrl?.split('#')[0] === page)?.tabId;
}
