// Brings the approve window to the front: the one that is open, or a new one. What it shows, it asks the runner.
import { browser } from 'wxt/browser';
import { ownTab, showTab } from './own-tab.ts';

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
  const tabId = await ownTab(PATH);
  if (tabId !== undefined) await showTab(tabId);
  else await browser.windows.create({ type: 'popup', url: new URL(`${PATH}?id=${dappId}`, location.origin).href, ...SIZE });
}
