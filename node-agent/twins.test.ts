// Two agents from one folder on two machines, as far as they can see each other: neither takes jobs once it knows.
import { randomBytes } from 'node:crypto';
import { AdvertBook } from '@nunet/shared/advert-book.ts';
import { expect, it, onTestFinished } from 'vitest';
import { openWorld, type World, type WorldOptions } from './agent-fixtures.ts';
import { startAdverts } from './network/adverts.ts';
import { addressOf, loopbackNode } from './network/loopback-nodes.ts';
import { peerKeyOfSeed } from './network/identity.ts';
import { requestRun } from './network/run.ts';

async function hub(): Promise<string> {
  const node = await loopbackNode('hub', { hub: true });
  const book = new AdvertBook({ network: 'devnet', now: () => Date.now() });
  const { signer } = peerKeyOfSeed(randomBytes(32));
  const adverts = await startAdverts({ node, book, signer, offer: () => null, serveCurrent: true, now: () => Date.now() });
  onTestFinished(() => adverts.stop());
  return addressOf(node, 'tcp');
}

async function worldOf(options: WorldOptions): Promise<World> {
  const world = await openWorld(options);
  onTestFinished(() => world.close());
  return world;
}

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
};

it('cannot take jobs beside a copy of itself on another machine: one hub is enough to tell', { timeout: 60_000 }, async () => {
  const seed = randomBytes(32);
  const changes = { hubs: [await hub()], askHubsMs: 100 };
  const lines: string[] = [];
  const first = await worldOf({ seed, changes: { ...changes, log: (line) => lines.push(line) } });
  expect((await first.client.quote()).type).toBe('quote');
  const second = await worldOf({ seed, changes });
  expect(second.agent.peerId).toBe(first.agent.peerId);
  const seesTwin = async (world: World): Promise<boolean> => (await world.agent.status()).twin !== null;
  await until(async () => (await seesTwin(first)) || (await seesTwin(second)));
  const [aware] = (await seesTwin(first)) ? [first] : [second];
  const answer = await aware.client.quote({ timeLimitMs: 5_000 });
  expect(answer.type === 'refusal' && answer.refusal.body.reasons.map(({ code }) => code)).toEqual(['agent-twin']);
});

it('is not led astray by its own adverts over restarts', { timeout: 60_000 }, async () => {
  const changes = { hubs: [await hub()], askHubsMs: 20 };
  const world = await worldOf({ changes });
  for (let turn = 0; turn < 2; turn++) {
    await until(async () => (await world.agent.status()).hubs.some(({ state }) => state === 'connected'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await world.agent.status()).twin).toBeNull();
    await world.restart(changes);
  }
  expect((await world.agent.status()).twin).toBeNull();
});

it('cannot refuse a lock on a quote that its copy gave, for two signed ends would count against both', async () => {
  const seed = randomBytes(32);
  const first = await worldOf({ seed });
  const second = await worldOf({ seed });
  const quote = await second.client.goodQuote();
  const lock = first.chain.lock(quote);
  // From here on the service provider reaches the other one of the two.
  await second.agent.stop();
  const target = { peerId: first.agent.peerId, addresses: first.agent.addresses() };
  const asked = requestRun(
    second.client.node,
    target,
    { spec: second.client.spec, quote: quote.envelope, lock },
    { computeProviderPeerId: first.agent.peerId, signal: AbortSignal.timeout(10_000) },
  );
  await expect(asked).rejects.toMatchObject({ peerCode: 'agent-twin' });
  expect((await first.agent.status()).twin).toContain('A copy of this agent');
  expect(first.oracles.flatMap((oracle) => oracle.kinds())).toEqual([]);
});
