// AMD GPUs from what the kernel tells about them, without any tool: the compute driver's topology, and the files of the graphics card beside it.
// Written from the kernel's documentation and the runtime that reads the same files. Not proved: no machine with such a GPU was there.
import { plainLine } from '../plain-text.ts';
import type { Gpu } from './gpu.ts';

/** One node of /sys/class/kfd/kfd/topology/nodes with the files of its card; a missing file is ''. */
export interface AmdFiles {
  /** Lines of "name value". */
  properties: string;
  /** /sys/class/drm/renderD<minor>/device/... */
  productName: string;
  vramTotal: string;
  vramUsed: string;
  busyPercent: string;
  /** .../hwmon/hwmon<n>/temp1_input in thousandths of a degree, and power1_average in microwatts. */
  temperature: string;
  power: string;
}

const AMD_VENDOR = 0x1002;

/** The properties that are numbers. */
export function amdProperties(text: string): ReadonlyMap<string, bigint> {
  const lines = text.split('\n').slice(0, 200);
  const pairs = lines.map((line) => /^(\w{1,40}) (\d{1,20})$/.exec(line.trim())).filter((pair) => pair !== null);
  return new Map(pairs.map(([, name = '', value = '']) => [name, BigInt(value)]));
}

/** The number of the render device, such as 128; null: the node is a CPU, or no AMD one. */
export function amdRenderMinor(properties: string): number | null {
  const of = amdProperties(properties);
  const minor = Number(of.get('drm_render_minor') ?? 0n);
  const isGpu = (of.get('simd_count') ?? 0n) > 0n && of.get('vendor_id') === BigInt(AMD_VENDOR);
  return isGpu && minor > 0 && minor < 1_000 ? minor : null;
}

const figure = (text: string): number | null => (/^\d{1,15}$/.test(text.trim()) ? Number(text.trim()) : null);
const scaled = (value: number | null, by: number): number | null => (value === null ? null : Math.round((value / by) * 100) / 100);
const hex = (value: bigint, digits: number): string => value.toString(16).padStart(digits, '0');

/** 90010 is gfx90a: major, two digits of minor, two of stepping, of which the last is written in hex. */
function architectureOf(version: bigint): string | null {
  const number = Number(version);
  if (number < 10_000 || number > 999_999) return null;
  return `gfx${Math.floor(number / 10_000)}${(Math.floor(number / 100) % 100).toString(16)}${(number % 100).toString(16)}`;
}

/** null: not an AMD GPU that computes. */
export function parseAmd({ properties, productName, vramTotal, vramUsed, busyPercent, temperature, power }: AmdFiles): Gpu | null {
  const of = amdProperties(properties);
  const minor = amdRenderMinor(properties);
  if (minor === null) return null;
  // PCI as 8 bits of bus, 5 of device, 3 of function.
  const location = of.get('location_id') ?? 0n;
  const pci = `${hex(of.get('domain') ?? 0n, 4)}:${hex((location >> 8n) & 0xffn, 2)}:${hex((location >> 3n) & 0x1fn, 2)}.${location & 7n}`;
  const unique = of.get('unique_id') ?? 0n;
  const name = plainLine(productName.trim()).slice(0, 80);
  return {
    vendor: 'amd',
    // Consumer cards have no unique id: they are named by where they sit.
    id: unique === 0n ? pci : `GPU-${hex(unique, 16)}`,
    name: name === '' ? `AMD GPU ${hex(of.get('device_id') ?? 0n, 4)}` : name,
    pci,
    driver: null,
    architecture: architectureOf(of.get('gfx_target_version') ?? 0n),
    memoryBytes: figure(vramTotal),
    nodes: ['/dev/kfd', `/dev/dri/renderD${minor}`],
    slices: [],
    now: {
      usedBytes: figure(vramUsed),
      busyPercent: figure(busyPercent),
      temperatureC: scaled(figure(temperature), 1e3),
      powerW: scaled(figure(power), 1e6),
      processes: null,
    },
  };
}
