// What may lie in a packaged extension, and what must not: maps, secrets, paths of the machine that built it, pages for developers, orphans.
import { posix } from 'node:path';
import type { Finding, Packaged, PackagedFile } from './packaged.ts';

/** Kinds of files that the stores know how to show a reviewer, and our templates' data. */
const KINDS = /\.(?:js|html|css|json|png|wasm|npy|onnx)$/;

/** Named by the manifest's rules, or asked for by a name that is put together when it runs. */
const NAMED_ELSEWHERE = /^(?:manifest\.json|_locales\/(?:en|es)\/messages\.json|templates\/.+)$/;

const SECRETS: Readonly<Record<string, RegExp>> = {
  'a private key': /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  'a Cardano private key': /\b(?:(?:root|acct|addr|stake|drep|cc_cold|cc_hot)_x?sk|ed25519e?_sk|xprv)1[02-9ac-hj-np-z]{50,}/,
  'a Blockfrost project id': /\b(?:mainnet|preprod|preview)[A-Za-z0-9]{32}\b/,
  'a token of a code host, a cloud or a payment service':
    /\b(?:gh[pousr]_\w{36}|AKIA[0-9A-Z]{16}|sk_live_\w{20,}|xox[abp]-\w{10,}|AIza[\w-]{35})/,
  'a password in an address': /\bhttps?:\/\/[^\s/:@"'`$]{1,40}:[^\s/:@"'`$]{1,60}@[a-z]/i,
};

/** Every page and script that another packaged file, the manifest or a page names. */
function unnamed(files: Packaged): string[] {
  const texts = [...files.values()].filter(({ text }) => text !== null);
  const isNamed = ({ path }: PackagedFile): boolean =>
    NAMED_ELSEWHERE.test(path) || texts.some((other) => other.path !== path && other.text?.includes(posix.basename(path)) === true);
  return [...files.values()].filter((file) => !isNamed(file)).map(({ path }) => path);
}

/** `builtIn`: the folder that the sources were built in. */
export function checkContents(files: Packaged, builtIn: string): Finding[] {
  const findings: Finding[] = [];
  const add = (file: string, problem: string): void => void findings.push({ file, problem });
  for (const { path, text } of files.values()) {
    if (!KINDS.test(path)) add(path, 'is of a kind that does not belong into a package');
    if (/gallery/i.test(path)) add(path, 'is for developers only');
    if (text === null) continue;
    if (/sourceMappingURL=/.test(text)) add(path, 'names a source map');
    if (text.includes(builtIn)) add(path, 'holds a path of the machine that built it');
    for (const [what, pattern] of Object.entries(SECRETS)) {
      const secret = pattern.exec(text);
      if (secret !== null) add(path, `holds what looks like ${what}, ${secret.index} characters in`);
    }
  }
  for (const path of unnamed(files)) add(path, 'is named by no other file of the package');
  return findings;
}
