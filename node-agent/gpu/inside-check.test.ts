// Runs the real script in a real shell; a folder stands for /, and a stub that prints a recorded output for nvidia-smi.
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { checkedCommand, GPU_CHECK_EXIT } from './inside-check.ts';

const folder = mkdtempSync(join(tmpdir(), 'nunet-inside-'));
afterAll(() => rmSync(folder, { recursive: true }));
const recorded = (name: string): string => readFileSync(join(import.meta.dirname, 'fixtures', `${name}.txt`), 'utf8');
const H100 = 'GPU-11111111-2222-3333-4444-555555555555';
const OTHER = 'GPU-66666666-7777-8888-9999-aaaaaaaaaaaa';
const SLICE = 'MIG-c7384736-a75d-5afc-978f-d2f1294409fd';

let count = 0;
/** A container's / with these files, and with nvidia-smi where `list` is given. */
function container(files: Record<string, string>, list?: string): { root: string; path: string } {
  const root = join(folder, String(count++));
  for (const [path, text] of Object.entries({ 'bin/none': '', ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  if (list !== undefined) {
    writeFileSync(join(root, 'bin/list'), list);
    symlinkSync('/bin/cat', join(root, 'bin/cat'));
    writeFileSync(join(root, 'bin/nvidia-smi'), `#!/bin/sh\n[ "$1" = -L ] && exec /bin/cat ${join(root, 'bin/list')}\n`);
    chmodSync(join(root, 'bin/nvidia-smi'), 0o755);
  }
  return { root, path: join(root, 'bin') };
}
const run = (
  { root, path }: { root: string; path: string },
  ids: string[],
  command = ['/bin/echo', 'the job ran'],
): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    const [file = '', ...args] = checkedCommand(ids, command, root);
    execFile(file, args, { env: { PATH: path } }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out: out.trim(), err: err.trim() }),
    );
  });
const ran = { code: 0, out: 'the job ran', err: '' };
const refused = (err: string) => ({ code: GPU_CHECK_EXIT, out: '', err: `nunet gpu check: ${err}` });

describe('a job starts', () => {
  test('with the GPU that it was given, as recorded on one', async () => {
    expect(await run(container({}, recorded('h100-list')), [H100])).toEqual(ran);
  });

  test('with its words and exit code unchanged', async () => {
    const job = ['/bin/sh', '-c', 'echo "$1|$2"; exit 7', 'sh', 'a b', '$(id)'];
    expect(await run(container({}, recorded('h100-list')), [H100], job)).toEqual({ code: 7, out: 'a b|$(id)', err: '' });
  });

  test('with one MIG slice: the GPU that it was cut from is named beside it and is not a second one', async () => {
    const list = `${recorded('h100-list')}  MIG 1g.10gb     Device  0: (UUID: ${SLICE})\n`;
    expect(await run(container({}, list), [SLICE])).toEqual(ran);
    expect(await run(container({}, `${list}${recorded('h200-list').replace('GPU 0', 'GPU 1')}`), [SLICE, OTHER])).toEqual(ran);
  });

  test('with what the driver says where the image has no nvidia-smi', async () => {
    const information = `Model: \t\t NVIDIA H100\nIRQ:   \t\t 11\nGPU UUID: \t ${H100}\n`;
    expect(await run(container({ 'proc/driver/nvidia/gpus/0000:00:06.0/information': information }), [H100])).toEqual(ran);
  });

  test('with the render node of an AMD GPU', async () => {
    expect(await run(container({ 'dev/kfd': '', 'dev/dri/renderD128': '' }), ['/dev/dri/renderD128'])).toEqual(ran);
  });
});

describe('a job', () => {
  test('cannot start without a GPU that it was given, as when an engine ignores the request', async () => {
    expect(await run(container({}), [H100])).toEqual(refused(`want ${H100}, found nothing`));
    expect(await run(container({}, ''), [H100])).toEqual(refused(`want ${H100}, found nothing`));
    expect(await run(container({ 'dev/dri/renderD128': '' }), ['/dev/dri/renderD128'])).toEqual(
      refused('want /dev/dri/renderD128, found nothing'),
    );
  });

  test('cannot start with another GPU, or with more than it was given', async () => {
    expect(await run(container({}, recorded('h200-list')), [H100])).toEqual(refused(`want ${H100}, found ${OTHER}`));
    expect(await run(container({}, recorded('h100-list') + recorded('h200-list')), [H100])).toEqual(
      refused(`want ${H100}, found ${H100} ${OTHER}`),
    );
    expect(await run(container({ 'dev/kfd': '', 'dev/dri/renderD128': '', 'dev/dri/renderD129': '' }), ['/dev/dri/renderD128'])).toEqual(
      refused('want /dev/dri/renderD128, found /dev/dri/renderD128 /dev/dri/renderD129'),
    );
  });

  test('cannot start with the whole GPU where it was given a slice of it', async () => {
    expect(await run(container({}, recorded('h100-list')), [SLICE])).toEqual(refused(`want ${SLICE}, found ${H100}`));
  });

  test('cannot have anything else than an id in the script', () => {
    for (const id of ['', '$(id)', "'; reboot", 'GPU-1', 'all', '/dev/dri/card0'])
      expect(() => checkedCommand([id], ['x'])).toThrow(/not named as a GPU is/);
  });
});
