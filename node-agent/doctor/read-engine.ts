// Asks the engines of this machine who they are, over their own sockets. Reads alone; a job's containers are made elsewhere.
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { request } from 'node:http';
import { z } from 'zod';
import type { RunTool } from '../gpu/read-gpus.ts';
import type { EngineFacts, EngineSocket } from './engine.ts';

const ANSWER_MS = 5_000;
const MAX_ANSWER_BYTES = 2 ** 20;

const text = z.string().max(200).catch('');
const version = z.object({
  Version: text,
  ApiVersion: text,
  Components: z.array(z.object({ Name: text, Version: text })).catch([]),
});
const info = z.object({
  SecurityOptions: z.array(text).catch([]),
  Runtimes: z.record(z.string(), z.unknown()).catch({}),
  CgroupVersion: text,
  MemoryLimit: z.boolean().catch(false),
  PidsLimit: z.boolean().catch(false),
  CpuCfsQuota: z.boolean().catch(false),
});

/** The usual places, as Docker's and Podman's own clients look. */
export function engineSockets({
  configured,
  env,
  uid,
}: {
  configured: string | null;
  env: Readonly<Record<string, string | undefined>>;
  uid: number | null;
}): string[] {
  if (configured !== null) return [configured];
  const run = env['XDG_RUNTIME_DIR'] ?? (uid === null ? undefined : `/run/user/${uid}`);
  const named = env['DOCKER_HOST']?.startsWith('unix://') === true ? [env['DOCKER_HOST'].slice('unix://'.length)] : [];
  const own = run === undefined ? [] : [`${run}/docker.sock`, `${run}/podman/podman.sock`];
  return [...new Set([...named, ...own, '/var/run/docker.sock', '/run/podman/podman.sock'])];
}

function get(socketPath: string, path: string, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path, signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > MAX_ANSWER_BYTES) response.destroy(new Error('too long'));
      });
      response.on('error', reject);
      response.on('end', () => {
        try {
          resolve(JSON.parse(body));
        } catch (error) {
          reject(error);
        }
      });
    });
    asking.on('error', reject);
    asking.end();
  });
}

export function factsOf(saysVersion: unknown, saysInfo: unknown, runcPackage: string | null): EngineFacts {
  const v = version.parse(saysVersion);
  const i = info.parse(saysInfo);
  const component = (name: RegExp): string | null => v.Components.find(({ Name }) => name.test(Name))?.Version ?? null;
  const has = (name: string): boolean => i.SecurityOptions.some((option) => option.split(',')[0] === `name=${name}`);
  const runc = component(/^runc$/i) ?? component(/^OCI Runtime \(runc\)$/i);
  return {
    kind: component(/podman/i) === null ? 'docker' : 'podman',
    version: v.Version,
    apiVersion: v.ApiVersion,
    isRootless: has('rootless'),
    hasUserNamespace: has('userns'),
    hasSeccomp: has('seccomp'),
    runtimes: Object.keys(i.Runtimes).slice(0, 50),
    runcVersion: runc,
    runcPackage,
    cgroupVersion: i.CgroupVersion === '' ? '1' : i.CgroupVersion,
    limits: { memory: i.MemoryLimit, pids: i.PidsLimit, cpu: i.CpuCfsQuota },
  };
}

async function packageOf(name: string, run: RunTool): Promise<string | null> {
  const asked = await run('dpkg-query', ['--show', '--showformat', '${Version}', name]);
  return asked?.code === 0 && asked.output.trim() !== '' ? asked.output.trim().slice(0, 100) : null;
}

export async function readEngine(path: string, run: RunTool, signal: AbortSignal): Promise<EngineSocket> {
  const can = (mode: number): Promise<boolean> =>
    access(path, mode).then(
      () => true,
      () => false,
    );
  if (!(await can(constants.F_OK))) return { path, state: 'missing' };
  if (!(await can(constants.R_OK | constants.W_OK))) return { path, state: 'not-permitted' };
  try {
    const [saysVersion, saysInfo] = await Promise.all([get(path, '/version', signal), get(path, '/info', signal)]);
    return { path, state: 'answers', facts: factsOf(saysVersion, saysInfo, await packageOf('runc', run)) };
  } catch {
    signal.throwIfAborted();
    return { path, state: 'silent' };
  }
}

/** As `nunet-agent images` tags what it builds: nunet-base/NAME:... */
const BASE_TAG = /^nunet-base\/([a-z0-9-]{1,40}):/;
const images = z.array(z.object({ RepoTags: z.array(z.string().max(300)).nullish() })).max(10_000);

/** Names of the base images that the engine has. */
export async function readBaseImages(path: string, signal: AbortSignal): Promise<string[]> {
  const listed = images.parse(await get(path, '/images/json', signal));
  return [...new Set(listed.flatMap(({ RepoTags }) => RepoTags ?? []).flatMap((tag) => BASE_TAG.exec(tag)?.[1] ?? []))];
}
