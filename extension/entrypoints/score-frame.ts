// Entry of score-frame.js: wiring only.
import { defineUnlistedScript } from 'wxt/utils/define-unlisted-script';

const script: ReturnType<typeof defineUnlistedScript> = defineUnlistedScript(() => {});
export default script;
