// Brings a full page of ours to the front: the tab that shows it already, or a new one.
import { browser } from 'wxt/browser';
import { openTab } from './own-tab.ts';

export async function openPage(path: '/dashboard.html' | '/onboarding.html'): Promise<void> {
  const url = new URL(path, location.origin).href;
  const tabId = await openTab(url);
  if (tabId === undefined) {
    await browser.tabs.create({ url });
    return;
  }
  const { windowId } = (await browser.tabs.update(tabId, { active: true })) ?? {};
  if (windowId !== undefined) await browser.windows.update(windowId, { focused: true });
}
