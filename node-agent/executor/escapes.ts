// One escape suite for every executor: each attack is contained, named in what the manifest says, and the next job runs.
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ESCAPE_IDS, ESCAPES, type EscapeId } from './escape-list.ts';
import type { ExecutionEvent, ExecutionHandle, ExecutionRequest, ExecutionResult, Executor } from './executor.ts';
import { machineState } from './machine-state.ts';

/** What stands around the executor, and must stay as it is. */
export interface World {
  readonly folder: string;
  /** A listener on the machine's loopback. */
  readonly loopbackPort: number;
  /** A file that anybody on the machine may read, and what is in it. */
  readonly canaryFile: string;
  /** Stands in the canary, in this process's environment, and nowhere else. In two halves for whoever looks for it. */
  readonly secret: readonly [string, string];
}

export interface Ran {
  readonly result: ExecutionResult;
  readonly events: readonly ExecutionEvent[];
  readonly logs: readonly string[];
  readonly handle: ExecutionHandle;
  /** Wall time from start to end, ms. */
  readonly tookMs: number;
  /** Of the executor's disk while the outputs still lay there, against before. */
  readonly grewBytes: number;
}

/** One attack on one executor. */
export interface Attack {
  /** In a folder of its own, which is made. */
  request(world: World, folder: string): Promise<ExecutionRequest>;
  /** By the executor that has no attacker in itself. */
  readonly isHonest?: true;
  /** Another job, which says "ready" in its log; it runs beside the attack, from before to after. */
  beside?(world: World, folder: string): Promise<ExecutionRequest>;
  /** What only this attack would have done; what none may do is checked after each. */
  outside?(ran: Ran, world: World): void | Promise<void>;
  /** What the manifest says. `refused`: a code that `prepare` or `start` throws. */
  readonly named:
    | { readonly exit: 'completed'; readonly log?: RegExp }
    | { readonly exit: 'jobFault' | 'computeProviderFault'; readonly code: string | RegExp; readonly message?: RegExp }
    | { readonly refused: RegExp };
}
export type Cell = Attack | { readonly notApplicable: string };
export type Cells = Readonly<Record<EscapeId, Cell>>;

export interface Ground {
  readonly executor: Executor;
  /** That the next job goes to, where a test puts the attacker into the executor itself. */
  readonly nextExecutor?: Executor;
  readonly cells: Cells;
  /** A good job. */
  next(folder: string): Promise<ExecutionRequest>;
  /** Processes of the executor, at rest and with a job. */
  processes(): Promise<readonly number[]>;
  /** All that it and its jobs keep on disk. */
  diskBytes(): Promise<number>;
  /** How often somebody whom no job may reach was reached. */
  reached(): number;
  close(): Promise<void>;
}

/** In a test's meta: read by `npm run conformance`. */
export interface EscapeMeta {
  readonly column: string;
  readonly escape: EscapeId;
  contained: boolean;
  named: string | null;
  nextJobRuns: boolean;
}

const { signal } = new AbortController();

const exactly = (code: string | RegExp): RegExp => (typeof code === 'string' ? new RegExp(`^${code}$`) : code);

/** What the manifest would say, in a few words. */
export function wordsOf(outcome: Ran | NunetError): string {
  if (outcome instanceof NunetError) return `refused ${outcome.code}`;
  const { exit } = outcome.result;
  return exit.kind === 'completed' ? 'completed' : exit.code;
}

