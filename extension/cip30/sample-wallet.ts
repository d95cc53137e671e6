// For tests: web pages with a wallet behind them, all of the way: stub, bridge, router, host and runner's server, joined by real ports; a
// chain that the test writes, keys of fixed seeds, and a person who answers by the question's id.
import { publicKeyHash } from '@nunet/contracts/key-hash.ts';
import { addressOf } from '@nunet/contracts/address.ts';
import { addressText } from '@nunet/contracts/chain/address.ts';
import { cborArray, cborBytes, cborInt, cborMap, cborText } from '@nunet/contracts/chain/cbor.ts';
import type { Source, Utxo } from '@nunet/contracts/chain/chain.ts';
import { transactionId, type KeyWitness } from '@nunet/contracts/sign.ts';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText, type Network } from '@nunet/shared/fields.ts';
import { openDatabase } from '../runner/database.ts';
import type { Linked } from '../runner/linked.ts';
import type { KeyRole, VaultAccount } from '../vault/messages.ts';
import { bridge } from './bridge.ts';
import { dappServer, type DappServer } from './dapp-server.ts';
import { askedFor, hostPorts } from './host-ports.ts';
import { relay } from './host-relay.ts';
import type { DappPending } from './page-messages.ts';
import { listenToPage } from './page-port.ts';
import { portPair } from './port-pair.ts';
import { askerOf, join, refuse, type Sender } from './router.ts';
import { addWallet } from './stub.ts';
import type { RuntimePort } from './wire.ts';

const EXTENSION = 'abcdefghijklmnopabcdefghijklmnop';
const OWN_ORIGIN = `chrome-extension://${EXTENSION}`;

const secretOf = (account: number, role: KeyRole): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, at) => (account * 31 + { payment: 1, stake: 2, drep: 3 }[role] * 7 + at) & 0xff);

const accounts = new Map<number, VaultAccount>();
export function sampleAccount(index: number): VaultAccount {
  const known = accounts.get(index);
  if (known !== undefined) return known;
  const key = (role: KeyRole): string => bytesToHex(ed25519.getPublicKey(secretOf(index, role)));
  const account = { index, name: `Account ${index}`, payment: key('payment'), stake: key('stake'), drep: key('drep') };
  accounts.set(index, account);
  return account;
}

export const addressOfAccount = ({ payment, stake }: VaultAccount): string =>
  addressOf({ payment: { kind: 'key', hash: publicKeyHash(payment) }, stake: { kind: 'key', hash: publicKeyHash(stake) } });

export const witnessOf = (account: number, role: KeyRole, cbor: string): KeyWitness => ({
  publicKey: sampleAccount(account)[role],
  signature: bytesToHex(ed25519.sign(hexToBytes(transactionId(cbor)), secretOf(account, role))),
});

/** CIP-8, written out anew: what the vault's own code makes is compared with this elsewhere. */
export function signedData(account: number, role: KeyRole, address: string, payload: string): { signature: string; key: string } {
  const headers = cborMap([
    [cborInt(1), cborInt(-8)],
    [cborText('address'), cborBytes(hexToBytes(address))],
  ]);
  const structure = cborArray([cborText('Signature1'), cborBytes(headers), cborBytes(new Uint8Array()), cborBytes(hexToBytes(payload))]);
  const signature = ed25519.sign(structure, secretOf(account, role));
  const unprotected = concatBytes(Uint8Array.of(0xa1), cborText('hashed'), Uint8Array.of(0xf4));
  return {
    signature: bytesToHex(cborArray([cborBytes(headers), unprotected, cborBytes(hexToBytes(payload)), cborBytes(signature)])),
    key: bytesToHex(
      cborMap([
        [cborInt(1), cborInt(1)],
        [cborInt(3), cborInt(-8)],
        [cborInt(-1), cborInt(6)],
        [cborInt(-2), cborBytes(hexToBytes(sampleAccount(account)[role]))],
      ]),
    ),
  };
}

let outputs = 0;
/** An output of an account; every one has another reference. */
export const sampleUtxo = (change: Partial<Utxo> = {}, account = 0): Utxo => ({
  reference: { txId: (outputs += 1).toString(16).padStart(64, '0'), index: 0 },
  address: addressOfAccount(sampleAccount(account)),
  lovelace: 10_000_000n,
  assets: [],
  ...change,
});

