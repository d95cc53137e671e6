// Before a job's container is made: a short one of the same image, options and devices, in which nothing but the check of its GPUs runs.
// A container of its own, because within the job's own nobody could tell the check's word from the job's, and a job that claims to have
// got no GPU would have its money back.
import type Docker from 'dockerode';
import { NunetError } from '@nunet/shared/errors.ts';
import { idsInside } from '../../gpu/container-devices.ts';
import { checkedCommand, GPU_CHECK_EXIT, GPU_CHECK_MARK } from '../../gpu/inside-check.ts';
import { translated } from './engine-errors.ts';
import type { ContainerJob } from './helper-protocol.ts';
import type { ContainerOptions } from './limits.ts';

/** A driver that has to wake a GPU takes seconds. */
const CHECK_MS = 60_000;
/** Of the shell: it was not found, or may not be run. */
const NO_SHELL = new Set([126, 127]);
const KEPT_BYTES = 4_096;

/** `options`: of the job's own container. Throws `gpu-missing`, `gpu-unchecked`, `engine-...`. Leaves nothing behind. */
export async function checkGpusInside(
  docker: Docker,
  job: Pick<ContainerJob, 'id' | 'gpus'>,
  options: ContainerOptions,
  signal: AbortSignal,
): Promise<void> {
  if (job.gpus.length === 0) return;
  const within = AbortSignal.any([signal, AbortSignal.timeout(CHECK_MS)]);
  const { name: _, ...same } = options;
  const Cmd = checkedCommand(idsInside(job.gpus), ['/bin/sh', '-c', ':']);
  const container = await docker
    .createContainer({ ...same, Cmd, abortSignal: within })
    .catch(translated('engine-create', 'make the container that checks the GPUs of the job'));
  try {
    await container.start().catch(translated('engine-start', 'start the container that checks the GPUs of the job'));
    const { StatusCode: code } = (await container
      .wait({ abortSignal: within })
      .catch(translated('engine-wait', 'wait for the check of the GPUs of the job'))) as { StatusCode: number };
    if (code === 0) return;
    if (NO_SHELL.has(code))
      throw new NunetError(
        'gpu-unchecked',
        'Cannot check the GPUs of the job: its image has no /bin/sh, which an image for GPUs needs here',
      );
    const said = await container.logs({ stdout: false, stderr: true, tail: 20 }).then(textOf, () => '');
    const why =
      code === GPU_CHECK_EXIT
        ? said.slice(said.indexOf(GPU_CHECK_MARK) + GPU_CHECK_MARK.length).trim()
        : `the check ended with code ${code}`;
    throw new NunetError('gpu-missing', `Cannot start the job: its container has not the GPUs that it was given: ${oneLine(why)}`);
  } finally {
    await container.remove({ force: true, v: true }).catch(translated('engine-remove', 'remove the container that checked the GPUs'));
  }
}

/** The frames of one stream, their eight bytes of header left out. Source: Docker's API, "stream format". */
function textOf(logs: Buffer): string {
  let text = '';
  for (let at = 0; at + 8 <= logs.length && text.length < KEPT_BYTES; at += 8 + logs.readUInt32BE(at + 4))
    text += logs.toString('utf8', at + 8, at + 8 + logs.readUInt32BE(at + 4));
  return text.slice(0, KEPT_BYTES);
}

/** It was written in the image of a stranger. */
const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ').slice(0, 300);
