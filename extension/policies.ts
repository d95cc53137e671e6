// Content security policies, in one place because two of them must agree: the manifest's and the one that each frame carries itself.

/** What a page, a worker or the offscreen document of the extension may do. `frame-src 'self'` keeps a frame from sending itself to a stranger's site. */
const pages = [
  "default-src 'none'",
  // 'wasm-unsafe-eval': the vault's Argon2id is WebAssembly, three times as fast as JavaScript, so that a password costs an attacker more.
  "script-src 'self' 'wasm-unsafe-eval'",
  // uPlot and Preact set styles on elements; no sheet or attribute from a stranger ever gets here.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "worker-src 'self'",
  // A chain source and the oracles of a network record may be anywhere; on this machine they may be plain http.
  "connect-src 'self' https: http://127.0.0.1:* http://localhost:*",
  "frame-src 'self'",
  "base-uri 'none'",
  "object-src 'none'",
  "form-action 'none'",
].join('; ');

/** Chromium's sandboxed pages: the union of what the frames need; each frame's own meta tag takes away what it does not. */
const sandbox = [
  'sandbox allow-scripts',
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  'connect-src ws: wss:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

export const POLICIES = { pages, sandbox } as const;
