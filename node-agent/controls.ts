// Controls: the one place where an order changes a running agent, whoever gave it. The terminal is obeyed; an owner key from afar too, except
// for what widens: that waits for a yes at the terminal.
import { NunetError } from '@nunet/shared/errors.ts';
import type { ConfigChange, OwnerAnswer, OwnerOrder } from '@nunet/shared/owner-command.ts';
import type { Agent } from './agent-components.ts';
import type { Offer } from './capacity.ts';
import { pricesOf, type AgentConfig } from './config.ts';
import { changed, differences } from './config-change.ts';
import type { Confirmations, Waiting } from './confirmations.ts';
import type { OwnerBook } from './owner-book.ts';
import { jobsReport, logReport, ownersReport, statusReport } from './owner-report.ts';
import type { LiveSettings } from './settings.ts';

export type GivenBy = { kind: 'terminal' } | { kind: 'owner'; publicKey: string; name: string };

export interface ControlParts {
  agent: Pick<Agent, 'status' | 'settings' | 'logOf' | 'stopJob'>;
  owners: OwnerBook;
  confirmations: Confirmations;
  /** The configuration as it lies on disk; `write` replaces it whole or not at all. */
  file: { read(): Promise<AgentConfig>; write(config: AgentConfig): Promise<void> };
  /** The configuration that this process runs with, flags included. */
  running: AgentConfig;
  /** What a share of this machine comes to. */
  offerOf(share: AgentConfig['share']): Promise<Offer>;
  savePause(by: LiveSettings['pausedBy']): Promise<void>;
  now(): number;
  log(line: string): void;
}

export interface Controls {
  /** Throws what cannot be done, as a NunetError that may be told. */
  carryOut(order: OwnerOrder, by: GivenBy): Promise<OwnerAnswer>;
  waiting(): readonly Waiting[];
  /** The person at the terminal says yes. */
  confirm(id: string): Promise<OwnerAnswer>;
  /** Or no. */
  drop(id: string): Waiting;
}

const TERMINAL: GivenBy = { kind: 'terminal' };
const done = (value: unknown): OwnerAnswer => ({ type: 'done', json: JSON.stringify(value) });

export function createControls(parts: ControlParts): Controls {
  const { agent, owners, confirmations } = parts;
  let { running } = parts;

  async function wait(order: OwnerOrder, by: Extract<GivenBy, { kind: 'owner' }>, what: string): Promise<OwnerAnswer> {
    const before = confirmations.list().map((one) => one.id);
    const { id } = confirmations.add(order, { publicKey: by.publicKey, name: by.name }, what.slice(0, 500));
    if (!before.includes(id)) parts.log(`${by.name} asks for ${what}. Say yes with: nunet-agent confirm ${id}`);
    return { type: 'pending', confirmation: id, what: what.slice(0, 500) };
  }

  async function pause(by: GivenBy): Promise<OwnerAnswer> {
    // What the terminal paused stays the terminal's.
    const pausedBy = agent.settings.now.pausedBy === 'terminal' ? 'terminal' : by.kind;
    await parts.savePause(pausedBy);
    agent.settings.set({ pausedBy });
    return done({ pausedBy });
  }

  async function resume(order: OwnerOrder, by: GivenBy): Promise<OwnerAnswer> {
    if (by.kind === 'owner' && agent.settings.now.pausedBy === 'terminal') {
      return wait(order, by, 'taking jobs again, which was paused at the terminal');
    }
    await parts.savePause(null);
    agent.settings.set({ pausedBy: null });
    return done({ pausedBy: null });
  }

  /** What a change comes to now. */
  async function planOf(wanted: ConfigChange) {
    const next = changed(running, wanted);
    const stored = await parts.file.read();
    const nextStored = changed(stored, wanted);
    // Against both: a file that was narrowed for the next start must not be widened unseen either.
    const now = differences(running, next);
    const later = differences(stored, nextStored).filter(({ words }) => !now.some((one) => one.words === words));
    const all = [...now, ...later];
    return { next, nextStored, words: all.map((one) => one.words), widens: all.some((one) => one.widens) };
  }

  async function change(order: OwnerOrder, wanted: ConfigChange, by: GivenBy): Promise<OwnerAnswer> {
    const { next, nextStored, words, widens } = await planOf(wanted);
    if (words.length === 0) return done({ changed: [] });
    if (by.kind === 'owner' && widens) return wait(order, by, words.join(', '));
    await parts.file.write(nextStored);
    running = next;
    agent.settings.set({
      prices: pricesOf(next),
      offer: await parts.offerOf(next.share),
      limits: next.limits,
      policy: next.policy,
      hours: next.hours,
      toOperators: next.telemetry.toOperators,
    });
    parts.log(`${by.kind === 'terminal' ? 'The terminal' : by.name} changed ${words.join(', ')}`);
    return done({ changed: words });
  }

  async function act(order: OwnerOrder, by: GivenBy): Promise<OwnerAnswer> {
    switch (order.type) {
      case 'status':
        return done(
          statusReport(await agent.status(), {
            nowMs: parts.now(),
            settings: agent.settings.now,
            share: running.share,
            waiting: confirmations.list(),
          }),
        );
      case 'jobs':
        return done(jobsReport(await agent.status(), order.limit));
      case 'logs':
        return done(logReport(order.fromLine, await agent.logOf(order.jobId, order.fromLine, order.lines)));
      case 'owners':
        return done(ownersReport(owners.all));
      case 'pause':
        return pause(by);
      case 'resume':
        return resume(order, by);
      case 'stop-job':
        agent.stopJob(order.jobId);
        return done({ jobId: order.jobId });
      case 'change':
        return change(order, order.change, by);
      case 'revoke-owner': {
        const known = owners.find(order.publicKey);
        if (known === undefined) throw new NunetError('owner-unknown', 'Cannot revoke: no owner has this key');
        // A stolen key must not shut its owner out.
        if (by.kind === 'owner' && by.publicKey !== order.publicKey) return wait(order, by, `revoking the owner ${known.name}`);
        await owners.revoke(order.publicKey, parts.now());
        confirmations.forget(order.publicKey);
        parts.log(`The owner ${known.name} was revoked`);
        return done({ publicKey: order.publicKey });
      }
    }
  }

  async function confirm(id: string): Promise<OwnerAnswer> {
    const { order, owner, what } = confirmations.take(id);
    if (order.type === 'change') {
      const means = (await planOf(order.change)).words.join(', ').slice(0, 500);
      if (means !== what && means !== '') {
        const again = confirmations.add(order, owner, means);
        throw new NunetError(
          'confirmation-changed',
          `Cannot confirm ${id}: other changes came between. It is ${again.id} now and means: ${means}`,
        );
      }
    }
    return act(order, TERMINAL);
  }

  // One change after the other, so that each is judged by what the one before it left.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<OwnerAnswer>): Promise<OwnerAnswer> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
  const READING: ReadonlySet<OwnerOrder['type']> = new Set(['status', 'jobs', 'logs', 'owners']);

  return {
    carryOut: (order, by) => (READING.has(order.type) ? act(order, by) : inTurn(() => act(order, by))),
    waiting: () => confirmations.list(),
    confirm: (id) => inTurn(() => confirm(id)),
    drop: (id) => confirmations.take(id),
  };
}
