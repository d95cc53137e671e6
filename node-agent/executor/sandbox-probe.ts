// Proves what a confinement is worth: a real child in it tries to reach the host, and its word is set against what the host saw.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SandboxLevel } from '@nunet/shared/job-spec.ts';
import { LIMITS_CHECKS, NAMESPACE_CHECKS } from './child-probe.ts';
import type { FromChild } from './child-protocol.ts';
import type { ChildRuntime } from './child-runtime.ts';
import { confinements, type Confinement } from './confinement.ts';
import { startChild } from './confined-child.ts';
import type { SandboxCheck } from './executor.ts';

const PROBE_MEMORY_BYTES = 192 * 2 ** 20;
const PROBE_TIMEOUT_MS = 10_000;

export interface ProbedSandbox {
  readonly confinement: Confinement;
  readonly level: SandboxLevel;
  readonly checks: readonly SandboxCheck[];
  readonly versions: { readonly node: string; readonly onnxruntime: string };
}

/** Runs the probe in one confinement. null: it does not even start a child here. */
export async function probeConfinement(
  confinement: Confinement,
  runtime: ChildRuntime,
  signal: AbortSignal,
): Promise<ProbedSandbox | null> {
  const folder = await mkdtemp(join(tmpdir(), 'nunet-canary-'));
  const canaryFile = join(folder, 'canary');
  await writeFile(canaryFile, randomBytes(16).toString('hex'), { mode: 0o644 });
  let reached = 0;
  const server = createServer((socket) => {
    reached += 1;
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening', { signal });
  let versions = { node: '', onnxruntime: '' };
  let probed: readonly SandboxCheck[] | null = null;
  try {
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]);
    const child = await startChild(
      confinement,
      runtime,
      { memoryBytes: PROBE_MEMORY_BYTES, cpuSeconds: 30 },
      {
        message(message: FromChild) {
          if (message.type === 'ready') versions = { node: message.node, onnxruntime: message.onnxruntime };
          if (message.type !== 'probed') return;
          probed = message.checks;
          child.kill();
        },
        chunk() {
          throw new Error('a probe sends no file');
        },
      },
    );
    const kill = (): void => child.kill();
    timeout.addEventListener('abort', kill);
    await child
      .send({
        type: 'probe',
        attempts: {
          loopbackPort: (server.address() as AddressInfo).port,
          canaryFile,
          hostPid: process.pid,
          allocateBytes: PROBE_MEMORY_BYTES * 2,
        },
      })
      .catch(() => {});
    await child.ended;
    timeout.removeEventListener('abort', kill);
    signal.throwIfAborted();
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
  if (probed === null) return null;
  const checks: SandboxCheck[] = [...(probed as SandboxCheck[])];
  // The host's own eyes: a child that lies about the network is caught here.
  if (reached > 0) checks.push({ name: 'network', passed: false, detail: `the host's listener was reached ${reached} times` });
  const passed = (names: readonly string[]): boolean =>
    names.every((name) => {
      const named = checks.filter((check) => check.name === name);
      return named.length > 0 && named.every((check) => check.passed);
    });
  const level: SandboxLevel = passed(NAMESPACE_CHECKS) ? 'namespace' : passed(LIMITS_CHECKS) ? 'limits' : 'none';
  return { confinement, level, checks, versions };
}

const RANK: Record<SandboxLevel, number> = { none: 0, limits: 1, namespace: 2, container: 3 };

/** The first confinement that keeps its promise, else the best that was found. null: none starts a child. */
export async function chooseSandbox(
  runtime: ChildRuntime,
  signal: AbortSignal,
  candidates: readonly Confinement[] = confinements(),
): Promise<ProbedSandbox | null> {
  let best: ProbedSandbox | null = null;
  for (const candidate of candidates) {
    const probed = await probeConfinement(candidate, runtime, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof Error && 'code' in error && error.code === 'sandbox-failed') return null;
      throw error;
    });
    if (probed === null) continue;
    if (best === null || RANK[probed.level] > RANK[best.level]) best = probed;
    if (RANK[best.level] >= RANK[candidate.aims]) break;
  }
  return best;
}
