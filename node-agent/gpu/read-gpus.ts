// Looks at this machine for GPUs: sysfs, and the tools of the vendors where they are there. No lspci, no root.
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { amdRenderMinor, type AmdFiles } from './amd.ts';
import { detectGpus, type PciDevice, type Seen, type ToolRun } from './detect.ts';
import type { GpuReport } from './gpu.ts';
import { NVIDIA_LIST, NVIDIA_PROCESSES, NVIDIA_QUERY, parseNvidiaQuery } from './nvidia.ts';

/** Without persistence mode the driver wakes each GPU first, which takes seconds. */
const TOOL_MS = 20_000;
const MAX_OUTPUT_BYTES = 2 ** 18;
const MAX_DEVICES = 4_096;

/** A tool of this machine. null: there is none of that name. */
export type RunTool = (name: string, args: readonly string[]) => Promise<ToolRun | null>;

export const systemTool =
  (signal: AbortSignal): RunTool =>
  (name, args) =>
    new Promise((resolve, reject) => {
      const options = { timeout: TOOL_MS, maxBuffer: MAX_OUTPUT_BYTES, signal, env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' } };
      execFile(name, [...args], options, (error, output) => {
        if (error === null) resolve({ code: 0, output });
        else if (error.code === 'ENOENT') resolve(null);
        else if (signal.aborted) reject(error);
        else resolve({ code: typeof error.code === 'number' ? error.code : null, output });
      });
    });

/** The file's text, '' where it is missing or may not be read. sysfs gives at most a page. */
const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
const namesIn = async (path: string): Promise<string[]> => (await readdir(path).catch(() => [])).slice(0, MAX_DEVICES);

async function readPci(sys: string): Promise<PciDevice[]> {
  const folder = join(sys, 'bus/pci/devices');
  return Promise.all(
    (await namesIn(folder)).map(async (address) => {
      const file = async (name: string): Promise<string> => (await textOf(join(folder, address, name))).trim();
      const driver = await readlink(join(folder, address, 'driver')).then(basename, () => null);
      return { address, class: await file('class'), vendor: await file('vendor'), driver };
    }),
  );
}

export async function readAmd(sys: string): Promise<AmdFiles[]> {
  const folder = join(sys, 'class/kfd/kfd/topology/nodes');
  const found = await Promise.all(
    (await namesIn(folder)).map(async (node): Promise<AmdFiles | null> => {
      const properties = await textOf(join(folder, node, 'properties'));
      const minor = amdRenderMinor(properties);
      if (minor === null) return null;
      const device = join(sys, `class/drm/renderD${minor}/device`);
      const [monitor = ''] = await namesIn(join(device, 'hwmon'));
      const file = (...names: string[]): Promise<string> => textOf(join(device, ...names));
      const [productName, vramTotal, vramUsed, busyPercent, temperature, power] = await Promise.all([
        file('product_name'),
        file('mem_info_vram_total'),
        file('mem_info_vram_used'),
        file('gpu_busy_percent'),
        file('hwmon', monitor, 'temp1_input'),
        file('hwmon', monitor, 'power1_average'),
      ]);
      return { properties, productName, vramTotal, vramUsed, busyPercent, temperature, power };
    }),
  );
  return found.filter((files) => files !== null);
}

async function readNvidia(run: RunTool): Promise<Seen['nvidia']> {
  const query = await run('nvidia-smi', NVIDIA_QUERY);
  if (query === null) return null;
  const isCut = query.code === 0 && parseNvidiaQuery(query.output).gpus.some(({ isMigEnabled }) => isMigEnabled);
  const [processes, list] = await Promise.all([run('nvidia-smi', NVIDIA_PROCESSES), isCut ? run('nvidia-smi', NVIDIA_LIST) : null]);
  return { query, processes: processes ?? { code: null, output: '' }, list };
}

async function canOpen(path: string): Promise<Seen['amdCompute']> {
  const can = (mode: number): Promise<boolean> =>
    access(path, mode).then(
      () => true,
      () => false,
    );
  if (await can(constants.R_OK | constants.W_OK)) return 'open';
  return (await can(constants.F_OK)) ? 'closed' : 'missing';
}

/** `sys` and `dev` are /sys and /dev. */
export async function readGpus({ run, sys, dev }: { run: RunTool; sys: string; dev: string }): Promise<GpuReport> {
  const [pci, nvidia, nvidiaToolkit, amd, amdCompute] = await Promise.all([
    readPci(sys),
    readNvidia(run),
    run('nvidia-ctk', ['--version']),
    readAmd(sys),
    canOpen(join(dev, 'kfd')),
  ]);
  return detectGpus({ pci, nvidia, nvidiaToolkit, amd, amdCompute });
}
