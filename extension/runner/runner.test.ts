// The runner behind real ports and on a real devnet: what a page may ask, what it is told, and what nobody may make it do.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startDevnet, type Devnet } from '@nunet/contracts/devnet/start.ts';
import { bytesToHex } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { signNetworkRecord, type NetworkRecord } from '@nunet/shared/network-record.ts';
import { sampleAddress, sampleRecord, sampleSigner, sampleSpec } from '@nunet/shared/samples.ts';
import { timerClock } from '@nunet/shared/timer-clock.ts';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { VaultClient } from '../vault/client.ts';
import { PASSWORD, sampleVault, secret, type SampleVault } from '../vault/sample-vault.ts';
import { type Answers, type AppState, type JobSnapshot, type PageRequest, type RunnerMessage } from '../messages.ts';
import { startRunner, type Runner } from './runner.ts';
import { emptyDatabase, sampleJobFile } from './sample-database.ts';
import { baseAddress } from './account-address.ts';
import { createWallet, sampleHost } from './sample-host.ts';

const pin = sampleSigner('pin');
let devnet: Devnet;
beforeAll(async () => {
  devnet = await startDevnet({ blockTimeMs: 200 });
});
afterAll(() => devnet.stop());

const putRecord = async (changes: Partial<NetworkRecord> = {}, signer = pin, pinned = [pin.publicKey]): Promise<void> => {
  const now = Date.now();
  const record = { ...sampleRecord, asset: devnet.asset, issuedAt: now, expiresAt: now + 3_600_000, hubs: [], ...changes };
  const body = JSON.stringify({ version: 1, network: 'devnet', pinned, record: bytesToHex(await signNetworkRecord(record, [signer])) });
  const put = await fetch(`${devnet.url}/devnet/network`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body });
  if (!put.ok) throw new Error(await put.text());
};

const open: { runner: Runner; ports: MessagePort[]; vault: SampleVault }[] = [];
afterEach(() => {
  for (const { runner, ports, vault } of open.splice(0)) {
    runner.stop();
    vault.stop();
    for (const port of ports) port.close();
  }
});

/** A runner with a host and a vault. `wallet`: whether there is one in it, open. */
async function begin({ wallet = true, vault = sampleVault(), ...more }: Partial<Parameters<typeof startRunner>[0]> & Begin = {}) {
  const { database } = await emptyDatabase();
  const owner = vault.client();
  if (wallet) await createWallet(owner);
  const ports: MessagePort[] = [];
  const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));
  const runner = startRunner({
    open: async () => database,
    clock: timerClock(() => Date.now()),
    after: (ms, act) => {
      const timer = setTimeout(act, ms);
      return () => clearTimeout(timer);
    },
    ticks: () => performance.now(),
    fetch: (url, init) => fetch(url, init),
    random,
    wasm: () => Promise.reject(new Error('none in this test')),
    ...more,
  });
  open.push({ runner, ports, vault });
  const port = (): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    runner.connect(port2);
    return port1;
  };
  const host = sampleHost(port(), vault);
  return { runner, database, port, host, vault, owner, page: () => openPage(port()) };
}

interface Begin {
  wallet?: boolean;
  vault?: SampleVault;
}

/** A page that keeps the newest it was told. */
function openPage(port: MessagePort) {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let next = 0;
  const page = {
    app: null as AppState | null,
    job: null as JobSnapshot | null,
    told: 0,
    /** Everything it was told, as text. */
    heard: [] as string[],
    send: (message: unknown) => port.postMessage(message),
    ask<Type extends PageRequest['type']>(request: Extract<PageRequest, { type: Type }>): Promise<Answers[Type]> {
      return page.raw(request) as Promise<Answers[Type]>;
    },
    raw(request: unknown): Promise<unknown> {
      const answer = Promise.withResolvers<unknown>();
      waiting.set(next, answer);
      port.postMessage({ id: next++, request });
      return answer.promise;
    },
  };
  port.onmessage = ({ data }: MessageEvent<RunnerMessage>) => {
    page.told += 1;
    page.heard.push(JSON.stringify(data, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)));
    if (data.type === 'app') page.app = data.app;
    else if (data.type === 'job') page.job = data.job;
    else if (data.type === 'reply') waiting.get(data.id)?.resolve(data.value);
    else if (data.type === 'failed') waiting.get(data.id)?.reject(new NunetError(data.code, data.message));
  };
  return page;
}

