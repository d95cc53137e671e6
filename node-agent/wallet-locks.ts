// A wallet's locks from the chain alone: listed, and taken back when their time has come. Needs no journal and no job folder.
import { readFile } from 'node:fs/promises';
import { setTimeout as after } from 'node:timers/promises';
import type { Source, Utxo } from '@nunet/contracts/chain/chain.ts';
import { openSource } from '@nunet/contracts/chain/open.ts';
import { readTransactionHex } from '@nunet/contracts/chain/transaction.ts';
import { collateralOf } from '@nunet/contracts/collateral.ts';
import { readLedgerView, type HeldLock, type LedgerView } from '@nunet/contracts/ledger-view.ts';
import { scriptOfLock } from '@nunet/contracts/parked-script.ts';
import { reclaimAll } from '@nunet/contracts/reclaim-all.ts';
import { formatAmount } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { cardanoAddress, referenceText } from '@nunet/shared/fields.ts';
import { inspectNetworkRecord, openNetworkRecord, type NetworkRecord, type PinnedKeys } from '@nunet/shared/network-record.ts';
import type { CommandIo } from './commands/flags.ts';
import { lockLines } from './lock-table.ts';
import { openWalletFile, type Wallet } from './wallet-file.ts';

interface LocksOptions {
  wallet: string | undefined;
  address: string | undefined;
  chainUrl: string;
  networkRecord: string;
  pinned: PinnedKeys;
  json: boolean;
}

interface ReclaimOptions extends LocksOptions {
  wallet: string;
  /** Without asking. */
  all: boolean;
  /** References as text; empty: all that is refundable. */
  only: readonly string[];
}

const POLL_MS = 1_000;
/** Exit code when some lock could not be taken back. */
const NOT_ALL = 3;

/** An expired record still names where money lies; what it says is checked against the chain. */
async function openRecord(options: LocksOptions, network: NetworkRecord['network'] | undefined, io: CommandIo): Promise<NetworkRecord> {
  const bytes = new Uint8Array(
    await readFile(options.networkRecord).catch((cause: unknown) => {
      throw new NunetError('network-record-missing', `Cannot read the network record ${options.networkRecord}: it is not there`, { cause });
    }),
  );
  const wanted = network ?? inspectNetworkRecord(bytes).record.network;
  const record = openNetworkRecord(bytes, { network: wanted, pinned: options.pinned, now: 0, lastSequence: 0 });
  if (record.expiresAt <= Date.now()) io.warn('The network record has expired: escrows that are newer than it are not looked into.');
  return record;
}

async function open(options: LocksOptions, io: CommandIo) {
  const wallet = options.wallet === undefined ? undefined : await openWalletFile(options.wallet);
  const address = wallet?.address ?? options.address ?? '';
  if (!cardanoAddress.safeParse(address).success)
    throw new NunetError('flag-invalid', `Cannot look for locks: --address "${address.slice(0, 130)}" is no address of a test network`);
  const record = await openRecord(options, wallet?.network, io);
  const access = { source: options.chainUrl, projectId: process.env['NUNET_CHAIN_PROJECT_ID'] };
  const chain = await openSource(access, record.network, io.signal);
  return { wallet, address, record, chain, view: await readLedgerView(chain, record, address, { signal: io.signal }) };
}

const jsonText = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? item.toString() : item));

/** `wallet locks` */
export async function showLocks(options: LocksOptions, io: CommandIo): Promise<number> {
  const { address, record, view } = await open(options, io);
  if (options.json) io.print(jsonText({ address, network: record.network, ...view }));
  else for (const line of [address, ...lockLines(view, record.asset)]) io.print(line);
  return 0;
}

