import { openEvidence } from '@nunet/shared/evidence.ts';
import type { LockRefusal } from '@nunet/shared/quote.ts';
import type { Manifest } from '@nunet/shared/manifest.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWorld, type World } from './agent-fixtures.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

async function reaches(jobId: string, state: string): Promise<void> {
  for await (const event of world.client.follow(jobId)) if (event.type === 'state' && event.state === state) return;
  throw new Error(`job never became ${state}`);
}

describe('an owner that ends a job', () => {
  it('ends what runs as the compute provider’s doing, once', async () => {
    world.script = { steps: [{ do: 'log', line: 'first' }, { do: 'hang' }] };
    const quote = await world.client.goodQuote();
    const { jobId } = quote.body;
    const lock = world.chain.lock(quote);
    await world.client.run(quote, lock);
    await world.whileBlocksCome(reaches(jobId, 'running'));
    world.agent.stopJob(jobId);
    const events = await world.whileBlocksCome(world.client.toEnd(jobId));
    const envelope = events.find((event) => event.type === 'manifest')?.envelope;
    const manifest = openEvidence('manifest', envelope ?? new Uint8Array(), { quote, lock }).body as Manifest;
    expect(manifest.exit).toMatchObject({
      kind: 'computeProviderFault',
      code: 'agent-stopped',
      message: 'The owner of this machine ended the job',
    });
    expect(() => world.agent.stopJob(jobId)).toThrow('it has ended already');
  });

  it('refuses at nothing what has not begun, so that the money goes back at once', async () => {
    world.client.serving = false;
    const quote = await world.client.goodQuote();
    const { jobId } = quote.body;
    const lock = world.chain.lock(quote);
    await world.client.run(quote, lock);
    await world.whileBlocksCome(reaches(jobId, 'preparing'));
    world.agent.stopJob(jobId);
    const events = await world.whileBlocksCome(world.client.toEnd(jobId));
    const envelope = events.find((event) => event.type === 'refusal')?.envelope;
    const refusal = openEvidence('lock-refusal', envelope ?? new Uint8Array(), { quote, lock }).body as LockRefusal;
    expect(refusal.reasons).toEqual([{ code: 'owner-stopped', message: 'The owner of this machine ended the job' }]);
  });

  it('reads the log of a job from any line', async () => {
    const lines = Array.from({ length: 600 }, (_, number) => `line ${number}`);
    world.script = {
      steps: [...lines.map((line) => ({ do: 'log' as const, line })), { do: 'output', name: 'out.npy', bytes: new Uint8Array(8) }],
    };
    const quote = await world.client.goodQuote();
    const { jobId } = quote.body;
    await world.client.run(quote, world.chain.lock(quote));
    await world.whileBlocksCome(world.client.toEnd(jobId));
    expect(await world.agent.logOf(jobId, 590, 1_000)).toEqual({ lines: lines.slice(590), total: 600 });
    expect(await world.agent.logOf(jobId, 300, 2)).toEqual({ lines: ['line 300', 'line 301'], total: 600 });
    expect(await world.agent.logOf(jobId, 10_000, 2)).toEqual({ lines: [], total: 600 });
  });
});
