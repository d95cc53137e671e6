// Entry of transaction-worker.js, the one script with Mesh in it: each port that arrives may have transactions built over it.
import { defineUnlistedScript } from 'wxt/utils/define-unlisted-script';
import { serveTransactions } from '../chain/transaction-worker.ts';

const script: ReturnType<typeof defineUnlistedScript> = defineUnlistedScript(() => {
  // Bundled into this file all the same. The build runs this module in Node, where Mesh does not load without its shims.
  const loaded = import('../chain/mesh-builders.ts');
  globalThis.onmessage = ({ ports: [port] }: MessageEvent) => {
    if (port !== undefined) void loaded.then(({ meshBuilders }) => serveTransactions(port, meshBuilders));
  };
});
export default script;
