// Reading a machine: a folder stands for /sys and /dev, and recorded outputs for the tools.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NVIDIA_LIST, NVIDIA_PROCESSES, NVIDIA_QUERY } from './nvidia.ts';
import { readGpus, systemTool, type RunTool } from './read-gpus.ts';

const recorded = (name: string): string => readFileSync(join(import.meta.dirname, 'fixtures', `${name}.txt`), 'utf8');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nunet-gpus-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function put(path: string, text: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

test('reads PCI, nvidia-smi and the compute topology of one machine', async () => {
  for (const [address = '', kind = '', vendor = '', , driver] of recorded('h100-pci')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(' '))) {
    put(`sys/bus/pci/devices/${address}/class`, `${kind}\n`);
    put(`sys/bus/pci/devices/${address}/vendor`, `${vendor}\n`);
    if (driver !== undefined) symlinkSync(driver, join(folder, 'sys/bus/pci/devices', address, 'driver'));
  }
  put('sys/bus/pci/devices/0000:c1:00.0/class', '0x038000\n');
  put('sys/bus/pci/devices/0000:c1:00.0/vendor', '0x1002\n');
  symlinkSync('../../../bus/pci/drivers/amdgpu', join(folder, 'sys/bus/pci/devices/0000:c1:00.0/driver'));
  put('sys/class/kfd/kfd/topology/nodes/0/properties', 'cpu_cores_count 16\nsimd_count 0\n');
  put('sys/class/kfd/kfd/topology/nodes/1/properties', 'simd_count 416\nvendor_id 4098\nlocation_id 49408\ndrm_render_minor 128\n');
  put('sys/class/drm/renderD128/device/mem_info_vram_total', '68702699520\n');
  put('dev/kfd', '');
  const asked: string[] = [];
  const run: RunTool = (name, args) => {
    asked.push(`${name} ${args.join(' ')}`);
    const output = args === NVIDIA_QUERY ? recorded('h100-busy-query') : args === NVIDIA_PROCESSES ? recorded('h100-busy-processes') : '';
    return Promise.resolve(name === 'nvidia-smi' ? { code: 0, output } : null);
  };
  const report = await readGpus({ run, sys: join(folder, 'sys'), dev: join(folder, 'dev') });
  expect(report.gpus.map(({ vendor, pci, memoryBytes, now }) => ({ vendor, pci, memoryBytes, processes: now.processes }))).toEqual([
    { vendor: 'nvidia', pci: '0000:00:06.0', memoryBytes: 81_559 * 2 ** 20, processes: 2 },
    { vendor: 'amd', pci: '0000:c1:00.0', memoryBytes: 68_702_699_520, processes: null },
  ]);
  expect(report.problems.map(({ code }) => code)).toEqual(['nvidia-toolkit-missing']);
  // Nothing is cut, so nobody asks for slices.
  expect(asked).not.toContain(`nvidia-smi ${NVIDIA_LIST.join(' ')}`);
});

test('asks for slices where a GPU is cut', async () => {
  const list = `${recorded('h100-list')}  MIG 1g.10gb     Device  0: (UUID: MIG-c7384736-a75d-5afc-978f-d2f1294409fd)\n`;
  const run: RunTool = (name, args) => {
    if (name !== 'nvidia-smi') return Promise.resolve({ code: 0, output: 'NVIDIA Container Toolkit CLI version 1.18.0' });
    const output = args === NVIDIA_QUERY ? recorded('h100-idle-query').replace('Disabled', 'Enabled') : args === NVIDIA_LIST ? list : '';
    return Promise.resolve({ code: 0, output });
  };
  const report = await readGpus({ run, sys: join(folder, 'none'), dev: join(folder, 'none') });
  expect(report).toMatchObject({ gpus: [{ slices: [{ name: '1g.10gb' }] }], problems: [] });
});

test('a machine that shows nothing has nothing', async () => {
  const report = await readGpus({ run: () => Promise.resolve(null), sys: join(folder, 'none'), dev: join(folder, 'none') });
  expect(report).toEqual({ gpus: [], problems: [] });
});

test('a tool that is not there, one that fails, and one that does not stop talking', async () => {
  const run = systemTool(new AbortController().signal);
  const node = process.execPath;
  expect(await run('there-is-no-such-tool', [])).toBeNull();
  expect(await run(node, ['-e', 'console.log("half"); process.exitCode = 12'])).toEqual({ code: 12, output: 'half\n' });
  expect(await run(node, ['-e', 'console.log("x".repeat(2 ** 20))'])).toMatchObject({ code: null });
});

test('an interrupted reading is no finding', async () => {
  await expect(systemTool(AbortSignal.abort())(process.execPath, ['-e', ''])).rejects.toThrow('abort');
});
