// `npm run gpu:check`: whether jobs can have this machine's GPUs, for a machine that has one: found, given to a container, looked for
// inside, computed on, measured, and clean again afterwards. It uses what an agent uses, and leaves nothing behind.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCompute } from '@nunet/node-agent/benchmark/compute.ts';
import type { ComputeWay } from '@nunet/node-agent/benchmark/matrix-product.ts';
import { ContainerExecutor } from '@nunet/node-agent/executor/container/container.ts';
import { systemClock } from '@nunet/node-agent/executor/embedded.ts';
import type { ExecutionRequest } from '@nunet/node-agent/executor/executor.ts';
import { withGpus } from '@nunet/node-agent/executor/with-gpus.ts';
import { containerDevices } from '@nunet/node-agent/gpu/container-devices.ts';
import type { Gpu } from '@nunet/node-agent/gpu/gpu.ts';
import { createJobGpus } from '@nunet/node-agent/gpu/job-gpus.ts';
import { readGpus, systemTool } from '@nunet/node-agent/gpu/read-gpus.ts';
import { gpuWatch } from '@nunet/node-agent/gpu/watch.ts';
import { imageReference } from '@nunet/shared/container-program.ts';
import { rawCidOf } from '@nunet/shared/encoding.ts';
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import type { JobSpec } from '@nunet/shared/job-spec.ts';

const USAGE = `Usage: npm run gpu:check [-- FLAGS]

  --image NAME@sha256:...   image with python3 and CUDA or ROCm in it, to compute in (the base image "pytorch" or "onnx" where one is here)
  --socket PATH             of the container engine, instead of the usual places
  --json                    the report alone, as one JSON document

Exit codes: 0 all is well, 1 something failed, 2 wrong flags, 3 this machine has no GPU.`;

/** Prints what it sees of GPUs, and multiplies matrices on the first one that PyTorch or onnxruntime reaches. */
const PROGRAM = `
import json, subprocess, time
def tool():
    try:
        return subprocess.run(['nvidia-smi', '-L'], capture_output=True, text=True, timeout=60).stdout.strip()
    except Exception as error:
        return 'none: %s' % error
def torch_run():
    try:
        import torch
        if not torch.cuda.is_available():
            return {'version': torch.__version__, 'gpu': None}
        a = torch.rand(4096, 4096, device='cuda'); b = torch.rand(4096, 4096, device='cuda'); (a @ b).sum().item()
        start = time.time()
        for _ in range(20): c = a @ b
        torch.cuda.synchronize()
        return {'version': torch.__version__, 'gpu': torch.cuda.get_device_name(0), 'flops': 20 * 2 * 4096 ** 3 / (time.time() - start)}
    except Exception as error:
        return {'missing': str(error)[:200]}
def onnx_run():
    try:
        import onnxruntime
        return {'version': onnxruntime.__version__, 'providers': onnxruntime.get_available_providers()}
    except Exception as error:
        return {'missing': str(error)[:200]}
print('REPORT ' + json.dumps({'tool': tool(), 'torch': torch_run(), 'onnxruntime': onnx_run()}))
`;

interface Step {
  step: string;
  result: 'pass' | 'fail' | 'skip';
  detail: string;
  facts?: unknown;
}

const elapsed = (): number => performance.now();
const signal = AbortSignal.timeout(10 * 60_000);
const read = () => readGpus({ run: systemTool(signal), sys: '/sys', dev: '/dev' });

/** `image` null: a script in a base image. */
function specOf(image: string | null, base: 'pytorch' | 'onnx', script: Uint8Array): JobSpec {
  return {
    v: 1,
    network: 'devnet',
    nonce: randomBytes(16).toString('hex'),
    title: 'gpu check',
    delivery: 'open',
    replay: 'never',
    resources: { cpus: 1, memoryBytes: 4 * 2 ** 30, diskBytes: 2 ** 28, gpus: 1 },
    timeLimitMs: 5 * 60_000,
    outputLimitBytes: 2 ** 20,
    inputs: [{ name: 'gpu_check.py', cid: rawCidOf(script), bytes: script.length }],
    program: {
      kind: 'container',
      run:
        image === null
          ? { type: 'script', base, script: 'gpu_check.py', arguments: [], dependencies: [] }
          : { type: 'image', image, command: ['python3', '/inputs/gpu_check.py'] },
      environment: {},
      downloads: [],
      checkpointEveryMs: null,
      resumeFrom: null,
    },
  };
}

