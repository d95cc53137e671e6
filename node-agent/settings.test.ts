import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWorld, type World } from './agent-fixtures.ts';
import { Settings, type LiveSettings } from './settings.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const reasonsOf = (answer: Awaited<ReturnType<World['client']['quote']>>): string[] =>
  answer.type === 'quote' ? [] : answer.refusal.body.reasons.map(({ code }) => code);

describe('settings', () => {
  it('tell each listener of each change until it leaves', () => {
    const settings = new Settings(world.agent.settings.now);
    const seen: LiveSettings['pausedBy'][] = [];
    const leave = settings.onChange(({ pausedBy }) => seen.push(pausedBy));
    settings.set({ pausedBy: 'owner' });
    settings.set({ hours: { from: '22:00', to: '06:00' } });
    leave();
    settings.set({ pausedBy: null });
    expect(seen).toEqual(['owner', 'owner']);
    expect(settings.now).toMatchObject({ pausedBy: null, hours: { from: '22:00' } });
  });
});

describe('a running agent', () => {
  it('cannot be asked for a quote while it is paused, and can be again afterwards', async () => {
    world.agent.settings.set({ pausedBy: 'owner' });
    expect(reasonsOf(await world.client.quote())).toEqual(['paused']);
    world.agent.settings.set({ pausedBy: null });
    expect(await world.client.quote()).toMatchObject({ type: 'quote' });
  });

  it('finishes what runs while it is paused', async () => {
    const quote = await world.client.goodQuote();
    const lock = world.chain.lock(quote);
    world.agent.settings.set({ pausedBy: 'owner' });
    await world.client.run(quote, lock);
    const events = await world.whileBlocksCome(world.client.toEnd(quote.body.jobId));
    expect(events).toContainEqual(expect.objectContaining({ type: 'state', state: 'finished' }));
  });

  it('quotes at new prices from the next request on', async () => {
    const before = await world.client.goodQuote();
    world.agent.settings.set({ prices: { ...world.agent.settings.now.prices, cpuHour: 7_200_000_000n } });
    // The same question within half a quote's life has the same answer; another time limit is another question.
    const after = await world.client.quote({ timeLimitMs: 20_000 });
    if (after.type !== 'quote') throw new Error('refused');
    expect(after.quote.body.rateBaseUnitsPerHour).toBe(before.body.rateBaseUnitsPerHour * 2n);
  });

  it('lends another share from the next request on', async () => {
    world.agent.settings.set({ offer: { ...world.agent.settings.now.offer, memoryBytes: 2 ** 20 } });
    expect(reasonsOf(await world.client.quote())).toContain('capacity-too-small');
    expect((await world.agent.status()).capacity.total.memoryBytes).toBe(2 ** 20);
  });

  it('keeps to the longest time that was allowed last', async () => {
    world.agent.settings.set({ limits: { ...world.agent.settings.now.limits, maxTimeLimitMs: 5_000 } });
    expect(reasonsOf(await world.client.quote())).toEqual(['time-limit']);
  });
});
