// Puts a program of ours into a page of the extension: bundled here, run there through the browser's debugger, which no policy of
// the page stops. So nothing for tests is shipped.
import { join } from 'node:path';
import { build, type AliasOptions } from 'vite';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Targets } from './targets.ts';

/** The file and all that it imports, as one classic script. */
export async function bundle(file: string, alias: AliasOptions = []): Promise<string> {
  const built = await build({
    configFile: false,
    resolve: { alias },
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

/** Evaluates an expression in a page, and gives what it, or its promise, comes to. */
export type Evaluate = (expression: string) => Promise<unknown>;

/** Runs the file (beside this one) in the page and gives the object that it called `name` there. */
export async function runInPage<Api extends object>(evaluate: Evaluate, file: string, name: string): Promise<Remote<Api>> {
  await evaluate(`(() => { ${await bundle(join(import.meta.dirname, file))} })()`);
  const call =
    (method: string) =>
    (...args: unknown[]): Promise<unknown> =>
      evaluate(`globalThis[${JSON.stringify(name)}][${JSON.stringify(method)}](...${JSON.stringify(args)})`);
  return new Proxy({}, { get: (_, method) => (typeof method === 'string' && method !== 'then' ? call(method) : undefined) }) as Remote<Api>;
}

/** For contexts that Playwright has no page for: the offscreen document. */
export const evaluateIn =
  (targets: Targets, urlEnd: string): Evaluate =>
  async (expression) => {
    const answer = (await targets.send(urlEnd, 'Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, 120_000)) as {
      result: { value?: unknown };
      exceptionDetails?: { exception?: { description?: string } };
    };
    if (answer.exceptionDetails !== undefined)
      throw new NunetError('page-failed', answer.exceptionDetails.exception?.description ?? 'The page threw something');
    return answer.result.value;
  };
