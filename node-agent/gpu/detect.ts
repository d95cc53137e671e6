// From what a machine shows to the GPUs that it has, and what keeps a job from using them, each with its fix. Pure: effects are in read-gpus.ts.
import { parseAmd, type AmdFiles } from './amd.ts';
import type { Gpu, GpuProblem, GpuReport } from './gpu.ts';
import { parseNvidiaList, parseNvidiaProcesses, parseNvidiaQuery, type NvidiaGpu } from './nvidia.ts';

export interface PciDevice {
  address: string;
  /** As sysfs has them: 0x030200, 0x10de. */
  class: string;
  vendor: string;
  /** The kernel driver that has it; null: none. */
  driver: string | null;
}

/** What a tool said. `code` null: it did not end in time. */
export interface ToolRun {
  code: number | null;
  output: string;
}

export interface Seen {
  pci: readonly PciDevice[];
  /** null: there is no nvidia-smi. `list` is asked for only where a GPU is cut into slices. */
  nvidia: { query: ToolRun; processes: ToolRun; list: ToolRun | null } | null;
  /** `nvidia-ctk --version`; null: there is none. */
  nvidiaToolkit: ToolRun | null;
  amd: readonly AmdFiles[];
  /** /dev/kfd for this user. */
  amdCompute: 'missing' | 'closed' | 'open';
}

const NVIDIA = '0x10de';
const AMD = '0x1002';
const isDisplay = ({ class: kind }: PciDevice): boolean => kind.startsWith('0x03');

/** Older ones let an image's own settings reach the host (CVE-2025-23266). */
const MIN_TOOLKIT = [1, 17, 8] as const;

const INSTALL_DRIVER =
  'Install NVIDIA’s driver (Debian: apt-get install nvidia-driver; Ubuntu: ubuntu-drivers install --gpgpu) and restart the machine.';

/** Exit codes of nvidia-smi: 2, 6, 12 and 17 were recorded, 18 is NVML's number, the others are of its manual. */
const EXIT_CODES: Readonly<Record<number, GpuProblem>> = {
  2: {
    code: 'nvidia-driver-old',
    problem: 'The NVIDIA driver does not know something that it is asked for.',
    fix: 'Install a newer driver, and restart the machine.',
  },
  4: {
    code: 'nvidia-not-permitted',
    problem: 'This user may not ask the NVIDIA driver.',
    fix: 'Let the agent’s user read /dev/nvidia* (often the group "video" or "render"), and log in again.',
  },
  6: {
    code: 'nvidia-not-visible',
    problem: 'The NVIDIA driver is loaded and shows no GPU to this process.',
    fix: 'In a container or a confined service, pass the devices /dev/nvidia0 and following in; on the machine itself, look at "dmesg | grep NVRM".',
  },
  9: {
    code: 'nvidia-driver-missing',
    problem: 'The NVIDIA driver is not loaded.',
    fix: 'Run "modprobe nvidia"; if it fails, install the driver again and restart.',
  },
  12: {
    code: 'nvidia-library-missing',
    problem: 'nvidia-smi does not find libnvidia-ml.so.',
    fix: 'Install the library of the driver’s own version (Debian: libnvidia-ml1).',
  },
  15: {
    code: 'nvidia-lost',
    problem: 'A GPU no longer answers on its bus.',
    fix: 'Restart the machine; if it comes back, check power, temperature and seating of the card.',
  },
  17: {
    code: 'nvidia-not-permitted',
    problem: 'The operating system keeps this process from the NVIDIA devices.',
    fix: 'Pass /dev/nvidiactl and /dev/nvidia0 and following in, or take the agent’s service out of PrivateDevices and device limits.',
  },
  18: {
    code: 'nvidia-library-mismatch',
    problem: 'The loaded NVIDIA driver is of another version than its library, as after an upgrade.',
    fix: 'Restart the machine.',
  },
};

const one = (code: GpuProblem['code'], problem: string, fix: string): GpuProblem => ({ code, problem, fix });

function nvidiaProblem(run: ToolRun): GpuProblem | null {
  if (run.code === 0) return null;
  if (run.code === null)
    return one(
      'nvidia-silent',
      'nvidia-smi did not answer in time.',
      'Look at "dmesg | grep NVRM"; a GPU that hangs needs a restart of the machine.',
    );
  return (
    EXIT_CODES[run.code] ??
    one('nvidia-unreadable', `nvidia-smi ended with code ${run.code}.`, 'Run nvidia-smi by hand and read what it says.')
  );
}

function toolkitProblem(run: ToolRun | null): GpuProblem | null {
  const fix = `Install NVIDIA Container Toolkit ${MIN_TOOLKIT.join('.')} or newer, then run "nvidia-ctk runtime configure" for the engine and restart it.`;
  if (run === null) return one('nvidia-toolkit-missing', 'NVIDIA Container Toolkit is not installed, so no container gets a GPU.', fix);
  const version = /version v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})/.exec(run.output)?.slice(1).map(Number);
  if (version === undefined) return one('nvidia-toolkit-missing', 'nvidia-ctk does not say its version.', fix);
  const differs = MIN_TOOLKIT.findIndex((part, index) => part !== version[index]);
  const isOld = differs >= 0 && (version[differs] ?? 0) < (MIN_TOOLKIT[differs] ?? 0);
  return isOld
    ? one(
        'nvidia-toolkit-old',
        `NVIDIA Container Toolkit is ${version.join('.')}: an image could break out through it (CVE-2025-23266).`,
        fix,
      )
    : null;
}