const files = ['graph.onnx', 'x.npy'].map((path) => ({ path, blob: new Blob([path]) }));
/** No graph that would have to be a real one. */
const containerFile = JSON.stringify({
  ...(JSON.parse(sampleJobFile) as object),
  program: { kind: 'container', run: { type: 'image', image: `example.org/one@sha256:${'ab'.repeat(32)}`, command: ['one'] } },
});

describe('a page', () => {
  test('is told the state at once, connects, and gets funds that it can see', async () => {
    await putRecord();
    const { page } = await begin();
    const one = page();
    await vi.waitFor(() =>
      expect(one.app).toMatchObject({ network: { state: 'none' }, host: 'ready', vault: 'ready', wallet: null, jobs: [] }),
    );
    await one.ask({ type: 'connect', to: { network: 'devnet', url: `${devnet.url}/` } });
    await vi.waitFor(() => expect(one.app?.network).toMatchObject({ state: 'ready', record: { oracles: 3, k: 2 } }));
    await one.ask({ type: 'fund' });
    await vi.waitFor(() => expect(one.app?.wallet).toMatchObject({ baseUnits: 60_000_000n, lovelace: 120_000_000n }), 10_000);
    expect(one.app?.chain.tipTimeMs).toBeGreaterThan(0);
    await one.ask({ type: 'disconnect' });
    await vi.waitFor(() => expect(one.app?.network).toEqual({ state: 'none' }));
  });

  test('prepares a draft that every page sees, also after a restart, and discards it', async () => {
    await putRecord();
    const { page, database } = await begin();
    const [one, two] = [page(), page()];
    await one.ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } });
    const { jobId } = await one.ask({ type: 'prepare', jobFile: containerFile, files, askBeforeAnswer: true });
    await vi.waitFor(() => expect(two.app?.jobs).toMatchObject([{ jobId, title: 'add one', job: 'draft', isDriven: false }]));
    await two.ask({ type: 'watch', jobId });
    await vi.waitFor(() => expect(two.job?.record.spec.inputs.map(({ name }) => name)).toEqual(['graph.onnx', 'x.npy']));
    expect(await two.ask({ type: 'log', jobId, from: 0 })).toEqual({ from: 0, lines: [] });
    await expect(two.ask({ type: 'output', jobId, name: 'y.npy' })).rejects.toMatchObject({ code: 'output-missing' });
    await expect(two.ask({ type: 'forget', jobId })).rejects.toMatchObject({ code: 'job-open' });

    // The network is looked at again by itself; another wallet than the draft's knows nothing of its key.
    const other = await begin({ open: async () => database, wallet: false });
    await createWallet(other.owner);
    const late = other.page();
    await vi.waitFor(() => expect(late.app).toMatchObject({ network: { state: 'ready' }, jobs: [{ jobId, key: 'lost' }] }));
    await expect(late.ask({ type: 'preflight', jobId })).rejects.toMatchObject({ code: 'key-lost' });

    await two.ask({ type: 'discard', jobId });
    await vi.waitFor(() => expect(one.app?.jobs).toEqual([]));
    expect(await database.count('entries')).toBe(0);
    await expect(two.ask({ type: 'watch', jobId })).rejects.toMatchObject({ code: 'job-unknown' });
  });

  test('is told which files a job file misses, all of them', async () => {
    await putRecord();
    const { page } = await begin();
    const one = page();
    await expect(one.ask({ type: 'prepare', jobFile: containerFile, files, askBeforeAnswer: false })).rejects.toMatchObject({
      code: 'network-missing',
    });
    await one.ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } });
    await expect(one.ask({ type: 'prepare', jobFile: containerFile, files: [], askBeforeAnswer: false })).rejects.toThrow(
      /inputs.graph.onnx: graph.onnx was not given\n {2}inputs.x.npy: x.npy was not given/,
    );
    const onnx = JSON.stringify({ ...(JSON.parse(sampleJobFile) as object), program: sampleSpec.program });
    await expect(one.ask({ type: 'prepare', jobFile: onnx, files, askBeforeAnswer: false })).rejects.toMatchObject({
      code: expect.stringMatching(/^graph-/),
    });
  });

  test('cannot make the runner stumble: nonsense is refused or ignored, and others go on', async () => {
    await putRecord();
    const { page } = await begin();
    const [bad, good] = [page(), page()];
    for (const nonsense of [null, 7, 'nunet', { id: -1 }, { request: {} }, { id: 0.5, request: {} }, { id: 1, request: {}, more: 1 }])
      bad.send(nonsense);
    for (const request of [
      null,
      {},
      { type: 'steal' },
      { type: 'connect' },
      { type: 'connect', to: { network: 'devnet', url: devnet.url, more: 1 } },
      { type: 'take', jobId: '../..', quoteCid: 'x' },
    ])
      await expect(bad.raw(request)).rejects.toMatchObject({ code: 'request-invalid' });
    await expect(bad.raw({ type: 'network-port' })).rejects.toMatchObject({ code: 'request-invalid' });
    await expect(good.ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } })).resolves.toBeNull();
  });
});

