// Entry of the offscreen document (Chromium): the host.
import { browser } from 'wxt/browser';
import { askedFor } from '../../cip30/host-ports.ts';
import { OPEN_APPROVAL } from '../../cip30/wire.ts';
import { LOCK_VAULT, lockVault } from '../../host/lock-vault.ts';
import { startHost } from '../../host/start-host.ts';
import { VAULT } from '../../vault/messages.ts';

const host = startHost(document, (dappId) => void browser.runtime.sendMessage(OPEN_APPROVAL + dappId).catch(() => undefined));
const own = { id: browser.runtime.id, origin: location.origin };
// It listens for no connection: extension/cip30/host-ports.ts says why.
browser.runtime.onMessage.addListener((message: unknown, sender) => {
  const asked = askedFor(message, sender, own);
  if (asked !== null) host.dapp(asked.asker, browser.runtime.connect({ name: asked.portName }));
});
// Of our own extension, whichever part of it: locking does no harm.
browser.runtime.onMessage.addListener((message: unknown, sender) => {
  if (message === LOCK_VAULT && sender.id === own.id) lockVault(new SharedWorker(VAULT.script, { name: VAULT.name }).port);
});
