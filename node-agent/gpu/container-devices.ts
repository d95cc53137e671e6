// From the ids of GPUs that a job was given to the devices that its container is made with. Pure.
import { NunetError } from '@nunet/shared/errors.ts';
import type { ContainerJob } from '../executor/container/helper-protocol.ts';
import type { Gpu } from './gpu.ts';

const RENDER = /^\/dev\/dri\/renderD\d{1,4}$/;

/** Throws `gpu-gone`: one of them is not there any more. */
export function containerDevices(ids: readonly string[], gpus: readonly Gpu[]): ContainerJob['gpus'] {
  return ids.map((id) => {
    const gpu = gpus.find((one) => one.id === id || one.slices.some((slice) => slice.id === id));
    const device = gpu?.nodes.find((node) => RENDER.test(node));
    if (gpu?.vendor === 'nvidia') return { vendor: 'nvidia', id };
    if (gpu?.vendor === 'amd' && device !== undefined) return { vendor: 'amd', device };
    throw new NunetError('gpu-gone', `Cannot give the job GPU ${id.slice(0, 100)}: it does not answer any more; see "nunet-agent gpus"`);
  });
}

/** What `checkedCommand` is to find inside. */
export const idsInside = (devices: ContainerJob['gpus']): string[] => devices.map((gpu) => (gpu.vendor === 'nvidia' ? gpu.id : gpu.device));
