// A job's money with a whole vault and a real ledger: locked only by what a person approved, signed for while the wallet is locked, brought
// back with one unlock. Its agent is out of reach, so that only the money moves.
import { settleLovelaceFor } from '@nunet/contracts/lock-output.ts';
import { startRehearsal, type Rehearsal } from '@nunet/contracts/rehearsal.ts';
import { ESCROW } from '@nunet/contracts/script.ts';
import type { KeyWitness } from '@nunet/contracts/sign.ts';
import { assetUnit } from '@nunet/contracts/value.ts';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { openedEntry, quotedEntry, type JobEntry } from '@nunet/shared/job-flow/job-record.ts';
import { paceOf } from '@nunet/shared/job-flow/running-job.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import { sampleQuote, sampleRecord, sampleRequest, sampleSigner, sampleSpec } from '@nunet/shared/samples.ts';
import { signStatement } from '@nunet/shared/signature.ts';
import { timerClock } from '@nunet/shared/timer-clock.ts';
import { jobEscrow } from '@nunet/contracts/job-escrow.ts';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { SigningRequest } from '../messages.ts';
import type { VaultClient } from '../vault/client.ts';
import type { Signable, VaultAccount, VaultState } from '../vault/messages.ts';
import { PASSWORD, sampleVault, secret } from '../vault/sample-vault.ts';
import { baseAddress } from './account-address.ts';
import { watchChain } from './chain-watch.ts';
import type { Connection } from './connection.ts';
import type { JobNote } from './database.ts';
import { openJob, type Job, type JobParts } from './job.ts';
import { linkAccount } from './linked.ts';
import type { Online } from './online.ts';
import { emptyDatabase, sampleJobFile } from './sample-database.ts';
import { builders, createWallet } from './sample-host.ts';
import { signings } from './signings.ts';
import { vaultLink } from './vault-link.ts';
import { walletInputs } from './wallet-inputs.ts';

const PACE = { ...paceOf('devnet'), pollMs: 50, retryMs: 50, maxRetryMs: 200, lastTryMs: 100, resubmitMs: 200 };
const WITHIN = { timeout: 20_000 };
const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));
const after = (ms: number, act: () => void): (() => void) => {
  const timer = setTimeout(act, ms);
  return () => clearTimeout(timer);
};
const away = (): Promise<never> => Promise.reject(new NunetError('agent-unreachable', 'nobody answers'));

let on: Rehearsal;
let record: NetworkRecord;
let mining: NodeJS.Timeout;
beforeAll(async () => {
  on = await startRehearsal();
  const { scriptAt } = await on.run(on.operator);
  record = {
    ...sampleRecord,
    asset: on.devnet.asset,
    escrows: [{ scriptHash: ESCROW.hash, referenceScript: scriptAt.reference }],
    confirmations: [{ upTo: 1n << 62n, blocks: 0 }],
  };
  mining = setInterval(() => on.devnet.ledger.makeBlock(), 200);
}, 120_000);
afterAll(async () => {
  clearInterval(mining);
  await on.stop();
});

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

interface Terms {
  /** From now. */
  expiresInMs: number;
  reclaimInMs: number;
}

/** A funded wallet, and a job of it whose quote was taken. */
async function world({ expiresInMs, reclaimInMs }: Terms = { expiresInMs: 120_000, reclaimInMs: 3_600_000 }) {
  const vault = sampleVault();
  const owner = vault.client();
  const account = await createWallet(owner);
  const address = baseAddress(account);
  // One to lock from, one to put up for a script.
  for (const ntx of [1_000_000n, 0n]) await on.fund({ ...on.operator, address }, ntx === 0n ? 8_000_000n : 100_000_000n, ntx);
  on.devnet.ledger.makeBlock();
  const keyId = bytesToHex(random(16));
  const { publicKey } = await owner.ask({ type: 'job-key', keyId });
  const now = Date.now();
  const { parameters } = on;
  const amountBaseUnits = 60_000n;
  const computeProvider = { ...sampleQuote.computeProvider, address: on.cast.computeProvider.address };
  const request = { ...sampleRequest, serviceProvider: { ...sampleRequest.serviceProvider, address }, voucherKey: publicKey };
  const quote = await signStatement(
    'quote',
    {
      ...sampleQuote,
      serviceProvider: request.serviceProvider,
      computeProvider,
      voucherKey: publicKey,
      asset: record.asset,
      settleLovelace: settleLovelaceFor(computeProvider.address, record.asset, amountBaseUnits, parameters),
      issuedAt: now,
      expiresAt: now + expiresInMs,
      startBy: now + expiresInMs + 100,
      finishBy: now + expiresInMs + 200,
      disputeBy: now + reclaimInMs - 100,
      reclaimAfter: now + reclaimInMs,
    },
    sampleSigner('agent'),
  );
  const { database } = await emptyDatabase();
  const note: JobNote = {
    jobId: quote.body.jobId,
    jobFile: sampleJobFile,
    title: 'add one',
    openedAtMs: now,
    askBeforeAnswer: false,
    assetUnit: assetUnit(record.asset),
    checkFiles: {},
    key: { keyId, publicKey, account: 0, payment: account.payment },
  };
  await database.put('jobs', note);
  const entries = [
    openedEntry(sampleSpec, request, 100_000_000n, now),
    quotedEntry({ agent: { addresses: ['/ip4/127.0.0.1/tcp/1'] }, quote }, now),
  ];
  for (const [number, entry] of entries.entries()) await database.put('entries', entry, [note.jobId, number]);
  open.push(() => vault.stop());
  return { vault, owner, account, address, note, quote, database };
}
type World = Awaited<ReturnType<typeof world>>;

