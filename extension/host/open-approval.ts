// Brings the approve window to the front: the one that is open, or a new one. What it shows, it asks the runner.
import { browser } from 'wxt/browser';
import { openTab } from './own-tab.ts';

const PATH = '/approve.html';
/** A phone's width, and room for the sheet. */
const SIZE = { width: 420, height: 720 } as const;

let opening: Promise<void> | undefined;

/** One window, however many ask at once. */
export function openApproval(dappId: string): Promise<void> {
  opening ??= open(dappId).finally(() => (opening = undefined));
  return opening;
}

async function open(dappId: string): Promise<void> {
  const url = new URL(PATH, location.origin).href;
  const tabId = await openTab(url);
  if (tabId === undefined) {
    await browser.windows.create({ type: 'popup', url: `${url}?id=${dappId}`, ...SIZE });
    return;
  }
  const tab = await browser.tabs.update(tabId, { active: true });
  if (tab?.windowId !== undefined) await browser.windows.update(tab.windowId, { focused: true });
}
