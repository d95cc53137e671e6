// Node's modules as Mesh imports them, answered by a few lines of our own: 5.3 MB instead of 6.2 with generic polyfills, and no `elliptic`.
import type { AliasOptions } from 'vite';

/** `folder` is where the shims lie. */
export const slimMesh = (folder: string): AliasOptions => [
  // The builder alone, without wallets, providers and their requests.
  { find: '@meshsdk/core', replacement: '@meshsdk/transaction' },
  { find: /^libsodium(-wrappers)?-sumo$/, replacement: `${folder}/libsodium.ts` },
  { find: /^(node:)?crypto$/, replacement: `${folder}/crypto.ts` },
  { find: /^(node:)?buffer$/, replacement: 'buffer/' },
  {
    find: /^(node:)?(stream|util|events|fs|path|url|os|vm|assert|http|https|zlib|net|tls|string_decoder)$/,
    replacement: `${folder}/nothing.ts`,
  },
];