/** A runner that opens the job from its database, as after a start. */
async function start({ vault, note, database }: World, afterWrite?: JobParts['afterWrite']) {
  const clock = timerClock(() => Date.now());
  const life = new AbortController();
  const watch = watchChain({ chain: on.chain, network: 'devnet', clock, signal: life.signal, onChange: () => undefined });
  const connection: Connection = {
    network: 'devnet',
    shown: { network: 'devnet', url: on.devnet.url },
    devnetUrl: on.devnet.url,
    record,
    signed: '',
    ntx: record.asset,
    watch,
    signal: life.signal,
    end: () => life.abort(),
  };
  let linked: ReturnType<typeof linkAccount> | null = null;
  let job: Job | undefined;
  const link = vaultLink({
    open: async () => vault.port(),
    now: () => performance.now(),
    after,
    onChange: () => job !== undefined && changed(),
    onOpened: () => undefined,
  });
  await link.until((state) => state !== null, AbortSignal.timeout(5_000));
  const changed = (): void => {
    const { accounts, selected } = link.state() as VaultState;
    const account = accounts[selected];
    if (linked?.account.payment !== account?.payment) {
      linked?.end();
      linked = account === undefined ? null : linkAccount(connection, account);
    }
    job?.keyChanged(online);
  };
  const inputs = walletInputs(builders);
  const waiting = signings({ random, onChange: () => undefined });
  const online: Online = {
    url: on.devnet.url,
    record,
    assetUnit: note.assetUnit,
    network: {
      adverts: away,
      requestQuote: away,
      release: async () => undefined,
      run: away,
      // eslint-disable-next-line require-yield -- it fails before it says anything.
      async *follow() {
        throw new NunetError('agent-unreachable', 'nobody answers');
      },
      answer: away,
      voucher: away,
      serveInputs: async () => undefined,
      ownAddresses: () => [],
    },
    oracles: { submit: away, report: away, manifest: away, sealedKey: away, agree: away },
    tipTimeMs: () => watch.state().tipTimeMs,
    chainTimeMs: async (signal) => (await watch.chain.tip(signal)).timeMs,
    escrowFor: (jobId, wallet) => jobEscrow({ chain: watch.chain, wallet, record, builders: inputs.buildersFor(jobId) }),
    signal: life.signal,
  };
  changed();
  job = await openJob(
    {
      database,
      vault: link,
      signings: waiting,
      linked: () => linked,
      inputs,
      scorer: { prove: async () => undefined, score: async () => 1 },
      dialer: { open: away },
      clock,
      after,
      ticks: () => performance.now(),
      pace: PACE,
      onChange: () => undefined,
      ...(afterWrite === undefined ? {} : { afterWrite }),
    },
    note,
  );
  const mine = job;
  open.push(() => {
    life.abort();
    link.stop();
  });
  const asked = async (): Promise<SigningRequest> => {
    await vi.waitFor(() => expect(waiting.list()).toHaveLength(1), WITHIN);
    return waiting.list()[0] as SigningRequest;
  };
  return {
    job: mine,
    link,
    inputs,
    waiting,
    asked,
    drive: () => mine.drive(online),
    offline: () => life.abort(),
    notices: () => mine.snapshot(online).notices.map(({ code }) => code),
    reaches: (lock: string) => vi.waitFor(() => expect(mine.record().lock).toBe(lock), WITHIN),
  };
}

