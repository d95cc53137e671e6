// The names by which the contexts of the extension find each other; apart, so that the background script needs no parser.

/** How the host (offscreen document, Firefox's background page) says that it is one; it then speaks extension/host/messages.ts. */
export const HOST_HELLO = 'nunet-host';
/** Name and script of the SharedWorker. */
export const RUNNER = { script: '/runner.js', name: 'nunet-runner' } as const;
/** A page's request to the background script; nothing but this travels by runtime.sendMessage. */
export const ENSURE_HOST = 'ensure-host';
