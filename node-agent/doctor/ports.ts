// Can the configured ports be bound, and could anybody outside reach them? Pure.
import type { AgentConfig } from '../config.ts';
import { fail, pass, skip, warn, type Finding } from './finding.ts';

export type Bound = 'free' | 'in-use' | 'not-permitted' | 'no-address' | 'failed';

export interface PortFacts {
  ports: readonly { name: 'tcp' | 'ws' | 'webrtc'; at: string; bound: Bound }[];
  /** Our own agent holds them. */
  agentRuns: boolean;
}

const FLAG = { tcp: 'listen.tcp', ws: 'listen.ws', webrtc: 'listen.webrtc' } as const;

export function judgePorts({ ports, agentRuns }: PortFacts): Finding[] {
  return ports.map(({ name, at, bound }) => {
    const what = `${name} ${at}`;
    const elsewhere = `nunet-agent config set ${FLAG[name]} IP:PORT`;
    if (bound === 'free') return pass('ports', `${what} can be bound`);
    if (bound === 'in-use')
      return agentRuns
        ? pass('ports', `${what} is in use, by the running agent`)
        : fail('ports', `${what} is in use by another program`, `Stop it, or choose another: ${elsewhere}`);
    if (bound === 'not-permitted') return fail('ports', `${what}: this account may not bind it`, `Choose a port above 1023: ${elsewhere}`);
    if (bound === 'no-address')
      return fail('ports', `${what}: this machine has no such address`, `Choose 0.0.0.0 or an address of this machine: ${elsewhere}`);
    return fail('ports', `${what} cannot be bound`, `Choose another: ${elsewhere}`);
  });
}

export interface ReachFacts {
  network: AgentConfig['network'];
  listens: boolean;
  relay: boolean;
  /** Hubs that answered. */
  hubs: number;
  /** Addresses of this machine's interfaces. */
  own: readonly string[];
  /** As which hubs saw us. */
  seen: readonly string[];
  isPrivate: (address: string) => boolean;
}

/** What can be said without anybody dialling back: no peer does that for us yet. */
export function judgeReach({ network, listens, relay, hubs, own, seen, isPrivate }: ReachFacts): Finding {
  const fix = 'Forward the ports in the router, or be reached through hubs: nunet-agent config set listen.relay true';
  if (!listens && !relay) return fail('reach', 'The agent listens on nothing and is on no relay: nobody can reach it', fix);
  if (relay && hubs > 0) return pass('reach', `Reached through ${hubs} ${hubs === 1 ? 'hub' : 'hubs'} (relay) by whoever cannot dial it`);
  if (relay) return fail('reach', 'Wants to be reached through hubs, and none answers', 'See the lines about hubs');
  const direct = [...own, ...seen].filter((address) => !isPrivate(address));
  const behind = seen.find((address) => !own.includes(address) && !isPrivate(address));
  if (behind !== undefined) return warn('reach', `Behind a router: hubs see ${behind}, which is no address of this machine`, fix);
  if (direct.length > 0) return skip('reach', `Has the public address ${direct[0]}; whether a firewall lets anybody in was not checked`);
  return network === 'devnet'
    ? skip('reach', 'Private addresses alone, which is enough on a devnet')
    : warn('reach', 'Private addresses alone: service providers on the internet cannot dial it', fix);
}