test('cannot ask for more at once than is answered', async () => {
  const { page } = await begin({ fetch: () => new Promise(() => undefined) });
  const one = page();
  const refused: string[] = [];
  for (let n = 0; n < 200; n++) {
    one
      .ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } })
      .catch((error: unknown) => refused.push((error as NunetError).code));
  }
  await vi.waitFor(() => expect(refused.filter((code) => code === 'too-many-requests').length).toBe(200 - 64));
});

describe('a devnet', () => {
  test('cannot be anything but a devnet on this machine', async () => {
    const { page } = await begin({ fetch: () => Promise.reject(new Error('nothing may be fetched')) });
    const one = page();
    for (const devnetUrl of [
      'https://127.0.0.1:4000',
      'http://example.org',
      'http://127.0.0.1.example.org',
      'http://user:secret@127.0.0.1',
      'http://10.0.0.1',
      'file:///etc/passwd',
      'javascript:alert(1)',
      '',
    ])
      await expect(one.ask({ type: 'connect', to: { network: 'devnet', url: devnetUrl } })).rejects.toMatchObject({
        code: 'devnet-url-invalid',
      });
  });

  test('cannot be trusted without the signature of every key that it pins', async () => {
    const { page } = await begin();
    const one = page();
    await putRecord({}, sampleSigner('somebody'));
    await expect(one.ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } })).rejects.toMatchObject({
      code: 'network-record-untrusted',
    });
    await putRecord({}, pin, [pin.publicKey, sampleSigner('somebody').publicKey]);
    await expect(one.ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } })).rejects.toMatchObject({
      code: 'network-record-untrusted',
    });
    await vi.waitFor(() => expect(one.app?.network).toMatchObject({ state: 'failed', code: 'network-record-untrusted' }));
  });

  test('cannot go back to an older record, nor use one that has expired or is of another network', async () => {
    const { page } = await begin();
    const one = page();
    await putRecord({ sequence: 9 });
    await one.ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } });
    await one.ask({ type: 'disconnect' });
    await putRecord({ sequence: 8 });
    await expect(one.ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } })).rejects.toMatchObject({
      code: 'network-record-old',
    });
    await putRecord({ sequence: 9, expiresAt: Date.now() - 1 });
    await expect(one.ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } })).rejects.toMatchObject({
      code: 'network-record-expired',
    });
    await putRecord({ sequence: 9, network: 'preprod' });
    await expect(one.ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } })).rejects.toMatchObject({
      code: 'network-mismatch',
    });
  });

  test('a devnet that is not there, or answers with anything else, is named', async () => {
    const { page } = await begin();
    const one = page();
    await expect(one.ask({ type: 'connect', to: { network: 'devnet', url: 'http://127.0.0.1:1' } })).rejects.toMatchObject({
      code: 'devnet-unreachable',
    });
    for (const body of ['<html>', '{}', JSON.stringify({ version: 2 })]) {
      const odd = (await begin({ fetch: async () => new Response(body) })).page();
      await expect(odd.ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } })).rejects.toMatchObject({
        code: 'devnet-unreachable',
      });
    }
    const huge = (await begin({ fetch: async () => new Response('x'.repeat(2 ** 20)) })).page();
    await expect(huge.ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } })).rejects.toMatchObject({
      code: 'bytes-too-large',
    });
  });

  test('a chain source that fails is shown as failing, and no balance is made up', async () => {
    await putRecord();
    const { page } = await begin();
    const one = page();
    await one.ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } });
    await one.ask({ type: 'fund' });
    await vi.waitFor(() => expect(one.app?.wallet?.baseUnits).toBe(60_000_000n), 10_000);
    const outage = { requests: 9, kind: 'unavailable', path: '/' };
    await fetch(`${devnet.url}/devnet/outage`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(outage),
    });
    await vi.waitFor(() => expect(one.app?.chain.error?.code).toBe('chain-unavailable'), 15_000);
    expect(one.app?.wallet?.baseUnits).toBe(60_000_000n);
    await vi.waitFor(() => expect(one.app?.chain.error).toBeNull(), 15_000);
  }, 30_000);
});