/** `cells`: as those of the ground, for the names of the tests. */
export function describeEscapes(column: string, cells: Cells, open: (world: World) => Promise<Ground>): void {
  describe(`escapes from ${column}`, () => {
    let world: World;
    let ground: Ground;
    let listener: Server;
    let loopbackReached = 0;
    let atRest = 0;
    let count = 0;
    const folderOf = async (): Promise<string> => {
      const folder = join(world.folder, String(count++));
      await mkdir(folder);
      return folder;
    };

    beforeAll(async () => {
      listener = createServer((socket) => {
        loopbackReached += 1;
        socket.destroy();
      }).listen(0, '127.0.0.1');
      await once(listener, 'listening');
      const folder = await mkdtemp(join(tmpdir(), 'nunet-escapes-'));
      // Whoever finds it may read it.
      await chmod(folder, 0o755);
      const secret = [randomBytes(12).toString('hex'), randomBytes(12).toString('hex')] as const;
      const canaryFile = join(folder, 'canary');
      await writeFile(canaryFile, secret.join(''), { mode: 0o644 });
      process.env['NUNET_ESCAPE_SECRET'] = secret.join('');
      world = { folder, loopbackPort: (listener.address() as AddressInfo).port, canaryFile, secret };
      ground = await open(world);
      const { kinds, detail } = await ground.executor.fingerprint(signal);
      expect(kinds, detail).not.toEqual([]);
      await nextJob();
      atRest = (await ground.processes()).length;
    });
    afterAll(async () => {
      delete process.env['NUNET_ESCAPE_SECRET'];
      listener.close();
      await ground.close();
      await rm(world.folder, { recursive: true, force: true });
    });

    async function nextJob(): Promise<void> {
      const executor = ground.nextExecutor ?? ground.executor;
      const ran = await run(await ground.next(await folderOf()), executor);
      expect(ran.result.exit).toEqual({ kind: 'completed' });
      expect(ran.result.outputs.length).toBeGreaterThan(0);
      await executor.remove(ran.handle);
    }

    /** Starts a job that goes on; ends it. */
    async function startBeside(request: ExecutionRequest): Promise<() => Promise<void>> {
      await ground.executor.prepare(request, signal);
      const handle = await ground.executor.start(request, async () => {}, signal);
      const ready = Promise.withResolvers<void>();
      const ended = ground.executor.wait(handle, (event) => event.type === 'log' && event.line === 'ready' && ready.resolve(), signal);
      await Promise.race([ready.promise, ended.then(({ exit }) => Promise.reject(new Error(`it ended: ${JSON.stringify(exit)}`)))]);
      return async () => {
        await ground.executor.stop(handle, { by: 'asked', message: 'enough' });
        await ended;
        await ground.executor.remove(handle);
      };
    }

    async function run(request: ExecutionRequest, executor = ground.executor): Promise<Ran> {
      const diskBefore = await ground.diskBytes();
      await executor.prepare(request, signal);
      let last: ExecutionHandle | null = null;
      const handle = await executor.start(request, async (saved) => void (last = saved), signal);
      expect(handle).toEqual(last);
      const events: ExecutionEvent[] = [];
      const startedAt = performance.now();
      const result = await executor.wait(handle, (event) => events.push(event), signal);
      const tookMs = performance.now() - startedAt;
      const logs = events.flatMap((event) => (event.type === 'log' ? [event.line] : []));
      return { result, events, logs, handle, tookMs, grewBytes: (await ground.diskBytes()) - diskBefore };
    }

    for (const id of ESCAPE_IDS) {
      if ('notApplicable' in cells[id]) continue;
      test(`cannot ${ESCAPES[id]}`, async (context) => {
        const attack = ground.cells[id];
        if ('notApplicable' in attack) throw new Error(`${id} was to be tried`);
        const executor = attack.isHonest === true ? (ground.nextExecutor ?? ground.executor) : ground.executor;
        const meta: EscapeMeta = { column, escape: id, contained: false, named: null, nextJobRuns: false };
        Object.assign(context.task.meta, { escape: meta });
        const before = { machine: await machineState(), reached: ground.reached() + loopbackReached };
        const endBeside = attack.beside === undefined ? null : await startBeside(await attack.beside(world, await folderOf()));
        const outcome = await (async () => run(await attack.request(world, await folderOf()), executor))().catch((error: unknown) => {
          if (error instanceof NunetError) return error;
          throw error;
        });
        await endBeside?.();
        if (!(outcome instanceof NunetError)) {
          try {
            expect(outcome.logs.filter((line) => line.includes('ESCAPED'))).toEqual([]);
            await attack.outside?.(outcome, world);
          } finally {
            await executor.remove(outcome.handle);
          }
        }
        expect(ground.reached() + loopbackReached, 'somebody was reached').toBe(before.reached);
        expect(await machineState()).toEqual(before.machine);
        expect(await readFile(world.canaryFile, 'utf8')).toBe(world.secret.join(''));
        await expect.poll(async () => (await ground.processes()).length, { timeout: 20_000 }).toBeLessThanOrEqual(atRest);
        meta.contained = true;

        if ('refused' in attack.named) {
          expect(outcome).toBeInstanceOf(NunetError);
          expect((outcome as NunetError).code).toMatch(attack.named.refused);
        } else {
          if (outcome instanceof NunetError) throw outcome;
          const { exit } = outcome.result;
          if (attack.named.exit === 'completed') expect(exit).toEqual({ kind: 'completed' });
          else expect(exit).toMatchObject({ kind: attack.named.exit, code: expect.stringMatching(exactly(attack.named.code)) as string });
          if (attack.named.exit !== 'completed' && attack.named.message !== undefined)
            expect(exit).toMatchObject({ message: expect.stringMatching(attack.named.message) as string });
          if (attack.named.exit === 'completed' && attack.named.log !== undefined)
            expect(outcome.logs.join('\n')).toMatch(attack.named.log);
        }
        meta.named = wordsOf(outcome);

        await nextJob();
        meta.nextJobRuns = true;
      });
    }
  });
}