function detectNvidia({ pci, nvidia, nvidiaToolkit }: Seen): GpuReport {
  const cards = pci.filter((device) => isDisplay(device) && device.vendor === NVIDIA);
  const undriven = cards.filter(({ driver }) => driver !== 'nvidia');
  const problems: GpuProblem[] = undriven.map(({ address, driver }) =>
    one(
      'nvidia-driver-missing',
      driver === null
        ? `The NVIDIA GPU at ${address} has no driver.`
        : `The NVIDIA GPU at ${address} is held by "${driver}", which cannot compute.`,
      driver === 'vfio-pci' ? 'It is passed on to a virtual machine: run the agent there, or take it back.' : INSTALL_DRIVER,
    ),
  );
  if (nvidia === null) {
    if (cards.length > undriven.length)
      problems.push(
        one(
          'nvidia-tools-missing',
          'An NVIDIA GPU has its driver, but nvidia-smi is not on the PATH.',
          'Install it (Debian: nvidia-smi; Ubuntu: nvidia-utils of the driver’s version).',
        ),
      );
    return { gpus: [], problems };
  }
  const said = nvidiaProblem(nvidia.query);
  // Without a card or a driver there is nothing to say that was not said above.
  if (said !== null) return { gpus: [], problems: undriven.length < cards.length || cards.length === 0 ? [...problems, said] : problems };
  const { gpus, unreadable } = parseNvidiaQuery(nvidia.query.output);
  if (unreadable > 0)
    problems.push(
      one(
        'nvidia-unreadable',
        `nvidia-smi gave ${unreadable} lines that cannot be read.`,
        'Update the agent, or report the output of "nvidia-smi -q" with serial numbers removed.',
      ),
    );
  const counts = nvidia.processes.code === 0 ? parseNvidiaProcesses(nvidia.processes.output) : null;
  const slices = nvidia.list === null ? null : parseNvidiaList(nvidia.list.output);
  const found = gpus.map((gpu): NvidiaGpu => ({
    ...gpu,
    slices: (gpu.isMigEnabled ? slices?.get(gpu.id) : undefined) ?? [],
    now: { ...gpu.now, processes: counts === null ? null : (counts.get(gpu.id) ?? 0) },
  }));
  for (const gpu of found) {
    if (gpu.isProhibited)
      problems.push(
        one(
          'nvidia-prohibited',
          `${gpu.name} at ${gpu.pci} is set to let nothing compute.`,
          `Run "nvidia-smi -i ${gpu.id} -c DEFAULT" as root.`,
        ),
      );
    if (gpu.isMigEnabled && gpu.slices.length === 0)
      problems.push(
        one(
          'nvidia-no-slices',
          `${gpu.name} at ${gpu.pci} is in MIG mode and has no slices.`,
          'Make slices with "nvidia-smi mig -cgi ... -C", or leave MIG mode.',
        ),
      );
  }
  const toolkit = found.length === 0 ? null : toolkitProblem(nvidiaToolkit);
  return {
    gpus: found.map(({ isMigEnabled: _, isProhibited: __, ...gpu }): Gpu => gpu),
    problems: toolkit === null ? problems : [...problems, toolkit],
  };
}

function detectAmd({ pci, amd, amdCompute }: Seen): GpuReport {
  const cards = pci.filter((device) => isDisplay(device) && device.vendor === AMD);
  const gpus = amd.map(parseAmd).filter((gpu) => gpu !== null);
  const problems = cards
    .filter(({ driver }) => driver !== 'amdgpu')
    .map(({ address, driver }) =>
      one(
        'amd-driver-missing',
        `The AMD GPU at ${address} ${driver === null ? 'has no driver' : `is held by "${driver}"`}.`,
        driver === 'vfio-pci'
          ? 'It is passed on to a virtual machine: run the agent there, or take it back.'
          : 'Load the kernel’s amdgpu driver, with its firmware (Debian: firmware-amd-graphics), and restart.',
      ),
    );
  const isDriven = cards.length > problems.length;
  if (isDriven && (amdCompute === 'missing' || gpus.length === 0))
    problems.push(
      one(
        'amd-compute-missing',
        'An AMD GPU has its driver, but the kernel offers no computing on it (/dev/kfd).',
        'Use a kernel with CONFIG_HSA_AMD and a GPU that ROCm supports.',
      ),
    );
  if (isDriven && amdCompute === 'closed')
    problems.push(
      one(
        'amd-not-permitted',
        'This user may not open /dev/kfd.',
        'Add the agent’s user to the groups "render" and "video", and log in again.',
      ),
    );
  return { gpus, problems };
}

export function detectGpus(seen: Seen): GpuReport {
  const [nvidia, amd] = [detectNvidia(seen), detectAmd(seen)];
  return { gpus: [...nvidia.gpus, ...amd.gpus], problems: [...nvidia.problems, ...amd.problems] };
}
