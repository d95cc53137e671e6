// Makes the offscreen document that is the host in Chromium: one, however many ask at once.
import { browser } from 'wxt/browser';

const PATH = '/offscreen.html';
let making: Promise<void> | undefined;

/** Resolves when the document is there. */
export function ensureOffscreenHost(): Promise<void> {
  making ??= make().finally(() => (making = undefined));
  return making;
}

async function make(): Promise<void> {
  if (await browser.offscreen.hasDocument()) return;
  await browser.offscreen.createDocument({
    url: PATH,
    reasons: ['WEB_RTC', 'WORKERS'],
    justification: 'Keeps direct connections to compute providers and the jobs that run on them while no page is open.',
  });
}
