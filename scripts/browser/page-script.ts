// Puts a program of ours into a page of the extension: bundled here, run there through the browser's debugger, which no policy of
// the page stops. So nothing for tests is shipped.
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { NunetError } from '@nunet/shared/errors.ts';

/** The file and all that it imports, as one classic script. */
async function bundle(file: string): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, target: 'esnext', lib: { entry: file, formats: ['iife'], name: 'unused' } },
  });
  const [output] = Array.isArray(built) ? built : [built];
  const code = output !== undefined && 'output' in output ? output.output[0].code : undefined;
  if (code === undefined) throw new NunetError('build-failed', `Cannot bundle ${file} for a page`);
  return code;
}

/** What the script of a page has put into its global scope, callable from here; arguments and results are copied as JSON. */
export type Remote<Api> = {
  [Name in keyof Api]: Api[Name] extends (...args: infer Args) => infer Result ? (...args: Args) => Promise<Awaited<Result>> : never;
};

/** Runs the file (beside this one) in the page and gives the object that it called `name` there. */
export async function runInPage<Api extends object>(page: Page, file: string, name: string): Promise<Remote<Api>> {
  await page.evaluate(await bundle(join(import.meta.dirname, file)));
  const call =
    (method: string) =>
    (...args: unknown[]): Promise<unknown> =>
      page.evaluate(
        ([owner, act, given]) =>
          (globalThis as unknown as Record<string, Record<string, (...args: unknown[]) => unknown>>)[owner]?.[act]?.(...given),
        [name, method, args] as const,
      );
  return new Proxy({}, { get: (_, method) => (typeof method === 'string' && method !== 'then' ? call(method) : undefined) }) as Remote<Api>;
}
