// A sealed job paid by vouchers over a real network, devnet and executor with every oracle off, and claimed by the owner of the agent.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { balanceOf } from '@nunet/contracts/holdings.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AGENT_JOURNAL_MIGRATIONS, AGENT_JOURNAL_VERSION, agentEntry } from '../agent-entries.ts';
import { claim, claimEntry, type ClaimEntry } from '../claim.ts';
import { runCommand } from '../commands/run.ts';
import { JobBook } from '../job-book.ts';
import { openJournal, readJournal } from '../journal.ts';
import { openWalletFile } from '../wallet-file.ts';
import { openSmallNetwork, writeAddOneJob, type SmallNetwork } from './small-network.ts';

/** Some seconds of a graph that adds one. */
const EPOCHS = 100_000;
const NEVER = new AbortController().signal;

let network: SmallNetwork;
beforeAll(async () => {
  // 0.6 s of the time limit are held back, 2.4 s may be unpaid: even a short job is paid by several vouchers.
  network = await openSmallNetwork({ stream: { holdBack: 1, maxUnpaid: 4 } });
  network.oraclesOn = false;
});
afterAll(() => network.stop());

interface RunEvent {
  event: string;
  [field: string]: unknown;
}

async function run(
  name: string,
  job: string,
  wallet: string,
  onEvent: (event: RunEvent) => void,
  { signal = NEVER, flags = [] }: { signal?: AbortSignal; flags?: string[] } = {},
): Promise<RunEvent[]> {
  const folder = join(network.folder, 'runs', name);
  await mkdir(folder, { recursive: true });
  const events: RunEvent[] = [];
  const argv = [
    ...[job, '--wallet', wallet, '--network-record', network.recordPath, '--pinned', network.pinned, '--chain', network.devnet.url],
    ...['--data', join(folder, 'data'), '--out', join(folder, 'out'), '--yes', '--json', '--stream', ...flags],
  ];
  await runCommand(argv, {
    print: (line) => {
      const event = JSON.parse(line) as RunEvent;
      events.push(event);
      onEvent(event);
    },
    warn: () => undefined,
    signal,
  });
  return events;
}

/** As `nunet-agent claim` does, beside the running agent. */
async function claimAll(wallet: string, journalName: string) {
  const entries = await readJournal(join(network.folder, 'agent', 'journal.jsonl'), {
    schema: agentEntry,
    name: 'agent jobs',
    version: AGENT_JOURNAL_VERSION,
    migrations: AGENT_JOURNAL_MIGRATIONS,
  });
  const readOnly = (): Promise<never> => Promise.reject(new NunetError('journal-read-only', 'the agent writes it'));
  const book = new JobBook('devnet', { entries, append: readOnly, retain: readOnly, close: () => Promise.resolve() });
  const path = join(network.folder, journalName);
  const journal = await openJournal<ClaimEntry>(path, { schema: claimEntry, name: 'claims', version: 1 });
  try {
    const parts = { chain: network.chain, wallet: await openWalletFile(wallet), record: network.record, journal, now: () => Date.now() };
    return await claim(book.jobs(), parts, NEVER);
  } finally {
    await journal.close();
  }
}

const typeOf = (events: readonly RunEvent[], name: string): RunEvent[] => events.filter(({ event }) => event === name);

test('is paid by vouchers, claimed by the owner with the key, opened and checked, without an oracle', async () => {
  const [{ path }, owner] = await Promise.all([network.wallet('payer'), network.wallet('owner')]);
  const before = balanceOf(await network.chain.utxos(owner.wallet.address), network.record.asset);
  const job = await writeAddOneJob(join(network.folder, 'streamed'), { delivery: 'sealed', timeLimitMs: 60_000 });
  const text = JSON.parse(await readFile(job, 'utf8')) as { program: object };
  await writeFile(job, JSON.stringify({ ...text, program: { ...text.program, epochs: EPOCHS }, budget: '100' }));
  let claimed: ReturnType<typeof claimAll> | undefined;
  const events = await run('streamed', job, path, ({ event }) => {
    if (event === 'close') claimed = claimAll(owner.path, 'claims.jsonl');
  });
  const { claims, problems } = (await claimed) ?? { claims: [], problems: ['nothing was closed'] };
  expect(problems).toEqual([]);
  const end = events.at(-1) as RunEvent & {
    lock: string;
    answer: string | null;
    check: { accept: boolean };
    payBaseUnits: string;
    spent: { how: string; txId: string; secret: string | null; paidBaseUnits: string };
    wallet: { reconciled: boolean };
  };
  expect(end).toMatchObject({ event: 'end', job: 'finished', lock: 'withdrawn', answer: null, check: { accept: true } });
  expect(end.spent).toMatchObject({ how: 'agree', txId: claims[0]?.txId, paidBaseUnits: end.payBaseUnits });
  expect(end.spent.secret).toMatch(/^[0-9a-f]{64}$/);
  expect(end.wallet.reconciled).toBe(true);
  expect(typeOf(events, 'voucher').length).toBeGreaterThanOrEqual(2);
  expect(typeOf(events, 'told')).toEqual([]);
  // Whoever claims gains and pays nothing, and a second claim finds nothing to do.
  expect(balanceOf(await network.chain.utxos(owner.wallet.address), network.record.asset)).toEqual(before);
  expect((await claimAll(owner.path, 'claims.jsonl')).claims).toEqual([]);
});

test('a job that is cancelled after its lock is refunded by its two parties at once, with every oracle off', async () => {
  const { path } = await network.wallet('cancels');
  const job = await writeAddOneJob(join(network.folder, 'cancelled'));
  const stopped = new AbortController();
  const before = await run('cancelled', job, path, ({ event }) => event === 'lock-built' && stopped.abort(new Error('stopped')), {
    signal: stopped.signal,
  });
  expect(typeOf(before, 'end')).toEqual([]);
  const end = (await run('cancelled', job, path, () => undefined, { flags: ['--cancel'] })).at(-1);
  expect(end).toMatchObject({ event: 'end', lock: 'refunded', spent: { how: 'agree', paidBaseUnits: '0' }, wallet: { reconciled: true } });
});
