// What runs jobs on this machine, by its configuration: data in confined children, code in containers where there is an engine.
import { join, resolve } from 'node:path';
import type { AgentConfig } from './config.ts';
import { ContainerExecutor } from './executor/container/container.ts';
import type { HelperSettings } from './executor/container/helper-protocol.ts';
import { EmbeddedExecutor, systemClock } from './executor/embedded.ts';
import type { Executor } from './executor/executor.ts';
import { containerDevices } from './gpu/container-devices.ts';
import { readGpus, systemTool } from './gpu/read-gpus.ts';

export interface ExecutorsOptions {
  readonly config: Pick<AgentConfig, 'containers' | 'policy' | 'network'>;
  readonly dataPath: string;
  readonly peerId: string;
  /** Lent, of which images may take a half. */
  readonly diskBytes: number;
  readonly allowBelowFloor: boolean;
  /** For programs that test a network. */
  readonly embedded: ((honest: Executor) => Executor) | undefined;
  readonly signal: AbortSignal;
  log(this: void, line: string): void;
}

/** With their sandboxes proved already, and the owner told what is not possible here. */
export async function executorsOf(options: ExecutorsOptions): Promise<{ executors: readonly Executor[]; close(): Promise<void> }> {
  const { config, signal, log, allowBelowFloor } = options;
  const embedded = new EmbeddedExecutor({ clock: systemClock, allowBelowFloor });
  const data = options.embedded?.(embedded) ?? embedded;
  const settings = helperSettingsOf(options);
  const code = settings === null ? null : new ContainerExecutor({ clock: systemClock, settings, devicesOf });
  const close = async (): Promise<void> => {
    await code?.close();
    await embedded.close();
  };
  try {
    const ofData = await data.fingerprint(signal);
    const ofCode = await code?.fingerprint(signal);
    if (ofCode?.kinds.length === 0) log(`No container jobs are taken: ${ofCode.detail}`);
    if (ofData.kinds.length === 0) {
      const taken = (ofCode?.kinds.length ?? 0) > 0 ? 'No data-only jobs' : 'No jobs';
      log(
        `${taken} are taken: ${ofData.detail}. ${config.network === 'devnet' ? 'On the devnet --allow-below-floor takes data-only jobs all the same.' : ''}`,
      );
    } else if (allowBelowFloor && (ofData.sandbox === 'none' || ofData.sandbox === 'limits'))
      log(`WARNING: --allow-below-floor: ${ofData.detail}`);
  } catch (error) {
    await close();
    throw error;
  }
  return { executors: code === null ? [data] : [data, code], close };
}

/** null: the owner wants no containers. */
export function helperSettingsOf({
  config,
  dataPath,
  peerId,
  diskBytes,
}: Pick<ExecutorsOptions, 'config' | 'dataPath' | 'peerId' | 'diskBytes'>): HelperSettings | null {
  const { containers, policy } = config;
  if (containers.engine === 'off') return null;
  const folder = resolve(dataPath);
  return {
    agent: peerId,
    engine: containers.engine,
    socket: containers.socket === null ? null : resolve(containers.socket),
    runtime: containers.runtime,
    packageIndex: containers.packageIndex,
    registries: policy.registries,
    images: policy.images,
    downloadHosts: policy.downloadHosts,
    stateDir: join(folder, 'containers'),
    workRoot: join(folder, 'work'),
    imageBudgetBytes: Math.floor(diskBytes / 2),
    maxImageBytes: Math.floor(diskBytes / 2),
    disk: 'auto',
  };
}

async function devicesOf(ids: readonly string[]): ReturnType<NonNullable<ConstructorParameters<typeof ContainerExecutor>[0]['devicesOf']>> {
  const { gpus } = await readGpus({ run: systemTool(new AbortController().signal), sys: '/sys', dev: '/dev' });
  return containerDevices(ids, gpus);
}