/** What a dApp finds. */
export interface Cip30Api {
  [method: string]: (...args: unknown[]) => Promise<unknown>;
}
export interface Cip30Wallet {
  name: string;
  icon: string;
  apiVersion: string;
  supportedExtensions: { cip: number }[];
  isEnabled(): Promise<boolean>;
  enable(wanted?: unknown): Promise<Cip30Api & { cip95: Cip30Api; cip103: Cip30Api; cip142: Cip30Api; experimental: Cip30Api }>;
}

export interface SamplePage {
  wallet: Cip30Wallet;
  scope: { cardano?: Record<string, unknown> };
  /** Ports to the background script that were opened. */
  connections(): number;
  close(): void;
}

export interface SampleWallet {
  state: {
    network: Network | null;
    account: number | null;
    utxos: Utxo[] | null;
    collateral: Utxo | null;
    /** Outputs of others that the chain knows. */
    others: Utxo[];
    submitted: string[];
    /** Thrown by the next submits. */
    submitFails: NunetError | null;
    now: number;
  };
  server(): DappServer;
  /** A document of a site; `sender`: what the browser says of it, where it is not the plain thing. */
  page(origin: string, sender?: Partial<Sender>): SamplePage;
  pending(): DappPending[];
  /** The next question, once it is there. */
  asked(): Promise<DappPending>;
  /** The person says yes to exactly this. */
  approve(pending: DappPending): Promise<void>;
  refuse(pending: DappPending): Promise<void>;
  /** Approve windows that were asked for. */
  windows: string[];
  /** The background script is ended, and started again by whoever connects. */
  killRouter(): void;
  /** The runner is ended and started again on the same database. */
  restart(): Promise<void>;
  /** Account, network or both are others from now on. */
  changeGround(change: { network?: Network | null; account?: number | null }): void;
  /** Time passes, and what was to happen by then happens. */
  pass(ms: number): Promise<void>;
  settle(): Promise<void>;
  stop(): void;
}

let databases = 0;

