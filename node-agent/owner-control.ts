// OwnerControl: puts a running agent under the hand of its owner, at the terminal and from afar.
import type { Agent } from './agent-components.ts';
import type { Offer } from './capacity.ts';
import { pathsOf, readConfig, writeConfig, type AgentConfig } from './config.ts';
import { Confirmations } from './confirmations.ts';
import { controlSocketOf, serveControl } from './control-socket.ts';
import { createControls } from './controls.ts';
import { serveOwner } from './network/owner.ts';
import type { NetworkNode } from './network/node.ts';
import type { OwnerBook } from './owner-book.ts';
import { Pairing } from './pairing.ts';
import { writePause } from './pause-file.ts';
import { carryOutTerminal } from './terminal-orders.ts';

export interface OwnerControlParts {
  agent: Agent;
  node: NetworkNode;
  owners: OwnerBook;
  dataPath: string;
  /** What this process runs with, flags included. */
  running: AgentConfig;
  offerOf(share: AgentConfig['share']): Promise<Offer>;
  clock: { now(): number; elapsed(): number };
  random(bytes: number): Uint8Array;
  log(line: string): void;
}

export async function startOwnerControl(parts: OwnerControlParts): Promise<{ close(): Promise<void> }> {
  const { agent, node, owners, dataPath, clock } = parts;
  const paths = pathsOf(dataPath);
  const controls = createControls({
    agent,
    owners,
    confirmations: new Confirmations(clock, (bytes) => parts.random(bytes)),
    file: { read: () => readConfig(paths.config), write: (config) => writeConfig(paths.config, config) },
    running: parts.running,
    offerOf: (share) => parts.offerOf(share),
    savePause: (by) => writePause(paths.pause, by, clock.now()),
    now: () => clock.now(),
    log: (line) => parts.log(line),
  });
  const pairing = new Pairing({
    network: node.network,
    peerId: node.peerId,
    elapsed: () => clock.elapsed(),
    now: () => clock.now(),
    random: (bytes) => parts.random(bytes),
    add: async (owner) => {
      await owners.add(owner);
      parts.log(`${owner.name} is an owner of this agent now`);
    },
  });
  // Slots are kept for whoever owns the agent now.
  let held = new Set<string>();
  const holdOwners = (): void => {
    const peers = new Set(owners.all.flatMap((owner) => (owner.revokedAtMs === null ? owner.peers : [])));
    for (const peer of peers) if (!held.has(peer)) node.reserve(peer);
    for (const peer of held) if (!peers.has(peer)) node.release(peer);
    held = peers;
  };
  holdOwners();
  const unwatch = owners.onChange(holdOwners);
  await serveOwner(node, { owners, controls, pairing, now: () => clock.now() });
  const socket = await serveControl(controlSocketOf(dataPath), {
    get: { status: () => agent.status() },
    post: {
      order: async (body) => ({ answer: await carryOutTerminal(body, { controls, pairing, owners, addresses: () => agent.addresses() }) }),
    },
  });
  return {
    close: () => {
      unwatch();
      pairing.cancel();
      return socket.close();
    },
  };
}
