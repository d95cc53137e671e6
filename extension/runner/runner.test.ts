// The runner behind real ports and on a real devnet: what a page may ask, what it is told, and what nobody may make it do.
import { startDevnet, type Devnet } from '@nunet/contracts/devnet/start.ts';
import { bytesToHex } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { signNetworkRecord, type NetworkRecord } from '@nunet/shared/network-record.ts';
import { sampleRecord, sampleSigner, sampleSpec } from '@nunet/shared/samples.ts';
import { timerClock } from '@nunet/shared/timer-clock.ts';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { HOST_HELLO, type Answers, type AppState, type JobSnapshot, type PageRequest, type RunnerMessage } from '../messages.ts';
import { startRunner, type Runner } from './runner.ts';
import { emptyDatabase, sampleJobFile } from './sample-database.ts';
import { newKeys } from './wallet.ts';

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

const open: { runner: Runner; ports: MessagePort[] }[] = [];
afterEach(() => {
  for (const { runner, ports } of open.splice(0)) {
    runner.stop();
    for (const port of ports) port.close();
  }
});

async function begin(more: Partial<Parameters<typeof startRunner>[0]> = {}) {
  const { database } = await emptyDatabase();
  const ports: MessagePort[] = [];
  const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));
  const runner = startRunner({
    open: async () => database,
    keys: newKeys(random),
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
  open.push({ runner, ports });
  const port = (): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    runner.connect(port2);
    return port1;
  };
  return { runner, database, port, page: () => openPage(port()) };
}

/** A page that keeps the newest it was told. */
function openPage(port: MessagePort) {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let next = 0;
  const page = {
    app: null as AppState | null,
    job: null as JobSnapshot | null,
    told: 0,
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
  program: { kind: 'container', image: `example.org/one@sha256:${'ab'.repeat(32)}`, command: ['one'] },
});

describe('a page', () => {
  test('is told the state at once, connects, and gets funds that it can see', async () => {
    await putRecord();
    const { page } = await begin();
    const one = page();
    await vi.waitFor(() => expect(one.app).toMatchObject({ network: { state: 'none' }, host: 'missing', wallet: null, jobs: [] }));
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

    const again = await begin({ open: async () => database });
    const late = again.page();
    await vi.waitFor(() => expect(late.app?.jobs).toMatchObject([{ jobId, key: 'lost' }]));
    await late.ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } });
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

describe('a network', () => {
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
    const { page, port } = await begin();
    const host = port();
    const heard: { type: string }[] = [];
    host.onmessage = ({ data }: MessageEvent<{ type: string }>) => heard.push(data);
    host.postMessage(HOST_HELLO);
    const one = page();
    await vi.waitFor(() => expect(one.app?.host).toBe('ready'));
    heard.length = 0;
    await one.ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } });
    await vi.waitFor(() => expect(heard).toMatchObject([{ type: 'configure-network', config: { network: 'devnet', allowPrivate: true } }]));
    host.postMessage({ type: 'network', frame: { state: 'starting' }, mount: 1, remounts: 0 });
    await vi.waitFor(() => expect(heard.at(-1)).toMatchObject({ type: 'network-port', role: 'runner' }));
    host.postMessage({ type: 'network', frame: { state: 'gone', why: 'silent' }, mount: 1, remounts: 1 });
    await vi.waitFor(() => expect(one.app?.frame).toMatchObject({ state: 'gone', remounts: 1 }));

    // Another host takes over and is told all again.
    const next = port();
    const told: { type: string }[] = [];
    next.onmessage = ({ data }: MessageEvent<{ type: string }>) => told.push(data);
    next.postMessage(HOST_HELLO);
    await vi.waitFor(() => expect(told.map(({ type }) => type)).toContain('configure-network'));
    expect(one.app?.frame.remounts).toBe(1);
  });
});

test('a database of a newer version is told to every page that asks', async () => {
  const newer = new NunetError('database-newer', 'Cannot open the stored jobs: a newer version made them');
  const { page } = await begin({ open: () => Promise.reject(newer) });
  const one = page();
  await expect(one.ask({ type: 'connect', to: { network: 'devnet', url: devnet.url } })).rejects.toMatchObject({ code: 'database-newer' });
  await vi.waitFor(() => expect(one.app?.network).toMatchObject({ state: 'failed', code: 'database-newer' }));
});