/** `wallet reclaim`: safe to repeat, since what was taken back is refundable no more. */
export async function reclaimLocks(options: ReclaimOptions, io: CommandIo): Promise<number> {
  const { wallet, record, chain, view } = await open(options, io);
  if (wallet === undefined) throw new NunetError('flag-missing', 'Cannot run wallet reclaim: --wallet is missing');
  const chosen = chooseLocks(view, options.only);
  if (!options.json)
    for (const line of lockLines({ ...view, refundable: chosen, claimable: [], settled: [] }, record.asset)) io.print(line);
  if (chosen.length === 0) {
    io.print(options.json ? jsonText({ done: [], failed: [] }) : 'Nothing is refundable now.');
    return 0;
  }
  if (!options.all && options.only.length === 0) {
    if (io.ask === undefined)
      throw new NunetError('flag-missing', 'Cannot ask which locks to take back without a terminal: give --all, or --lock TXID#INDEX');
    const answer = await io.ask(`Take back ${chosen.length === 1 ? 'this lock' : `these ${chosen.length} locks`}? [yes or no] `);
    if (!/^y(es)?$/i.test(answer.trim())) return 0;
  }

  const reclaim = await reclaimer(wallet, record, chain, io);
  const { done, failed } = await reclaimAll(chosen, reclaim);
  for (const { txId } of done)
    while ((await chain.transaction(txId, io.signal)).state !== 'confirmed') await after(POLL_MS, undefined, { signal: io.signal });
  if (options.json) {
    const names = (locks: HeldLock[]): string[] => locks.map(({ utxo }) => referenceText(utxo.reference));
    io.print(
      jsonText({
        done: done.map(({ txId, locks }) => ({ txId, locks: names(locks) })),
        failed: failed.map(({ lock, reason }) => ({ lock: referenceText(lock.utxo.reference), reason })),
      }),
    );
  } else {
    for (const { txId, locks } of done)
      io.print(`${locks.length === 1 ? 'One lock' : `${locks.length} locks`} back by ${txId}, ${adaOf(locks)} ADA less its fee`);
    for (const { lock, reason } of failed) io.warn(`${referenceText(lock.utxo.reference)} stays: ${reason}`);
  }
  return failed.length === 0 ? 0 : NOT_ALL;
}

const adaOf = (locks: readonly HeldLock[]): string => formatAmount(locks.reduce((sum, { utxo }) => sum + utxo.lovelace, 0n));

function chooseLocks(view: LedgerView, only: readonly string[]): HeldLock[] {
  if (only.length === 0) return view.refundable;
  return only.map((name) => {
    const found = view.refundable.find(({ utxo }) => referenceText(utxo.reference) === name);
    if (found !== undefined) return found;
    const early = view.locked.find(({ utxo }) => referenceText(utxo.reference) === name);
    const why = early === undefined ? 'it is no unspent lock of this wallet' : `it opens at ${new Date(early.reclaimAfter).toISOString()}`;
    throw new NunetError('lock-not-refundable', `Cannot reclaim ${name.slice(0, 80)}: ${why}`);
  });
}

/** Builds, signs and submits. What one transaction spent, the next does not touch, though the source may still list it. */
async function reclaimer(
  wallet: Wallet,
  record: NetworkRecord,
  chain: Source,
  { signal }: CommandIo,
): Promise<(batch: HeldLock[]) => Promise<string>> {
  const { buildReclaim } = await import('@nunet/contracts/reclaim.ts');
  const parameters = await chain.parameters(signal);
  const spent = new Set<string>();
  return async (batch) => {
    const locks: Utxo[] = batch.map(({ utxo }) => utxo);
    const [first] = locks;
    if (first === undefined) throw new TypeError('a batch holds a lock');
    const [parked, listed, tip] = await Promise.all([
      scriptOfLock(chain, record, first, signal),
      chain.utxos(wallet.address, { signal }),
      chain.tip(signal),
    ]);
    const utxos = listed.filter(({ reference }) => !spent.has(referenceText(reference)));
    const built = await buildReclaim(
      {
        locks,
        payer: { utxos, changeAddress: wallet.address },
        parameters,
        slotConfig: chain.slotConfig,
        run: { ...parked, collateral: collateralOf(utxos), evaluate: (cbor, inner) => chain.evaluate(cbor, inner) },
      },
      tip.timeMs,
      signal,
    );
    const txId = await chain.submit(wallet.sign(built.cbor), signal);
    for (const input of readTransactionHex(built.cbor).inputs) spent.add(referenceText(input));
    return txId;
  };
}
