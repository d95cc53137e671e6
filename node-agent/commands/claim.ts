// claim: the owner of an agent brings on chain what both sides of its jobs signed. Its own process, with a wallet; the agent may run or not.
import { join, resolve } from 'node:path';
import { openChain } from '@nunet/contracts/chain/open.ts';
import { formatAmount } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText } from '@nunet/shared/fields.ts';
import { AGENT_JOURNAL_MIGRATIONS, AGENT_JOURNAL_VERSION, agentEntry } from '../agent-entries.ts';
import { chainAccessOf, pathsOf, readConfig } from '../config.ts';
import { JobBook } from '../job-book.ts';
import { openJournal, readJournal } from '../journal.ts';
import { readNetworkRecord } from '../network-trust.ts';
import { clock } from '../system-clock.ts';
import { parseFlags, required, type Command, type CommandIo } from './flags.ts';
import { DEFAULT_DATA } from './onboard-flags.ts';

const flags = {
  data: { value: 'FOLDER', help: `the agent's folder (${DEFAULT_DATA})` },
  wallet: { value: 'FILE', help: 'any wallet file with 3 ADA, mode 0600; pay goes to the address that each lock names' },
  json: { help: 'one JSON object a line' },
} as const;

/** The chain takes a transaction or forgets it within this. */
const CONFIRM_MS = 10 * 60_000;
const LOOK_EVERY_MS = { devnet: 200, other: 5_000 };

export async function claimCommand(argv: readonly string[], io: CommandIo): Promise<number> {
  const given = parseFlags({ name: 'claim', flags }, argv);
  const dataPath = resolve(given.data ?? DEFAULT_DATA);
  const walletPath = required('claim', given, 'wallet');
  const paths = pathsOf(dataPath);
  const config = await readConfig(paths.config);
  const { network } = config;
  // Loaded here, so that whoever only prints the help loads no wallet and no transaction builder.
  const [{ openWalletFile }, { claim, claimEntry }] = await Promise.all([import('../wallet-file.ts'), import('../claim.ts')]);
  const wallet = await openWalletFile(resolve(walletPath));
  if (wallet.network !== network)
    throw new NunetError('wallet-other', `Cannot claim: the wallet is for ${wallet.network}, the agent works on ${network}`);
  const record = await readNetworkRecord({
    path: config.networkRecord,
    seenPath: paths.seenRecord,
    network,
    pinned: config.pinned,
    now: clock.now(),
  });
  const entries = await readJournal(paths.journal, {
    schema: agentEntry,
    name: 'agent jobs',
    version: AGENT_JOURNAL_VERSION,
    migrations: AGENT_JOURNAL_MIGRATIONS,
  });
  const book = new JobBook(network, { entries, ...READ_ONLY });
  const chain = await openChain(chainAccessOf(config, record.asset, process.env), io.signal);
  const journal = await openJournal(join(dataPath, 'claims.jsonl'), { schema: claimEntry, name: 'claims', version: 1 });
  try {
    const { claims, waiting, problems } = await claim(book.jobs(), { chain, wallet, record, journal, now: () => clock.now() }, io.signal);
    for (const problem of problems) io.warn(`Cannot claim lock ${problem}`);
    for (const { txId, feeLovelace, locks } of claims) {
      if (given.json === true) io.print(jsonLine({ event: 'claim', txId, feeLovelace, locks }));
      for (const { jobId, lock, paid, revealsKey } of given.json === true ? [] : locks) {
        const key = revealsKey ? ', and reveals the key of its outputs' : '';
        io.print(`Claims ${formatAmount(paid)} NTX of lock ${referenceText(lock)}, job ${jobId.slice(-12)}, with ${txId}${key}`);
      }
    }
    for (const txId of [...claims.map((made) => made.txId), ...waiting]) await confirmed(txId, chain, network, io.signal);
    if (given.json === true) io.print(jsonLine({ event: 'end', claims: claims.length, problems: problems.length }));
    else io.print(claims.length + waiting.length === 0 ? 'Nothing is due that both sides signed.' : 'All of it is on chain.');
    return problems.length > 0 ? 3 : 0;
  } finally {
    await journal.close();
  }
}

const jsonLine = (value: unknown): string =>
  JSON.stringify(value, (_, field: unknown) => (typeof field === 'bigint' ? field.toString() : field));

/** The agent alone writes its journal. */
const refuse = (): Promise<never> => Promise.reject(new NunetError('journal-read-only', 'Cannot write the journal of a running agent'));
const READ_ONLY = { append: refuse, retain: refuse, close: () => Promise.resolve() };

async function confirmed(
  txId: string,
  chain: { transaction(txId: string, signal?: AbortSignal): Promise<{ state: string }> },
  network: string,
  signal: AbortSignal,
): Promise<void> {
  const limit = clock.now() + CONFIRM_MS;
  while ((await chain.transaction(txId, signal)).state !== 'confirmed') {
    if (clock.now() > limit)
      throw new NunetError('claim-pending', `Claim ${txId} is in no block yet; run the command again, a lock is spent once`);
    await clock.sleep(network === 'devnet' ? LOOK_EVERY_MS.devnet : LOOK_EVERY_MS.other, signal);
  }
}

export const command: Command = {
  name: 'claim',
  summary: 'bring pay on chain that both sides signed, without an oracle',
  flags,
  notes: 'Reads the agent’s journal and changes nothing in it. Running it twice is harmless.',
  run: claimCommand,
};
