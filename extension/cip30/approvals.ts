// What web pages wait for a person to say: one question an origin at a time, each answered once, by its id. Nothing here counts as a yes
// but `approve` with the id of the question.
import { bytesToHex } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import type { After } from '../runner/coalesced.ts';
import type { Asker } from './documents.ts';
import { API, fault, Faulty, type Fault } from './faults.ts';
import type { DappPending } from './page-messages.ts';
import type { Rates } from './rate.ts';

/** CIP-30 names no time; a person who has gone away has not said yes. */
export const APPROVAL_MS = 300_000;
const MAX_PENDING = 20;
/** Calls of `enable` that wait for the same answer. */
const MAX_JOINED = 8;

/** What it stands on: consent for one account on one network is none for another. */
export interface Ground {
  account: number;
  payment: string;
  network: string;
}

interface Waiting {
  view: DappPending;
  ground: Ground;
  askers: Asker[];
  calls: number;
  isShown: boolean;
  settle: { resolve: (answer: never) => void; reject: (reason: Faulty) => void };
  answer: Promise<unknown>;
  stop: () => void;
  /** What the page is told when the person says no. */
  declined: Fault;
}

type What = DappPending['what'];

export interface Approvals {
  pending(): DappPending[];
  /** The person's answer to what `work` comes to; the origin's one place is held from here on. Rejects with what the page is told. */
  ask<Answer>(asker: Asker, question: { work: () => Promise<What>; ground: Ground; declined: Fault }): Promise<Answer>;
  /** The answer to the origin's question of that kind, if one waits: it is not asked twice. */
  join<Answer>(asker: Asker, kind: DappPending['what']['kind']): Promise<Answer> | null;
  /** The window was asked for by a way that broke: asked for again, as long as nothing shows the question. */
  remind(asker: Asker): void;
  /** A page shows it. Throws `dapp-gone`. */
  shown(dappId: string): void;
  /** Throws `dapp-gone`. */
  get(dappId: string): { view: DappPending; ground: Ground; askers: readonly Asker[] };
  approve(dappId: string, answer: unknown): void;
  refuse(dappId: string): void;
  /** The origin may not ask any more. */
  endOf(origin: string): void;
  /** Account or network is another: what was asked about the earlier one ends. `connect` binds nothing yet and stays. */
  groundChanged(now: Ground | null): void;
}

export function approvals(parts: {
  now: () => number;
  after: After;
  random: (bytes: number) => Uint8Array;
  rates: Rates;
  onChange: () => void;
}): Approvals {
  const waiting = new Map<string, Waiting>();
  const busy = new Set<string>();
  const ofOrigin = (origin: string): Waiting | undefined => [...waiting.values()].find(({ view }) => view.origin === origin);

  const end = (one: Waiting): void => {
    one.stop();
    waiting.delete(one.view.dappId);
    parts.onChange();
  };
  const decline = (one: Waiting, why: Fault): void => {
    end(one);
    one.settle.reject(new Faulty(why));
  };
  const get = (dappId: string): Waiting => {
    const one = waiting.get(dappId);
    if (one === undefined) throw new NunetError('dapp-gone', 'The page does not wait for this any more');
    return one;
  };
  const leaveWhenGone = (one: Waiting, asker: Asker): void =>
    asker.gone.addEventListener('abort', () => {
      one.askers = one.askers.filter((other) => other !== asker);
      if (one.askers.length === 0 && waiting.has(one.view.dappId)) decline(one, one.declined);
    });

  const put = <Answer>(asker: Asker, what: What, ground: Ground, declined: Fault): Promise<Answer> => {
    const dappId = bytesToHex(parts.random(16));
    const { origin, frame } = asker;
    const settle = Promise.withResolvers<Answer>();
    const one: Waiting = {
      view: { dappId, origin, frame, askedAtMs: parts.now(), account: ground.account, network: ground.network, what },
      ground,
      askers: [asker],
      calls: 1,
      isShown: false,
      settle: settle,
      answer: settle.promise,
      stop: parts.after(APPROVAL_MS, () => decline(one, declined)),
      declined,
    };
    waiting.set(dappId, one);
    leaveWhenGone(one, asker);
    asker.wantPerson(dappId);
    parts.onChange();
    return settle.promise;
  };

  return {
    pending: () => [...waiting.values()].map(({ view }) => view),
    get,
    async ask<Answer>(
      asker: Asker,
      { work, ground, declined }: { work: () => Promise<What>; ground: Ground; declined: Fault },
    ): Promise<Answer> {
      const { origin } = asker;
      if (busy.has(origin) || ofOrigin(origin) !== undefined)
        throw fault(API.refused, 'Another request of this site waits for the person; ask again after its answer');
      if (!parts.rates.mayPrompt(origin)) throw fault(API.refused, 'Rate limit: the person has just refused this site');
      if (waiting.size + busy.size >= MAX_PENDING) throw fault(API.refused, 'Too many sites wait for the person');
      let answer: Promise<Answer>;
      busy.add(origin);
      try {
        const what = await work();
        if (asker.gone.aborted) throw new Faulty(declined);
        answer = put<Answer>(asker, what, ground, declined);
      } finally {
        busy.delete(origin);
      }
      return answer;
    },
    join<Answer>(asker: Asker, kind: DappPending['what']['kind']): Promise<Answer> | null {
      const one = ofOrigin(asker.origin);
      if (one?.view.what.kind !== kind) return null;
      one.calls += 1;
      if (one.calls > MAX_JOINED) throw fault(API.refused, 'Rate limit: the person is being asked already');
      if (!one.askers.includes(asker)) {
        one.askers.push(asker);
        leaveWhenGone(one, asker);
      }
      return one.answer as Promise<Answer>;
    },
    remind(asker) {
      const one = ofOrigin(asker.origin);
      if (one !== undefined && !one.isShown && one.askers.includes(asker)) asker.wantPerson(one.view.dappId);
    },
    shown(dappId) {
      get(dappId).isShown = true;
    },
    approve(dappId, answer) {
      const one = get(dappId);
      end(one);
      parts.rates.answered(one.view.origin, true);
      one.settle.resolve(answer as never);
    },
    refuse(dappId) {
      const one = get(dappId);
      parts.rates.answered(one.view.origin, false);
      decline(one, one.declined);
    },
    endOf(origin) {
      const one = ofOrigin(origin);
      if (one !== undefined) decline(one, { code: API.refused, info: 'This site is not connected to the wallet any more' });
    },
    groundChanged(ground) {
      for (const one of waiting.values()) {
        if (ground === null) decline(one, { code: API.refused, info: 'The wallet is not there any more' });
        else if (isSameGround(one.ground, ground)) continue;
        else if (one.view.what.kind === 'connect') {
          one.ground = ground;
          one.view = { ...one.view, account: ground.account, network: ground.network };
        } else decline(one, ACCOUNT_CHANGE);
      }
      parts.onChange();
    },
  };
}

export const isSameGround = (a: Ground, b: Ground): boolean =>
  a.account === b.account && a.payment === b.payment && a.network === b.network;

export const ACCOUNT_CHANGE: Fault = { code: API.accountChange, info: 'Account or network is another now; call enable() again' };
