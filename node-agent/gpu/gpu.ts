// A GPU as the agent knows it, whoever made it, and what stands in the way of using one.

/** A MIG slice: what a job gets instead of the whole GPU where the owner has cut it. */
export interface GpuSlice {
  id: string;
  name: string;
}

export interface Gpu {
  vendor: 'nvidia' | 'amd';
  /** What a device request names. */
  id: string;
  name: string;
  /** Domain, bus, device and function, as sysfs writes them. */
  pci: string;
  driver: string | null;
  /** What code must be compiled for: `sm_90`, `gfx90a`. */
  architecture: string | null;
  /** null where it has no memory of its own, or does not say. */
  memoryBytes: number | null;
  /** Device files that a container needs for it; none where the vendor's toolkit adds them by id. */
  nodes: string[];
  slices: GpuSlice[];
  /** Of this moment; null: not told. */
  now: {
    usedBytes: number | null;
    busyPercent: number | null;
    temperatureC: number | null;
    powerW: number | null;
    processes: number | null;
  };
}

export interface GpuProblem {
  code:
    | 'nvidia-driver-missing'
    | 'nvidia-driver-old'
    | 'nvidia-tools-missing'
    | 'nvidia-library-missing'
    | 'nvidia-library-mismatch'
    | 'nvidia-not-permitted'
    | 'nvidia-not-visible'
    | 'nvidia-lost'
    | 'nvidia-silent'
    | 'nvidia-unreadable'
    | 'nvidia-prohibited'
    | 'nvidia-no-slices'
    | 'nvidia-toolkit-missing'
    | 'nvidia-toolkit-old'
    | 'amd-driver-missing'
    | 'amd-compute-missing'
    | 'amd-not-permitted';
  /** What is so, and where. */
  problem: string;
  /** What a person does about it. */
  fix: string;
}

export interface GpuReport {
  gpus: Gpu[];
  problems: GpuProblem[];
}