/** One job on one GPU or slice, by the executor that an agent has. */
async function runOn(id: string, flags: { image: string | null; socket: string | null }, steps: Step[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'gpu-check-'));
  const log: string[] = [];
  const gpus = createJobGpus({
    watch: gpuWatch({ run: systemTool(signal), sys: '/sys', elapsed, maxAgeMs: 500 }),
    read,
    sleep: (ms, until) => sleep(ms, undefined, { signal: until }),
    elapsed,
    log: (line) => log.push(line),
  });
  const container = new ContainerExecutor({
    clock: systemClock,
    settings: {
      agent: `gpu-check-${process.pid}`,
      engine: 'auto',
      socket: flags.socket,
      runtime: 'runc',
      packageIndex: null,
      registries: [],
      images: [],
      downloadHosts: [],
      stateDir: join(folder, 'state'),
      workRoot: join(folder, 'work'),
      imageBudgetBytes: 40 * 2 ** 30,
      maxImageBytes: 40 * 2 ** 30,
      disk: 'auto',
    },
    devicesOf: async (ids) => containerDevices(ids, (await read()).gpus),
  });
  const executor = withGpus(container, gpus, () => [], signal);
  try {
    const { detail, kinds } = await executor.fingerprint(signal);
    steps.push({ step: 'engine', result: kinds.length > 0 ? 'pass' : 'fail', detail });
    if (kinds.length === 0) return;
    const script = new TextEncoder().encode(PROGRAM);
    await writeFile(join(folder, 'gpu_check.py'), script);
    const requestOf = (base: 'pytorch' | 'onnx'): ExecutionRequest => {
      const spec = specOf(flags.image, base, script);
      return {
        jobId: `gpu-check-${spec.nonce}`,
        spec,
        inputPath: (name) => join(folder, name),
        workDir: join(folder, 'work', 'job'),
        gpus: [id],
      };
    };
    let request = requestOf('pytorch');
    try {
      await executor.prepare(request, signal).catch(async (error: unknown) => {
        if (flags.image !== null) throw error;
        request = requestOf('onnx');
        await executor.prepare(request, signal);
      });
    } catch (error) {
      steps.push({ step: 'container', result: 'skip', detail: `no image to compute in: ${safeError(error).message}` });
      return;
    }
    const handle = await executor.start(request, () => Promise.resolve(), signal);
    const lines: string[] = [];
    const result = await executor.wait(handle, (event) => (event.type === 'log' ? lines.push(event.line) : undefined), signal);
    await executor.remove(handle);
    const told = lines.find((line) => line.startsWith('REPORT '));
    const isDone = result.exit.kind === 'completed' && told !== undefined;
    steps.push({
      step: 'container',
      result: isDone ? 'pass' : 'fail',
      detail: isDone
        ? `the job saw ${id} and no other GPU, and ran`
        : `${JSON.stringify(result.exit)}; last lines: ${lines.slice(-3).join(' | ').slice(0, 500)}`,
      facts: told === undefined ? null : (JSON.parse(told.slice('REPORT '.length)) as unknown),
    });
    const hasUsage = result.usage?.gpuPeakMemoryBytes !== undefined || id.startsWith('MIG-');
    steps.push({ step: 'usage', result: hasUsage ? 'pass' : 'fail', detail: JSON.stringify(result.usage ?? null), facts: result.usage });
    for (let turn = 0; turn < 40 && [...gpus.unfit.values()].length > 0; turn++) await sleep(1_000);
    const why = gpus.unfit.get(id);
    steps.push({
      step: 'clean afterwards',
      result: why === undefined ? 'pass' : 'fail',
      detail: why ?? `nothing of the job is left on ${id}`,
    });
  } catch (error) {
    steps.push({
      step: 'container',
      result: 'fail',
      detail: error instanceof NunetError ? `${error.code}: ${error.message}` : String(error),
    });
  } finally {
    await executor.close?.();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the agent's own onnxruntime reaches, in a child that may crash. */
async function ownRuntime(steps: Step[]): Promise<void> {
  for (const way of ['cuda', 'webgpu'] satisfies ComputeWay[]) {
    const compute = startCompute({ isPolite: false });
    try {
      const { perSecond } = await compute.ask(
        { type: 'flops', size: 2048, threads: 1, way, budgetMs: 700 },
        'rate',
        AbortSignal.timeout(60_000),
      );
      steps.push({
        step: `benchmark by ${way}`,
        result: 'pass',
        detail: `${(perSecond / 1e12).toFixed(2)} TFLOP/s`,
        facts: { flops: perSecond },
      });
    } catch (error) {
      steps.push({ step: `benchmark by ${way}`, result: 'skip', detail: safeError(error).message });
    } finally {
      compute.end();
    }
  }
}

const idsOf = ({ id, slices }: Gpu): string[] => (slices.length > 0 ? slices.map((slice) => slice.id) : [id]);

async function main(): Promise<number> {
  let given: { image?: string; socket?: string; json?: boolean; help?: boolean };
  try {
    given = parseArgs({
      options: { image: { type: 'string' }, socket: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
    }).values;
  } catch (error) {
    console.error(`Cannot check GPUs: ${(error as Error).message.split('\n')[0]}\n\n${USAGE}`);
    return 2;
  }
  if (given.help === true) {
    console.log(USAGE);
    return 0;
  }
  if (given.image !== undefined && !imageReference.safeParse(given.image).success) {
    console.error(`Cannot check GPUs: --image must be NAME@sha256:..., such as the one that "docker images --digests" shows\n\n${USAGE}`);
    return 2;
  }
  const steps: Step[] = [];
  const report = await read();
  for (const { code, problem, fix } of report.problems)
    steps.push({ step: 'detection', result: 'fail', detail: `${code}: ${problem} ${fix}` });
  for (const gpu of report.gpus)
    steps.push({ step: 'detection', result: 'pass', detail: `${gpu.name} at ${gpu.pci}, ${gpu.id}`, facts: gpu });
  const hasNone = report.gpus.length === 0;
  if (hasNone && report.problems.length === 0)
    steps.push({
      step: 'detection',
      result: 'skip',
      detail: 'This machine has no GPU that could compute, so there is nothing to check here.',
    });
  for (const id of report.gpus.flatMap(idsOf)) await runOn(id, { image: given.image ?? null, socket: given.socket ?? null }, steps);
  if (!hasNone) await ownRuntime(steps);
  if (given.json === true) console.log(JSON.stringify({ version: 1, at: new Date().toISOString(), steps }, null, 2));
  else for (const { step, result, detail } of steps) console.log(`${result.padEnd(4)}  ${step}: ${detail}`);
  if (steps.some(({ result }) => result === 'fail')) return 1;
  return hasNone ? 3 : 0;
}

process.exit(await main());
