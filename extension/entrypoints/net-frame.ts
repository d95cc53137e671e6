// Entry of net-frame.js: wiring only.
import { defineUnlistedScript } from 'wxt/utils/define-unlisted-script';
import { takePort } from '../host/frame-port.ts';
import { startFrameNode } from '../network/frame-node.ts';
import { runFrame } from '../network/frame.ts';

const script: ReturnType<typeof defineUnlistedScript> = defineUnlistedScript(() => {
  void takePort(window).then((port) => runFrame(port, startFrameNode));
});
export default script;
