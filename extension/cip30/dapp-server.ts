// The runner's side of CIP-30: parsed calls of documents come in, each is answered once; what needs the person waits for the approve page.
import { NunetError } from '@nunet/shared/errors.ts';
import type { KeyWitness } from '@nunet/contracts/sign.ts';
import type { After } from '../runner/coalesced.ts';
import type { RunnerDatabase } from '../runner/database.ts';
import type { Linked, WalletGround } from '../runner/linked.ts';
import { ACCOUNT_CHANGE, approvals, isSameGround, type Ground } from './approvals.ts';
import { EXTENSIONS, readCall, type Call } from './calls.ts';
import { documents, type Asker } from './documents.ts';
import { API, DATA_SIGN, Faulty, fault, TX_SIGN } from './faults.ts';
import { openGrants } from './grants.ts';
import type { DappGrant, DappRequest, DappView } from './page-messages.ts';
import { rates } from './rate.ts';
import { readAnswer, type Money } from './read-answers.ts';
import { dataToSign, send, sendAll, transactionsToSign } from './sign-requests.ts';
import { checkDataSignature, checkWitnesses, witnessSet } from './witness-set.ts';

export interface DappNeeds extends WalletGround {
  database: RunnerDatabase;
  /** POSIX ms. */
  now: () => number;
  after: After;
  random: (bytes: number) => Uint8Array;
  /** Null as long as there is no account with a chain. */
  money: () => Money | null;
  /** Payment keys of all accounts of the wallet, by number. */
  payments: () => ReadonlyMap<number, string>;
}

export interface DappServer {
  /** A port of the host: one document of a web page. */
  connect(port: MessagePort): void;
  /** `gone`: aborted when the page that asks is closed. */
  answer(request: DappRequest, gone?: AbortSignal): Promise<null>;
  view(): DappView;
  /** The wallet was removed from this browser: nothing of what it was connected to stays. */
  forgetAll(): Promise<void>;
  /** Account or network may be another. */
  groundChanged(): void;
}

/** Open to every connected page: nothing is learnt by it that CIP-30 itself does not tell. */
const HARMLESS = new Set([103, 142]);

/** How long a call above the limit waits for its refusal. */
const LIMITED_MS = 1_000;

interface Connected {
  grant: DappGrant;
  ground: Ground;
}

/** What a document was connected to. */
interface Session {
  ground: Ground;
  extensions: readonly number[];
}