/** Needs `fake-indexeddb/auto`. `accountAt`: other keys than those of fixed seeds. */
export async function sampleWallet(accountAt: (index: number) => VaultAccount = sampleAccount): Promise<SampleWallet> {
  const state: SampleWallet['state'] = {
    network: 'preprod',
    account: 0,
    utxos: [sampleUtxo(), sampleUtxo({ lovelace: 3_000_000n })],
    collateral: null,
    others: [],
    submitted: [],
    submitFails: null,
    now: 1_800_000_000_000,
  };
  const windows: string[] = [];
  const runnerPorts: MessagePort[] = [];
  const pagePorts: MessagePort[] = [];
  const routers = new Set<RuntimePort>();
  let timers: { at: number; act: () => void }[] = [];
  let life = new AbortController();
  const database = await openDatabase(`dapps-${(databases += 1)}`);

  const submit = async (cbor: string): Promise<string> => {
    if (state.submitFails !== null) throw state.submitFails;
    state.submitted.push(cbor);
    return transactionId(cbor);
  };
  const chain = {
    networkMagic: 1,
    output: async (reference: Utxo['reference']) => {
      const utxo = [...(state.utxos ?? []), ...state.others].find((one) => referenceText(one.reference) === referenceText(reference));
      return utxo === undefined ? null : { utxo, spentBy: null };
    },
    submit,
    history: async () => ({ txIds: [], more: false }),
  } as unknown as Source;
  const account = (): VaultAccount | null => (state.account === null ? null : accountAt(state.account));
  const linked = (): Linked | null => {
    const own = account();
    if (own === null || state.network === null) return null;
    return {
      network: state.network,
      account: own,
      address: addressOfAccount(own),
      stakeAddress: addressText(hexToBytes(`e0${publicKeyHash(own.stake)}`)),
      record: null,
      ntx: null,
      chain,
      utxos: () => state.utxos,
      tipTimeMs: () => state.now,
      look: async () => undefined,
      signal: life.signal,
    };
  };
  const changed = new EventTarget();
  const start = (): Promise<DappServer> =>
    dappServer({
      linked,
      account,
      onChange: () => void changed.dispatchEvent(new Event('change')),
      database,
      now: () => state.now,
      after: (ms, act) => {
        const timer = { at: state.now + ms, act };
        timers.push(timer);
        return () => void (timers = timers.filter((one) => one !== timer));
      },
      random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
      money: () => ({
        spendable: () => state.utxos,
        collateral: () => state.collateral,
        sendSigned: async (cbor) => ({ txId: await submit(cbor) }),
      }),
      payments: () => new Map([0, 1, 2].map((index) => [index, accountAt(index).payment])),
    });
  let server = await start();

  /** The background script, at the end of a bridge's port. */
  const router = (name: string, sender: Sender): RuntimePort => {
    const [mine, theirs] = portPair(name);
    routers.add(theirs);
    const asker = askerOf(name, sender, EXTENSION);
    if (asker === null) {
      refuse(theirs);
      return mine;
    }
    const ports = hostPorts({
      ticket: () => bytesToHex(crypto.getRandomValues(new Uint8Array(16))),
      after: () => undefined,
      tell: async (message) => {
        const asked = askedFor(message, { id: EXTENSION, origin: OWN_ORIGIN }, { id: EXTENSION, origin: OWN_ORIGIN });
        if (asked === null) throw new Error('the host did not know its own router');
        const [atHost, toHost] = portPair(asked.portName);
        routers.add(toHost);
        const { port1, port2 } = new MessageChannel();
        runnerPorts.push(port1, port2);
        relay(asked.asker, atHost, port1, (dappId) => windows.push(dappId));
        server.connect(port2);
        ports.take(toHost);
      },
    });
    join(theirs, ports.open(asker));
    return mine;
  };

  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
  };

  return {
    state,
    windows,
    server: () => server,
    page(origin, change = {}) {
      const scope = new EventTarget() as EventTarget & SamplePage['scope'] & Record<'postMessage', unknown>;
      scope.postMessage = (data: unknown, _: string, transfer: MessagePort[]): void => {
        pagePorts.push(...transfer);
        const event = Object.assign(new Event('message'), { data, ports: transfer, source: scope, origin });
        queueMicrotask(() => scope.dispatchEvent(event));
      };
      const sender: Sender = { id: EXTENSION, origin, frameId: 0, tab: { id: 7 }, ...change };
      const documentId = bytesToHex(crypto.getRandomValues(new Uint8Array(16)));
      const opened: RuntimePort[] = [];
      const toWallet = bridge({
        documentId,
        after: (_, act) => void setImmediate(act),
        connect(name) {
          const port = router(name, sender);
          opened.push(port);
          return port;
        },
      });
      listenToPage(scope, (port) => toWallet.take(port));
      addWallet(scope as never);
      return {
        scope,
        wallet: scope.cardano?.['nunet'] as Cip30Wallet,
        connections: () => opened.length,
        close: () => opened.at(-1)?.disconnect(),
      };
    },
    pending: () => server.view().pending,
    async asked() {
      const pending = (): DappPending | undefined => server.view().pending.find(({ dappId }) => !seen.has(dappId));
      while (pending() === undefined) await new Promise((resolve) => changed.addEventListener('change', resolve, { once: true }));
      const found = pending();
      if (found === undefined) throw new Error('nobody asks');
      seen.add(found.dappId);
      return found;
    },
    async approve({ dappId, account: index, network, what }) {
      const answer =
        what.kind === 'connect'
          ? { kind: 'connect' as const, account: index, network, days: 30 }
          : what.kind === 'transactions'
            ? {
                kind: 'transactions' as const,
                witnesses: what.transactions.map(({ cbor, roles }) => roles.map((role) => witnessOf(index, role, cbor))),
              }
            : { kind: 'data' as const, ...signedData(index, what.role, what.address, what.payload) };
      await server.answer({ type: 'resolve-dapp', dappId, answer });
    },
    refuse: async ({ dappId }) => void (await server.answer({ type: 'resolve-dapp', dappId, answer: null })),
    killRouter() {
      for (const port of routers) port.disconnect();
      routers.clear();
    },
    async restart() {
      for (const port of runnerPorts.splice(0)) port.close();
      server = await start();
    },
    changeGround(change) {
      life.abort();
      life = new AbortController();
      Object.assign(state, change);
      server.groundChanged();
    },
    async pass(ms) {
      state.now += ms;
      const due = timers.filter(({ at }) => at <= state.now);
      timers = timers.filter((timer) => !due.includes(timer));
      for (const { act } of due) act();
      await settle();
    },
    settle,
    stop() {
      for (const port of [...runnerPorts, ...pagePorts]) port.close();
      database.close();
    },
  };
}

const seen = new Set<string>();