describe('the host', () => {
  test('is told of the network frame to mount, and is no page any more', async () => {
    await putRecord();
    const { page, port, host, vault } = await begin();
    const { heard } = host;
    const one = page();
    await vi.waitFor(() => expect(one.app).toMatchObject({ host: 'ready', vault: 'ready' }));
    heard.length = 0;
    await one.ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } });
    await vi.waitFor(() => expect(heard).toMatchObject([{ type: 'configure-network', config: { network: 'devnet', allowPrivate: true } }]));
    host.say({ type: 'network', frame: { state: 'starting' }, mount: 1, remounts: 0 });
    await vi.waitFor(() => expect(heard.at(-1)).toMatchObject({ type: 'network-port', role: 'runner' }));
    host.say({ type: 'network', frame: { state: 'gone', why: 'silent' }, mount: 1, remounts: 1 });
    await vi.waitFor(() => expect(one.app?.frame).toMatchObject({ state: 'gone', remounts: 1 }));

    // Another host takes over and is told all again; it is the one that keeps the vault alive now.
    const next = sampleHost(port(), vault);
    await vi.waitFor(() => expect(next.heard.map(({ type }) => type).sort()).toEqual(['configure-network', 'open-vault']));
    expect(one.app?.frame.remounts).toBe(1);
    await vi.waitFor(() => expect(one.app?.vault).toBe('ready'));
  });
});

describe('the wallet', () => {
  const connected = async (more: Begin = {}) => {
    await putRecord();
    const world = await begin(more);
    const one = world.page();
    await one.ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } });
    return { ...world, one };
  };
  const select = async (owner: VaultClient, index: number): Promise<void> => void (await owner.ask({ type: 'select-account', index }));

  test('that does not exist yet is nobody’s; its first account is shown as soon as there is one', async () => {
    const { one, owner } = await connected({ wallet: false });
    await vi.waitFor(() => expect(one.app).toMatchObject({ network: { state: 'ready' }, wallet: null }));
    await expect(one.ask({ type: 'fund' })).rejects.toMatchObject({ code: 'wallet-missing' });
    await expect(one.ask({ type: 'prepare', jobFile: containerFile, files, askBeforeAnswer: false })).rejects.toMatchObject({
      code: 'wallet-missing',
    });
    const account = await createWallet(owner);
    await vi.waitFor(() => expect(one.app?.wallet).toMatchObject({ account: 0, address: baseAddress(account) }));
  });

  test('is shown and can be looked at while it is locked, and a job cannot be prepared then', async () => {
    const { one, owner } = await connected();
    await owner.ask({ type: 'lock' });
    await vi.waitFor(() => expect(one.app).toMatchObject({ vault: 'ready', wallet: { account: 0, isKnown: true } }));
    await one.ask({ type: 'fund' });
    await vi.waitFor(() => expect(one.app?.wallet?.baseUnits).toBe(60_000_000n), 10_000);
    await expect(one.ask({ type: 'prepare', jobFile: containerFile, files, askBeforeAnswer: false })).rejects.toMatchObject({
      code: 'vault-locked',
    });
    await owner.ask({ type: 'unlock', password: secret(PASSWORD) });
    await expect(one.ask({ type: 'prepare', jobFile: containerFile, files, askBeforeAnswer: false })).resolves.toMatchObject({
      jobId: expect.any(String) as string,
    });
  });

  test('shows the account that is selected, and nothing of the one before', async () => {
    const { one, owner } = await connected();
    await one.ask({ type: 'fund' });
    await vi.waitFor(() => expect(one.app?.wallet?.baseUnits).toBe(60_000_000n), 10_000);
    const { index } = await owner.ask({ type: 'add-account', name: 'Second' });
    await select(owner, index);
    const { accounts } = await owner.ask({ type: 'state' });
    const address = baseAddress(accounts[1] as (typeof accounts)[number]);
    await vi.waitFor(() => expect(one.app?.wallet).toMatchObject({ account: 1, name: 'Second', address, isKnown: true, baseUnits: 0n }));
    await expect(one.ask({ type: 'preview-ground', account: 0, transactions: ['84'] })).rejects.toMatchObject({ code: 'account-other' });
  });

  test('pays what was built, shown and signed in the vault, and nothing that was not signed', async () => {
    const { one, owner, vault } = await connected();
    await one.ask({ type: 'fund' });
    await vi.waitFor(() => expect(one.app?.wallet?.baseUnits).toBe(60_000_000n), 10_000);
    const to = sampleAddress('a friend');
    const { cbor, fee } = await one.ask({ type: 'build-payment', to, lovelace: 2_000_000n, tokens: [], isAll: false, memo: '' });
    const ground = await one.ask({ type: 'preview-ground', account: 0, transactions: [cbor] });
    expect(ground).toMatchObject({ network: 'devnet', unresolved: [], balance: { baseUnits: 60_000_000n }, account: { index: 0 } });
    const what = { kind: 'transactions' as const, transactions: [{ cbor, roles: ['payment' as const] }] };
    const { approvalId } = await owner.ask({
      type: 'propose',
      proposal: { origin: null, frame: 'sheet', account: 0, network: 'devnet', what },
    });
    await vault.pass(700);
    const approved = await owner.ask({ type: 'approve', approvalId, password: null });
    const witnesses = approved.kind === 'transactions' ? (approved.witnesses[0] ?? []) : [];
    await expect(one.ask({ type: 'submit', cbor, witnesses: [] })).rejects.toBeInstanceOf(NunetError);
    await one.ask({ type: 'submit', cbor, witnesses });
    await vi.waitFor(() => expect(one.app?.wallet?.lovelace).toBe(120_000_000n - 2_000_000n - fee), 10_000);
    await vi.waitFor(() => expect(one.app?.wallet?.pending).toEqual([]), 10_000);
  }, 40_000);

  test('a vault that ends is opened again, and its accounts stay known meanwhile', async () => {
    const { one, vault, owner } = await connected();
    await vi.waitFor(() => expect(one.app?.wallet).not.toBeNull());
    const { wallet } = one.app as AppState;
    await owner.ask({ type: 'lock' });
    await vi.waitFor(() => expect(vault.workers()).toBeGreaterThan(1));
    await vi.waitFor(() => expect(one.app).toMatchObject({ vault: 'ready', wallet: { address: wallet?.address } }));
  });
});

