// Entry of runner.js, the SharedWorker: the one place that knows the clock, the random source and the network of this browser.
import { timerClock } from '@nunet/shared/timer-clock.ts';
import { defineUnlistedScript } from 'wxt/utils/define-unlisted-script';
import { openDatabase } from '../runner/database.ts';
import { startRunner } from '../runner/runner.ts';
import { SCORE_WASM } from '../score/wasm-file.ts';

const script: ReturnType<typeof defineUnlistedScript> = defineUnlistedScript(() => {
  const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));
  const runner = startRunner({
    open: openDatabase,
    clock: timerClock(() => Date.now()),
    after: (ms, act) => {
      const timer = setTimeout(act, ms);
      return () => clearTimeout(timer);
    },
    ticks: () => performance.now(),
    fetch: (url, init) => fetch(url, init),
    random,
    wasm: async () => {
      const response = await fetch(SCORE_WASM);
      if (!response.ok) throw new Error(`the package answers with status ${response.status}`);
      return response.arrayBuffer();
    },
  });
  Object.assign(globalThis, {
    onconnect: ({ ports: [port] }: MessageEvent) => {
      if (port !== undefined) runner.connect(port);
    },
  });
});
export default script;
