// The conformance suite's jobs as shell scripts in an image that holds nothing but a static busybox.
import { writeNpy } from '@nunet/shared/onnx/npy.ts';
import type { ContainerProgram } from '@nunet/shared/container-program.ts';
import type { ConformanceJobs, TestJob } from '../conformance-jobs.ts';

const MIB = 2 ** 20;

const npy = (values: readonly number[], shape: readonly number[]): Uint8Array =>
  writeNpy({ dtype: 'float32', shape, data: new Uint8Array(Float32Array.from(values).buffer) });

/** `image`: a reference of an image with `sh`. */
export function shellJob(image: string, script: string, more: Partial<ContainerProgram> = {}, rest: Partial<TestJob> = {}): TestJob {
  return {
    files: {},
    ...rest,
    program: {
      kind: 'container',
      run: { type: 'image', image, command: ['sh', '-c', script] },
      environment: {},
      downloads: [],
      checkpointEveryMs: null,
      resumeFrom: null,
      ...more,
    },
  };
}

export const shellJobs = (image: string): ConformanceJobs => ({
  doublingJob: () =>
    shellJob(
      image,
      `echo doubling; for epoch in 1 2 3; do echo "{\\"epoch\\": $epoch, \\"epochs\\": 3, \\"mean\\": $epoch}"; done; cp /inputs/*.npy /outputs/`,
      {},
      { files: { 'y.npy': npy([2, 4, 6, 8, 10], [5, 1]), 'total.npy': npy([45], []) } },
    ),
  failingJob: () => shellJob(image, 'echo "index out of range" >&2; exit 3'),
  endlessJob: (timeLimitMs = 60_000) => shellJob(image, 'echo computing; while :; do :; done', {}, { limits: { timeLimitMs } }),
  memoryBombJob: () => shellJob(image, 'dd if=/dev/zero of=/dev/null bs=1024M count=4'),
  largeOutputJob: () =>
    shellJob(image, 'dd if=/dev/zero of=/outputs/big bs=1M count=4', {}, { limits: { outputLimitBytes: MIB, diskBytes: 16 * MIB } }),
});
