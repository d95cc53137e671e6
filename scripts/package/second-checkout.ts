// The same sources in another folder, with the same packages: what is built there must have the same bytes.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { root } from '../run-tool.ts';

const WORKSPACES = ['shared', 'contracts', 'node-agent', 'edge', 'extension'];
const FILES = ['package.json', 'package-lock.json', 'wxt.config.ts', 'tsconfig.base.json', 'tsconfig.json'];

/** Not sources: what is installed, built or written by a run. */
const isSource = (path: string): boolean => {
  const parts = relative(root, path).split(sep);
  return !parts.some((part) => part === 'node_modules' || part === 'dist' || part.startsWith('.')) && parts.join('/') !== 'extension/build';
};

/** Each package by a link of its own, except our workspaces, which link to the copies. */
function linkModules(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) if (name !== '@nunet' && name !== '.cache') symlinkSync(join(from, name), join(to, name));
}

export function secondCheckout(parent: string): string {
  const folder = mkdtempSync(join(parent, 'another-checkout-'));
  for (const name of [...WORKSPACES, 'scripts']) cpSync(join(root, name), join(folder, name), { recursive: true, filter: isSource });
  for (const name of FILES) cpSync(join(root, name), join(folder, name));
  linkModules(join(root, 'node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, 'node_modules/@nunet'));
  for (const name of WORKSPACES) {
    symlinkSync(join(folder, name), join(folder, 'node_modules/@nunet', name));
    if (existsSync(join(root, name, 'node_modules'))) linkModules(join(root, name, 'node_modules'), join(folder, name, 'node_modules'));
  }
  return folder;
}
