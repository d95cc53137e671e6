// What nvidia-smi says, parsed to a closed type. Its output comes from the owner's own driver, and is still bounded and checked:
// a device request names what is read here.
import { plainLine } from '../plain-text.ts';
import type { Gpu, GpuSlice } from './gpu.ts';

/** Fields in the order of the columns. One that a driver does not know makes the whole call fail. */
const FIELDS = [
  'index',
  'uuid',
  'name',
  'memory.total',
  'memory.used',
  'driver_version',
  'mig.mode.current',
  'temperature.gpu',
  'utilization.gpu',
  'power.draw',
  'pci.bus_id',
  'compute_cap',
  'compute_mode',
] as const;

export const NVIDIA_QUERY: readonly string[] = [`--query-gpu=${FIELDS.join(',')}`, '--format=csv,noheader,nounits'];
export const NVIDIA_PROCESSES: readonly string[] = ['--query-compute-apps=gpu_uuid,pid', '--format=csv,noheader'];
/** The only listing that has the UUIDs of MIG slices. */
export const NVIDIA_LIST: readonly string[] = ['-L'];

const MAX_GPUS = 64;
/** Of one GPU: NVIDIA's own limit. */
const MAX_SLICES = 7;

const UUID = /^GPU-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SLICE = /^\s+MIG (\S{1,30})\s+Device\s+\d+: \(UUID: (MIG-[0-9A-Za-z/-]{1,80})\)$/;
const LISTED = /^GPU \d+: .{1,200} \(UUID: (GPU-[0-9a-f-]{36})\)$/;

export interface NvidiaGpu extends Gpu {
  vendor: 'nvidia';
  isMigEnabled: boolean;
  /** The owner has told the driver to let nothing compute on it. */
  isProhibited: boolean;
}

/** A column that may say "[N/A]", "[Not Supported]" or "[Unknown Error]" instead. */
function figure(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}(?:\.\d{1,3})?$/.test(text) ? Number(text) : null;
}

/** As sysfs writes it: nvidia-smi has a domain of eight digits. null: none. */
export function pciAddress(text: string | undefined): string | null {
  const parts = /^([0-9a-f]{4,8}):([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/i.exec(text ?? '');
  return parts === null ? null : `${(parts[1] ?? '').slice(-4)}:${parts[2]}`.toLowerCase();
}

/** Rows that are not as asked for are left out, and counted. */
export function parseNvidiaQuery(output: string): { gpus: NvidiaGpu[]; unreadable: number } {
  const gpus: NvidiaGpu[] = [];
  const rows = output.split('\n').filter((line) => line.trim() !== '');
  for (const row of rows.slice(0, MAX_GPUS)) {
    const cells = row.split(', ').map((cell) => cell.trim());
    const cell = (name: (typeof FIELDS)[number]): string | undefined => cells[FIELDS.indexOf(name)];
    const [id, pci] = [cell('uuid') ?? '', pciAddress(cell('pci.bus_id'))];
    if (cells.length !== FIELDS.length || !UUID.test(id) || pci === null || gpus.some((known) => known.id === id)) continue;
    const memoryMiB = figure(cell('memory.total'));
    const usedMiB = figure(cell('memory.used'));
    const compute = /^\d{1,2}\.\d$/.exec(cell('compute_cap') ?? '')?.[0];
    gpus.push({
      vendor: 'nvidia',
      id,
      name: plainLine(cell('name') ?? '').slice(0, 80),
      pci,
      driver: /^[\d.]{1,20}$/.exec(cell('driver_version') ?? '')?.[0] ?? null,
      architecture: compute === undefined ? null : `sm_${compute.replace('.', '')}`,
      memoryBytes: memoryMiB === null ? null : memoryMiB * 2 ** 20,
      isMigEnabled: cell('mig.mode.current') === 'Enabled',
      isProhibited: cell('compute_mode') === 'Prohibited',
      nodes: [],
      slices: [],
      now: {
        usedBytes: usedMiB === null ? null : usedMiB * 2 ** 20,
        busyPercent: figure(cell('utilization.gpu')),
        temperatureC: figure(cell('temperature.gpu')),
        powerW: figure(cell('power.draw')),
        processes: null,
      },
    });
  }
  return { gpus, unreadable: rows.length - gpus.length };
}

/** MIG slices by the UUID of their GPU, from `nvidia-smi -L`. */
export function parseNvidiaList(output: string): ReadonlyMap<string, GpuSlice[]> {
  const slices = new Map<string, GpuSlice[]>();
  let of: GpuSlice[] | null = null;
  for (const line of output.split('\n').slice(0, MAX_GPUS * (1 + MAX_SLICES))) {
    const gpu = LISTED.exec(line)?.[1];
    if (gpu !== undefined) {
      of = [];
      slices.set(gpu, of);
    }
    const [, name = '', id = ''] = SLICE.exec(line) ?? [];
    if (id !== '' && of !== null && of.length < MAX_SLICES) of.push({ id, name: plainLine(name) });
  }
  return slices;
}

/** Processes that compute, by the UUID of their GPU. */
export function parseNvidiaProcesses(output: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of output.split('\n').slice(0, 10_000)) {
    const [uuid = '', pid = ''] = line.split(', ');
    if (UUID.test(uuid) && /^\d{1,10}$/.test(pid.trim())) counts.set(uuid, (counts.get(uuid) ?? 0) + 1);
  }
  return counts;
}
