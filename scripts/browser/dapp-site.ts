// A web site on this machine with a dApp on it, and one with frames.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { slimMesh } from '@nunet/extension/bundling/slim-mesh.ts';
import { root } from '../run-tool.ts';
import { bundle } from './page-script.ts';

export interface DappSite {
  /** Without a slash at its end. `path`: /dapp, /frames. */
  origin: string;
  close(): void;
}

const page = (body: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>A dApp</title><body>${body}</body></html>`;
/** Says what it finds, to whoever asks. */
const FRAME = `<script>addEventListener('message', (event) => {
  const own = window.cardano?.nunet;
  const answer = (text) => event.source.postMessage(text, '*');
  if (own === undefined) answer('no wallet'); else own.enable().then(() => answer('connected'), (error) => answer('refused ' + error.code));
})</script>`;

export async function openDappSite(): Promise<DappSite> {
  // Mesh with its wallets, without its providers, which want Node's streams.
  const shims = join(root, 'extension/chain/mesh-shims');
  const alias = [
    ...(slimMesh(shims) as { find: string | RegExp; replacement: string }[]).filter(({ find }) => find !== '@meshsdk/core'),
    { find: '@meshsdk/provider', replacement: `${shims}/nothing.ts` },
  ];
  const script = await bundle(join(import.meta.dirname, 'dapp-page.ts'), alias);
  const files: Record<string, [type: string, content: string]> = {
    '/dapp': ['text/html', page('<h1>A dApp</h1><script src="/dapp.js"></script>')],
    '/dapp.js': ['text/javascript', script],
    '/frame': ['text/html', page(FRAME)],
    '/frames': [
      'text/html',
      page(
        '<iframe id="same" src="/frame"></iframe><iframe id="sandboxed" sandbox="allow-scripts" src="/frame"></iframe><script src="/dapp.js"></script>',
      ),
    ],
  };
  const server = createServer((request, response) => {
    const file = files[request.url ?? ''];
    // A browser asks for an icon by itself.
    response.writeHead(file === undefined ? 204 : 200, { 'content-type': `${file?.[0] ?? 'text/plain'}; charset=utf-8` });
    response.end(file?.[1] ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, close: () => void server.close() };
}