/** What the signing sheet does after the person's click. */
async function approve(vault: World['vault'], owner: VaultClient, what: Signable): Promise<KeyWitness[]> {
  const proposal = { origin: null, frame: 'sheet', account: 0, network: 'devnet' as const, what };
  const { approvalId } = await owner.ask({ type: 'propose', proposal });
  await vault.pass(700);
  const approved = await owner.ask({ type: 'approve', approvalId, password: null });
  if (approved.kind !== 'transactions') throw new Error('data');
  return approved.witnesses.flat();
}
const approveLock = ({ vault, owner }: World, { cbor, grant }: SigningRequest): Promise<KeyWitness[]> =>
  approve(vault, owner, { kind: 'lock', cbor, grant });

const locksOf = async ({ address }: World): Promise<number> => {
  const locks = (await on.chain.scriptUtxos(ESCROW.hash)) ?? [];
  const { txIds } = await on.chain.history(address, { limit: 20 });
  return locks.filter(({ reference }) => txIds.includes(reference.txId)).length;
};

describe('a lock', () => {
  test('waits for the person and is on chain once the vault has signed it', async () => {
    const w = await world();
    const run = await start(w);
    run.drive();
    const request = await run.asked();
    expect(request).toMatchObject({
      jobId: w.note.jobId,
      title: 'add one',
      account: 0,
      expiresAtMs: w.quote.body.expiresAt,
      grant: { budgetBaseUnits: 60_000n, computeProvider: w.quote.body.computeProvider.address },
    });
    // Nothing was journaled, and its inputs are nobody else's meanwhile.
    expect(run.job.record()).toMatchObject({ lock: 'building' });
    expect(run.job.record().lockTx).toBeUndefined();
    expect(run.inputs.free('', await on.chain.utxos(w.address))).toHaveLength(1);
    run.waiting.answer(request.signingId, await approveLock(w, request));
    await run.reaches('locked');
    expect(await locksOf(w)).toBe(1);
    expect(run.waiting.list()).toEqual([]);
    expect(() => run.waiting.answer(request.signingId, null)).toThrow(expect.objectContaining({ code: 'signing-gone' }));
  });

  test('cannot be made without the vault’s approval: witnesses of another transaction, another key or nobody are refused', async () => {
    const w = await world();
    const run = await start(w);
    run.drive();
    const request = await run.asked();
    // Another job's lock that the person really approved, and this one's by a key that is not the account's.
    const other = await on.lock(on.datum());
    const raw = await on.chain.rawTransaction(other.sent.txId);
    expect(raw).not.toBeNull();
    const elsewhere = await start(await world());
    elsewhere.drive();
    const second = await elsewhere.asked();
    const foreign = await approve(w.vault, w.owner, { kind: 'transactions', transactions: [{ cbor: second.cbor, roles: ['payment'] }] });
    const stake = await approve(w.vault, w.owner, { kind: 'transactions', transactions: [{ cbor: request.cbor, roles: ['stake'] }] });
    const key = ed25519.utils.randomSecretKey();
    const stranger = {
      publicKey: bytesToHex(ed25519.getPublicKey(key)),
      signature: bytesToHex(ed25519.sign(hexToBytes('00'.repeat(32)), key)),
    };
    const own = await approveLock(w, request);
    for (const witnesses of [
      foreign,
      stake,
      [stranger],
      [],
      [...own, ...stake],
      [{ publicKey: w.account.payment, signature: '00'.repeat(64) }],
    ])
      expect(() => run.waiting.answer(request.signingId, witnesses)).toThrow(expect.objectContaining({ code: 'witness-invalid' }));
    expect(run.job.record().lockTx).toBeUndefined();
    // It waits as before for the right one.
    run.waiting.answer(request.signingId, own);
    await run.reaches('locked');
  });

  test('cannot take a refusal back', async () => {
    const w = await world();
    const run = await start(w);
    run.drive();
    const request = await run.asked();
    const witnesses = await approveLock(w, request);
    run.waiting.answer(request.signingId, null);
    expect(() => run.waiting.answer(request.signingId, witnesses)).toThrow(expect.objectContaining({ code: 'signing-gone' }));
    await run.reaches('dropped');
    await vi.waitFor(() => expect(run.job.summary()).toMatchObject({ job: 'cancelled', hasEnded: true, isDriven: false }));
    expect(run.job.record().jobHistory.at(-1)?.detail).toContain('You refused to sign the lock');
    // Opened again it stays so, and what it would have spent is free.
    const again = await start(w);
    again.drive();
    expect(again.job.summary()).toMatchObject({ lock: 'dropped', isDriven: false });
    expect(again.waiting.list()).toEqual([]);
    expect(await locksOf(w)).toBe(0);
    expect(run.inputs.free('', await on.chain.utxos(w.address))).toHaveLength(2);
  });

  test('that waits ends with a cancel, and with the quote', async () => {
    const cancelled = await start(await world());
    cancelled.drive();
    await cancelled.asked();
    cancelled.job.cancel();
    await cancelled.reaches('dropped');
    expect(cancelled.waiting.list()).toEqual([]);
    await vi.waitFor(() => expect(cancelled.job.record().job).toBe('cancelled'));

    const expired = await start(await world({ expiresInMs: 4_000, reclaimInMs: 3_600_000 }));
    expired.drive();
    await expired.asked();
    await expired.reaches('dropped');
    expect(expired.waiting.list()).toEqual([]);
    expect(expired.notices()).toContain('signing-expired');
    await vi.waitFor(() => expect(expired.job.record().job).toBe('expired'));
  }, 30_000);

  test('that waits is asked for no more on another account or network', async () => {
    const w = await world();
    const run = await start(w);
    run.drive();
    const { signingId } = await run.asked();
    await w.owner.ask({ type: 'add-account', name: 'Second' });
    await w.owner.ask({ type: 'select-account', index: 1 });
    await vi.waitFor(() => expect(run.notices()).toContain('account-other'), WITHIN);
    expect(run.waiting.list()).toEqual([]);
    await w.owner.ask({ type: 'select-account', index: 0 });
    const again = await run.asked();
    expect(again.signingId).not.toBe(signingId);
    run.offline();
    await vi.waitFor(() => expect(run.waiting.list()).toEqual([]));
    await vi.waitFor(() => expect(run.job.summary().isDriven).toBe(false));
    expect(run.inputs.free('', await on.chain.utxos(w.address))).toHaveLength(2);
  });

  test('cannot hold up another job’s build while it waits for the person', async () => {
    const w = await world();
    await on.fund({ ...on.operator, address: w.address }, 50_000_000n, 1_000_000n);
    const run = await start(w);
    run.drive();
    const request = await run.asked();
    const { body } = w.quote;
    const wallet = { address: w.address, sign: (cbor: string) => cbor };
    const escrow = jobEscrow({ chain: on.chain, wallet, record, builders: run.inputs.buildersFor('another job') });
    const second = await escrow.buildLock({ ...w.quote, body: { ...body } }, AbortSignal.timeout(10_000));
    expect(second.cbor).not.toBe(request.cbor);
    expect(run.waiting.list()).toHaveLength(1);
  });
});

