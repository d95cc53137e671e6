// `npm run build`: type declarations of every workspace, and the extension for both browsers. Other sources run as they are; the escrow blueprint is committed.
import { runSteps } from './run-tool.ts';

await runSteps([
  { name: 'types', tool: 'tsc', args: ['-b'] },
  { name: 'extension for Chromium: extension/build/chrome-mv3', tool: 'wxt', args: ['build', '-b', 'chrome', '--level', 'warn'] },
  { name: 'extension for Firefox: extension/build/firefox-mv2', tool: 'wxt', args: ['build', '-b', 'firefox', '--level', 'error'] },
]);
