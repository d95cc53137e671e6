// The tab that shows one of our pages, found without the permission to see all tabs.
import { browser } from 'wxt/browser';

/** The window of an own page. */
type View = Window & { location: Location; browser: typeof browser };

export async function openTab(url: string): Promise<number | undefined> {
  if (import.meta.env.FIREFOX) {
    const view = (browser.extension.getViews({ type: 'tab' }) as View[]).find((other) => other.location.href.startsWith(url));
    return (await view?.browser.tabs.getCurrent())?.id;
  }
  const contexts = await browser.runtime.getContexts({ contextTypes: ['TAB'] });
  return contexts.find((context) => context.documentUrl?.startsWith(url) === true)?.tabId;
}