describe('a kill', () => {
  test('between approval and journal never locks twice', async () => {
    const w = await world();
    const first = await start(w);
    first.drive();
    const request = await first.asked();
    // Signed in the vault; the runner dies before it hears of it.
    await approveLock(w, request);
    first.offline();
    await first.job.stop();
    const second = await start(w);
    second.drive();
    const again = await second.asked();
    expect(again.signingId).not.toBe(request.signingId);
    expect(() => second.waiting.answer(request.signingId, null)).toThrow(expect.objectContaining({ code: 'signing-gone' }));
    second.waiting.answer(again.signingId, await approveLock(w, again));
    await second.reaches('locked');
    expect(await locksOf(w)).toBe(1);
  });

  test('just after the journal has it, sends what was journaled and asks nobody again', async () => {
    const w = await world();
    let job: Job | undefined;
    const first = await start(w, (_, entry: JobEntry) => {
      if (entry.type !== 'lock-built') return;
      void job?.stop();
      throw new Error('killed');
    });
    ({ job } = first);
    first.drive();
    const request = await first.asked();
    first.waiting.answer(request.signingId, await approveLock(w, request));
    await vi.waitFor(() => expect(first.job.summary().isDriven).toBe(false), WITHIN);
    first.offline();
    await w.owner.ask({ type: 'lock' });
    const second = await start(w);
    second.drive();
    await second.reaches('locked');
    expect(second.waiting.list()).toEqual([]);
    expect(await locksOf(w)).toBe(1);
  });
});

