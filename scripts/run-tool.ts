// Runs a program of node_modules/.bin and gives its exit code; output goes straight to the terminal.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NunetError } from '@nunet/shared/errors.ts';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export const runTool = (name: string, args: readonly string[]): Promise<number> => run(join(root, 'node_modules/.bin', name), args);

/** Runs one of our own programs under this Node. */
export const runProgram = (file: string, args: readonly string[]): Promise<number> =>
  run(process.execPath, ['--disable-warning=ExperimentalWarning', join(root, file), ...args]);

function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** Runs a program of node_modules/.bin without a word, unless it fails: then what it said is the error's message. */
export function runQuietly(name: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(root, 'node_modules/.bin', name), args, { cwd: root, ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const said: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => said.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0
        ? resolve()
        : reject(
            new NunetError('tool-failed', `${name} ${args.join(' ')} ended with ${code}:\n${Buffer.concat(said).toString().slice(-4_000)}`),
          ),
    );
  });
}

/** Runs each step, says which failed, and exits with 1 when any did. */
export async function runSteps(steps: ReadonlyArray<{ name: string; tool: string; args: readonly string[] }>): Promise<void> {
  const failed: string[] = [];
  for (const step of steps) {
    const started = performance.now();
    const code = await runTool(step.tool, step.args);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${step.name} (${seconds} s)`);
    if (code !== 0) failed.push(step.name);
  }
  if (failed.length > 0) {
    console.error(`Failed: ${failed.join(', ')}. \`npm run fix\` repairs format and much of lint.`);
    process.exitCode = 1;
  }
}
