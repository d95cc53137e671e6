// Entry of score-frame.js, the classic script of the opaque /score.html: takes its one port and scores over it.
import { defineUnlistedScript } from 'wxt/utils/define-unlisted-script';
import { takePort } from '../host/frame-port.ts';
import { serveScoring } from '../score/score-frame.ts';
import { openWasmRuntime } from '../score/wasm-runtime.ts';

const script: ReturnType<typeof defineUnlistedScript> = defineUnlistedScript(() => {
  void takePort(window).then((port) => serveScoring(port, openWasmRuntime));
});
export default script;
