// A small package for the tests of the checks: each test changes one thing of it.
import { packagedFile, type Packaged } from './packaged.ts';

const SOUND: Readonly<Record<string, string>> = {
  'manifest.json':
    '{"manifest_version":3,"name":"x","version":"1","background":{"service_worker":"background.js"},"action":{"default_popup":"popup.html"}}',
  'background.js': 'open("dashboard.html");new Worker("/transaction-worker.js");new SharedWorker("/vault.js");inject("cip30.js")',
  'popup.html': '<script type="module" src="/chunks/popup-1.js"></script><link rel="stylesheet" href="/assets/popup-1.css">',
  'dashboard.html': '<script type="module" src="/chunks/dashboard-1.js"></script>',
  'chunks/popup-1.js': 'import{a as b}from"./shared-1.js";import("./late-1.js")',
  'chunks/dashboard-1.js': 'import"./shared-1.js"',
  'chunks/shared-1.js': 'export const a=1',
  'chunks/late-1.js': 'export const late=2',
  'assets/popup-1.css': 'body{color:red}',
  'content-scripts/cip30.js': '0',
  'vault.js': '0',
  'transaction-worker.js': 'class MeshTxBuilder{}',
};

/** null removes a file. */
export function packageOf(changes: Readonly<Record<string, string | null>> = {}): Packaged {
  const texts = Object.entries({ ...SOUND, ...changes }).filter((entry): entry is [string, string] => entry[1] !== null);
  return new Map(texts.map(([path, text]) => [path, packagedFile(path, new TextEncoder().encode(text))]));
}
