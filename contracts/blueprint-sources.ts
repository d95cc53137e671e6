// The hash over the validator's sources that the committed blueprint was built from.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where contracts/ lies. */
export const CONTRACTS = import.meta.dirname;

/** aiken.toml and every .ak file, by path. */
export function sourceFiles(): string[] {
  const aiken = ['lib', 'validators'].flatMap((folder) =>
    readdirSync(join(CONTRACTS, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ak'))
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
  );
  return ['aiken.toml', ...aiken].sort();
}

/** sha256 over each path, its length and its bytes; hex. */
export function sourcesHash(): string {
  const hash = createHash('sha256');
  for (const path of sourceFiles()) {
    const bytes = readFileSync(join(CONTRACTS, path));
    hash.update(`${path} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}