export async function dappServer(needs: DappNeeds): Promise<DappServer> {
  const { now, after, random } = needs;
  const grants = await openGrants(needs.database, now);
  const limits = rates(now);
  const waiting = approvals({ now, after, random, rates: limits, onChange: () => needs.onChange() });
  const sessions = new WeakMap<Asker, Session>();
  const used = new Set<string>();

  const linkedNow = (): Linked => {
    const linked = needs.linked();
    if (linked !== null) return linked;
    throw fault(
      needs.account() === null ? API.refused : API.internalError,
      needs.account() === null ? 'There is no wallet in this browser yet' : 'The wallet is not connected to a network',
    );
  };
  const moneyNow = (): Money => {
    const money = needs.money();
    if (money === null) throw fault(API.internalError, 'The wallet is not connected to a network');
    return money;
  };
  const groundOf = ({ account, network }: Linked): Ground => ({ account: account.index, payment: account.payment, network });
  const findGrant = (origin: string, ground: Ground): DappGrant | null => grants.find({ origin, ...ground });

  /** The account that this document was connected to, as long as the person lets it. Throws APIError Refused, AccountChange. */
  const connected = (asker: Asker): { linked: Linked; session: Session } => {
    const linked = linkedNow();
    const ground = groundOf(linked);
    const session = sessions.get(asker);
    const grant = findGrant(asker.origin, ground);
    // A runner that was started anew knows no sessions: the page is to connect again, which asks nobody.
    if (session === undefined ? grant !== null : !isSameGround(session.ground, ground)) throw new Faulty(ACCOUNT_CHANGE);
    if (session === undefined || grant === null) throw fault(API.refused, 'This site is not connected to the wallet; call enable()');
    return { linked, session };
  };
  const withExtension = (asker: Asker, cip: number): { linked: Linked; session: Session } => {
    const found = connected(asker);
    if (!found.session.extensions.includes(cip)) throw fault(API.refused, `CIP-${cip} is not enabled; name it in enable()`);
    return found;
  };

  const start = (asker: Asker, ground: Ground, grant: DappGrant, wanted: readonly number[]): number[] => {
    const extensions = wanted.filter((cip) => HARMLESS.has(cip) || grant.extensions.includes(cip));
    sessions.set(asker, { ground, extensions });
    return extensions;
  };

  const enable = async (asker: Asker, asked: readonly { cip: number }[]): Promise<number[]> => {
    const wanted = EXTENSIONS.filter((cip) => asked.some((extension) => extension.cip === cip));
    const ground = groundOf(linkedNow());
    const grant = findGrant(asker.origin, ground);
    const isCovered = grant !== null && wanted.every((cip) => HARMLESS.has(cip) || grant.extensions.includes(cip));
    if (isCovered) return start(asker, ground, grant, wanted);
    const answer = await (waiting.join<Connected>(asker, 'connect') ??
      waiting.ask<Connected>(asker, {
        work: async () => ({ kind: 'connect', extensions: [...new Set([...(grant?.extensions ?? []), ...wanted])] }),
        ground,
        declined: { code: API.refused, info: 'The person did not connect this site' },
      }));
    return start(asker, answer.ground, answer.grant, wanted);
  };

  const signTransactions = async (
    asker: Asker,
    transactions: readonly { cbor: string; partialSign?: boolean | null | undefined }[],
  ): Promise<string[]> => {
    const { linked } = connected(asker);
    const witnesses = await waiting.ask<KeyWitness[][]>(asker, {
      work: async () => {
        const what = await transactionsToSign(linked, transactions);
        stillLinked(linked);
        return what;
      },
      ground: groundOf(linked),
      declined: { code: TX_SIGN.userDeclined, info: 'The person did not sign' },
    });
    return witnesses.map(witnessSet);
  };
  const signData = async (asker: Asker, address: string, payload: string, withDRep: boolean): Promise<object> => {
    const { linked } = withDRep ? withExtension(asker, 95) : connected(asker);
    return waiting.ask<object>(asker, {
      work: async () => dataToSign(linked, address, payload, withDRep),
      ground: groundOf(linked),
      declined: { code: DATA_SIGN.userDeclined, info: 'The person did not sign' },
    });
  };
  const stillLinked = (linked: Linked): void => {
    if (linked.signal.aborted) throw new Faulty(ACCOUNT_CHANGE);
  };

  const answerCall = async (asker: Asker, call: Call): Promise<unknown> => {
    switch (call[0]) {
      case 'enable':
        return enable(asker, call[1]?.extensions ?? []);
      case 'isEnabled': {
        const linked = needs.linked();
        return linked !== null && findGrant(asker.origin, groundOf(linked)) !== null;
      }
      case 'getExtensions':
        return connected(asker).session.extensions.map((cip) => ({ cip }));
      case 'signTx':
        return (await signTransactions(asker, [{ cbor: call[1], partialSign: call[2] }]))[0];
      case 'signTxs':
      case 'cip103.signTxs':
        return signTransactions(asker, call[1]);
      case 'signData':
        return signData(asker, call[1], call[2], false);
      case 'cip95.signData':
        return signData(asker, call[1], call[2], true);
      case 'submitTx':
        return send(connected(asker).linked, moneyNow(), call[1]);
      case 'submitTxs':
      case 'cip103.submitTxs':
        return sendAll(connected(asker).linked, moneyNow(), call[1]);
      default: {
        const cip = /^cip(\d+)\./.exec(call[0])?.[1];
        const { linked } = cip === undefined ? connected(asker) : withExtension(asker, Number(cip));
        const answer = await readAnswer(call, linked, { money: moneyNow(), used, magic: linked.chain.networkMagic ?? null });
        stillLinked(linked);
        return answer;
      }
    }
  };

  const open = documents({
    after,
    asksAgain: (asker) => waiting.remind(asker),
    async answer(asker, text) {
      if (!limits.allows(asker.origin)) {
        // Told late, so that a page that asks again at every refusal is slow as well.
        await new Promise<void>((resolveWait) => after(LIMITED_MS, resolveWait));
        throw fault(API.refused, 'Rate limit: this site asks too often');
      }
      return answerCall(asker, readCall(text));
    },
  });

  const connect = async (dappId: string, answer: { account: number; network: string; days: number }): Promise<void> => {
    const { view, ground } = waiting.get(dappId);
    if (view.what.kind !== 'connect') throw notWhatWasAsked();
    if (answer.account !== ground.account || answer.network !== ground.network)
      throw new NunetError('dapp-ground-changed', 'Account or network is another than the page showed; look again before you connect');
    const to = { origin: view.origin, ...ground };
    const grant = await grants.give(to, view.what.extensions, answer.days);
    waiting.approve(dappId, { grant, ground });
  };

  const resolve = async ({ dappId, answer }: Extract<DappRequest, { type: 'resolve-dapp' }>): Promise<void> => {
    const { view, ground } = waiting.get(dappId);
    if (answer === null) return waiting.refuse(dappId);
    if (answer.kind === 'connect') return connect(dappId, answer);
    const { what } = view;
    if (answer.kind !== what.kind) throw notWhatWasAsked();
    const linked = needs.linked();
    if (linked === null || !isSameGround(ground, groundOf(linked)) || findGrant(view.origin, ground) === null)
      throw new NunetError('dapp-gone', 'The page may not ask for this any more');
    if (answer.kind === 'transactions' && what.kind === 'transactions') {
      if (answer.witnesses.length !== what.transactions.length) throw notWhatWasAsked();
      for (const [at, { cbor, roles }] of what.transactions.entries())
        checkWitnesses(cbor, roles, linked.account, answer.witnesses[at] ?? []);
      waiting.approve(dappId, answer.witnesses);
    } else if (answer.kind === 'data' && what.kind === 'data') {
      const { signature, key } = answer;
      checkDataSignature({ publicKey: linked.account[what.role], address: what.address, payload: what.payload }, { signature, key });
      waiting.approve(dappId, { signature, key });
    }
  };

  return {
    connect: (port) => open.connect(port),
    async answer(request, gone) {
      switch (request.type) {
        case 'resolve-dapp':
          await resolve(request);
          return null;
        case 'show-dapp': {
          const { dappId } = request;
          waiting.shown(dappId);
          gone?.addEventListener('abort', () => {
            if (waiting.pending().some((view) => view.dappId === dappId)) waiting.refuse(dappId);
          });
          return null;
        }
        case 'revoke-dapp':
          await grants.revoke(request.origin, request.account);
          waiting.endOf(request.origin);
          needs.onChange();
          return null;
      }
    },
    view: () => ({ pending: waiting.pending(), grants: grants.all(needs.payments()) }),
    async forgetAll() {
      await grants.clear();
      needs.onChange();
    },
    groundChanged() {
      const linked = needs.linked();
      waiting.groundChanged(linked === null ? null : groundOf(linked));
    },
  };
}

const notWhatWasAsked = (): NunetError => new NunetError('dapp-answer-invalid', 'The answer is not to what the page asked');