describe('a network', () => {
  const names = async (one: ReturnType<typeof openPage>): Promise<string> => one.app?.network.state ?? '';

  test('is looked at again after a restart, until it is let go of', async () => {
    await putRecord();
    const { page, database } = await begin();
    await page().ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } });
    const next = await begin({ open: async () => database });
    const one = next.page();
    await vi.waitFor(async () => expect(await names(one)).toBe('ready'));
    await one.ask({ type: 'disconnect' });
    const fetched: string[] = [];
    const quiet = await begin({
      open: async () => database,
      fetch: (url) => {
        fetched.push(url);
        return Promise.reject(new Error('nothing may be fetched'));
      },
    });
    const two = quiet.page();
    // Answered only once the database is open and everything has started.
    await two.ask({ type: 'watch', jobId: null });
    expect(await names(two)).toBe('none');
    expect(fetched).toEqual([]);
  });

  test('that does not answer at the start is tried again by itself', async () => {
    await putRecord();
    const { page, database } = await begin();
    await page().ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } });
    let isDown = true;
    const sleeps: number[] = [];
    const clock = timerClock(() => Date.now());
    const next = await begin({
      open: async () => database,
      fetch: (url, init) => (isDown ? Promise.reject(new Error('down')) : fetch(url, init)),
      clock: {
        ...clock,
        sleep: (ms, signal) => {
          if (ms >= 2_000) sleeps.push(ms);
          return clock.sleep(Math.min(ms, 50), signal);
        },
      },
    });
    const one = next.page();
    await vi.waitFor(() =>
      expect(one.app?.network).toMatchObject({ state: 'failed', code: 'devnet-unreachable', target: { url: devnet.url } }),
    );
    isDown = false;
    await vi.waitFor(async () => expect(await names(one)).toBe('ready'));
    expect(sleeps[0]).toBe(2_000);
  });

  test('cannot be mainnet', async () => {
    const { page } = await begin();
    await expect(
      page().raw({ type: 'connect', to: { network: 'mainnet', source: 'https://example.org', projectId: '' } }),
    ).rejects.toMatchObject({ code: 'request-invalid' });
  });

  test('cannot be taken for another: a source with the wrong genesis is refused by name', async () => {
    const { page } = await begin();
    const one = page();
    await expect(
      one.ask({ type: 'connect', to: { network: 'preprod', source: `blockfrost:${devnet.url}`, projectId: '' } }),
    ).rejects.toMatchObject({ code: 'chain-wrong-network', message: expect.stringContaining('want 1') as string });
    expect(one.app?.wallet).toBeNull();
  });

  test('cannot be opened without a project id where the service wants one, nor from what is no source', async () => {
    const { page } = await begin();
    const one = page();
    const connect = (source: string) => one.ask({ type: 'connect', to: { network: 'preprod', source, projectId: '' } });
    await expect(connect('https://cardano-preprod.blockfrost.io/api/v0')).rejects.toMatchObject({ code: 'project-id-missing' });
    await expect(connect('not a source')).rejects.toMatchObject({ code: 'chain-source-invalid' });
    await expect(connect('https://me:secret@example.org')).rejects.toMatchObject({ code: 'chain-source-invalid' });
    await expect(connect('blockfrost:http://192.0.2.1/api')).rejects.toThrow('not encrypted');
  });
});