describe('after the lock', () => {
  const locked = async (terms?: Terms) => {
    const w = await world(terms);
    const run = await start(w);
    run.drive();
    const request = await run.asked();
    run.waiting.answer(request.signingId, await approveLock(w, request));
    await run.reaches('locked');
    return { w, run };
  };

  test('the job’s key signs on while the wallet is locked', async () => {
    const { w, run } = await locked();
    await w.owner.ask({ type: 'lock' });
    await vi.waitFor(() => expect(run.link.state()).toMatchObject({ state: 'locked', jobs: [w.note.jobId] }));
    expect(run.job.summary().key).toBe('ready');
    run.job.cancel();
    await vi.waitFor(() => expect(run.job.record().cancel).toBeDefined(), WITHIN);
    expect(run.notices()).not.toContain('vault-locked');
  });

  test('and a restart of the browser, it waits for an unlock, says so, and goes on by itself', async () => {
    const { w, run } = await locked();
    run.offline();
    await run.job.stop();
    w.vault.kill();
    const owner = w.vault.client();
    const next = await start({ ...w, owner });
    next.drive();
    expect(next.job.summary().key).toBe('wanted');
    next.job.cancel();
    await vi.waitFor(() => expect(next.notices()).toContain('vault-locked'), WITHIN);
    expect(next.job.record().cancel).toBeUndefined();
    await owner.ask({ type: 'unlock', password: secret(PASSWORD) });
    await vi.waitFor(() => expect(next.job.record().cancel).toBeDefined(), WITHIN);
    expect(next.job.summary().key).toBe('ready');
  });

  test('a vault that is killed in the middle is opened again, and the job waits for an unlock', async () => {
    const { w, run } = await locked();
    w.vault.kill();
    run.link.renew();
    await vi.waitFor(() => expect(run.job.summary().key).toBe('wanted'), WITHIN);
    const owner = w.vault.client();
    await owner.ask({ type: 'unlock', password: secret(PASSWORD) });
    await vi.waitFor(() => expect(run.job.summary().key).toBe('ready'), WITHIN);
  });

  test('another wallet can do nothing with it; its own words bring it back', async () => {
    const { w, run } = await locked();
    const { words } = await w.owner.ask({ type: 'reveal', password: secret(PASSWORD) });
    await w.owner.ask({ type: 'wipe', confirm: 'remove this wallet' });
    await createWallet(w.owner);
    await vi.waitFor(() => expect(run.job.summary()).toMatchObject({ key: 'lost', isDriven: false }), WITHIN);
    expect(run.job.isOver()).toBe(true);
    await w.owner.ask({ type: 'wipe', confirm: 'remove this wallet' });
    const account: VaultAccount = await createWallet(w.owner, new TextDecoder().decode(words));
    expect(account.payment).toBe(w.account.payment);
    await vi.waitFor(() => expect(run.job.summary()).toMatchObject({ key: 'ready', isDriven: true }), WITHIN);
  });

  test('the money comes back by one unlock, and the vault forgets the job’s key then', async () => {
    const { w, run } = await locked({ expiresInMs: 5_000, reclaimInMs: 6_000 });
    const before = await on.chain.utxos(w.address);
    await w.owner.ask({ type: 'lock' });
    await vi.waitFor(() => expect(run.notices()).toContain('vault-locked'), WITHIN);
    const told = run.job.snapshot(null).notices.find(({ code }) => code === 'vault-locked');
    expect(told?.message).toContain('Unlock the wallet: 0.06 NTX of job “add one” can come back');
    expect(run.job.record().reclaimTx).toBeUndefined();
    await w.owner.ask({ type: 'unlock', password: secret(PASSWORD) });
    await run.reaches('reclaimed');
    const held = async (): Promise<bigint> =>
      (await on.chain.utxos(w.address)).flatMap(({ assets }) => assets).reduce((sum, { quantity }) => sum + quantity, 0n);
    expect(await held()).toBe(1_000_000n);
    expect(before.flatMap(({ assets }) => assets).reduce((sum, { quantity }) => sum + quantity, 0n)).toBe(940_000n);
    await vi.waitFor(() => expect(run.job.summary()).toMatchObject({ hasEnded: true, isDriven: false }), WITHIN);
    await vi.waitFor(() => expect(run.link.state()?.jobs).toEqual([]), WITHIN);
  }, 40_000);
});