describe('a public network', () => {
  /** A source that says it is preprod, and wants the project id. What it is asked with is kept. */
  const source = async (projectId: string) => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      const given = request.headers['project_id'] as string | undefined;
      asked.push(given);
      const say = (status: number, body: unknown): void => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      };
      if (given !== projectId) return say(403, { status_code: 403, message: 'Invalid project token.' });
      if (request.url === '/genesis') return say(200, { network_magic: 1, system_start: 1_654_041_600, slot_length: 1 });
      if (request.url === '/blocks/latest') return say(200, { height: 7, slot: 90_000_000, hash: 'ab'.repeat(32) });
      return say(404, { status_code: 404, message: 'not here' });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.push(server);
    return { url: `blockfrost:http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  };
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  test('has a wallet and no jobs; its project id goes to the source and to no page, and is kept over a restart', async () => {
    const { page, database } = await begin();
    const one = page();
    const { url, asked } = await source('preprodSecret');
    await one.ask({ type: 'connect', to: { network: 'preprod', source: url, projectId: 'preprodSecret' } });
    await vi.waitFor(() =>
      expect(one.app?.network).toEqual({
        state: 'ready',
        target: { network: 'preprod', source: url, hasProjectId: true },
        record: null,
      }),
    );
    await vi.waitFor(() =>
      expect(one.app).toMatchObject({ chain: { tipTimeMs: 1_745_683_200_000 }, wallet: { isKnown: true, lovelace: 0n } }),
    );
    await expect(one.ask({ type: 'prepare', jobFile: containerFile, files, askBeforeAnswer: false })).rejects.toMatchObject({
      code: 'network-record-missing',
    });
    await expect(one.ask({ type: 'fund' })).rejects.toMatchObject({ code: 'faucet-missing' });
    const next = await begin({ open: async () => database });
    const two = next.page();
    await vi.waitFor(() => expect(two.app?.network.state).toBe('ready'));
    // Asked for again without saying it again: the kept one, for the same source alone.
    await two.ask({ type: 'connect', to: { network: 'preprod', source: url, projectId: null } });
    expect(new Set(asked)).toEqual(new Set(['preprodSecret']));
    const elsewhere = await source('another');
    await expect(two.ask({ type: 'connect', to: { network: 'preprod', source: elsewhere.url, projectId: null } })).rejects.toMatchObject({
      code: 'chain-unavailable',
    });
    expect(elsewhere.asked).toEqual([undefined]);
    for (const told of [one.heard, two.heard]) expect(told.join(' ')).not.toContain('Secret');
  });

  test('whose project id is refused says so, and says nothing of the id', async () => {
    const { page } = await begin();
    const one = page();
    const { url } = await source('preprodGood');
    const refused = one.ask({ type: 'connect', to: { network: 'preprod', source: url, projectId: 'preprodOld' } });
    await expect(refused).rejects.toMatchObject({
      code: 'chain-unavailable',
      message: expect.stringContaining('refuses this project id') as string,
    });
    await vi.waitFor(() => expect(one.app?.network).toMatchObject({ state: 'failed', target: { hasProjectId: true } }));
    expect(one.heard.join(' ')).not.toContain('preprodOld');
  });
});

test('a database of a newer version is told to every page that asks', async () => {
  const newer = new NunetError('database-newer', 'Cannot open the stored jobs: a newer version made them');
  const { page } = await begin({ open: () => Promise.reject(newer) });
  const one = page();
  await expect(one.ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } })).rejects.toMatchObject({ code: 'database-newer' });
  await vi.waitFor(() => expect(one.app?.network).toMatchObject({ state: 'failed', code: 'database-newer' }));
});
