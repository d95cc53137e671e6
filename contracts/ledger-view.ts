// What of a wallet lies in the escrows, past ones too, and what came of it: from the chain alone, so that a lost journal loses nothing. Without Mesh.
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText, type AssetId, type OutputReference } from '@nunet/shared/fields.ts';
import type { EscrowDatum } from '@nunet/shared/lock.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import { addressOf, addressParts } from './address.ts';
import type { Source, Utxo } from './chain/chain.ts';
import type { Transaction } from './chain/transaction.ts';
import { decodeDatum } from './datum.ts';
import { readSpend, type LockSpend } from './read-spend.ts';
import { reclaimTerms } from './reclaim-terms.ts';
import { quantityOf } from './value.ts';

/** An unspent lock that concerns the wallet. */
export interface HeldLock {
  utxo: Utxo;
  scriptHash: string;
  /** Made under somebody's stake credential: agents and oracles do not take it for a lock, Reclaim opens it. */
  staked: boolean;
  /** Null: malformed, so that Reclaim alone can open it. */
  datum: EscrowDatum | null;
  /** Of the datum's asset; 0 when the datum is malformed. */
  amountBaseUnits: bigint;
  /** POSIX ms. */
  reclaimAfter: number;
}

/** A lock that pays the wallet as compute provider, once one of the two kinds of signatures is there. */
export interface ClaimableLock extends HeldLock {
  datum: EscrowDatum;
  needs: {
    /** `count` of these oracle keys over settleBytes; or */
    oracles: { count: number; keys: readonly string[] };
    /** a voucher by the first and a close by the second. */
    agreement: { voucherKey: string; closeKey: string };
  };
  /** From now on the service provider may take it back: whoever is first on chain has it. */
  contested: boolean;
}

/** A lock that was spent. */
export interface EndedLock {
  reference: OutputReference;
  scriptHash: string;
  role: 'serviceProvider' | 'computeProvider';
  how: LockSpend['how'];
  /** Null where the datum is malformed: the lock's tokens came back whole. */
  asset: AssetId | null;
  paidBaseUnits: bigint;
  changeBaseUnits: bigint;
  /** K of a sealed delivery, hex, where it was revealed. */
  secret: string | null;
  txId: string;
  timeMs: number;
}

export interface LedgerView {
  /** Chain time of the view, POSIX ms. */
  nowMs: number;
  /** The wallet's own locks before their reclaimAfter. */
  locked: HeldLock[];
  /** The wallet's own locks that its key takes back alone. */
  refundable: HeldLock[];
  claimable: ClaimableLock[];
  /** Newest first. A refund pays the compute provider nothing, leaves no trace at its address, and so is in the service provider's view only. */
  settled: EndedLock[];
  /** What could not be read, one sentence each. */
  unread: string[];
}

type ViewChain = Pick<Source, 'utxos' | 'output' | 'tip' | 'transaction' | 'rawTransaction' | 'history' | 'scriptUtxos'>;

/** Transactions of the wallet that are looked through for ended locks: one request each. */
const HISTORY = 300;
/** Requests at a time; public sources allow ten a second. */
const AT_ONCE = 8;
/** In place of a malformed datum, which only Reclaim can have spent. */
const NOBODY = { oracleKeys: [], voucherKey: '', computeProvider: '', serviceProvider: '' };

/** Throws `chain-unavailable` and `address-invalid`; a source that fails is never an empty view. */
export async function readLedgerView(
  chain: ViewChain,
  record: Pick<NetworkRecord, 'escrows'>,
  address: string,
  options: { history?: number; signal?: AbortSignal } = {},
): Promise<LedgerView> {
  const { signal, history = HISTORY } = options;
  const own = addressParts(address).payment;
  const unread: string[] = [];
  const nowMs = (await chain.tip(signal)).timeMs;
  const view: LedgerView = { nowMs, locked: [], refundable: [], claimable: [], settled: [], unread };

  const place = (utxo: Utxo, scriptHash: string): void => {
    const held = heldLock(utxo, scriptHash);
    if (held === null) return;
    const { lock, ownerKeyHash } = held;
    if (own.kind === 'key' && ownerKeyHash === own.hash) (nowMs >= lock.reclaimAfter ? view.refundable : view.locked).push(lock);
    if (lock.datum !== null && paysTo(lock.datum.computeProvider, own)) view.claimable.push(claimable(lock, lock.datum, nowMs));
  };

  const unlisted = new Set<string>();
  for (const { scriptHash } of record.escrows) {
    try {
      for (const utxo of await outputsOf(chain, scriptHash, unread, signal)) place(utxo, scriptHash);
    } catch (error) {
      // Whoever heaps 20,000 outputs onto the escrow must not hide other people's locks: their own transactions still show them.
      if (!(error instanceof NunetError) || error.code !== 'chain-unavailable') throw error;
      unlisted.add(scriptHash);
      unread.push(
        `Escrow ${scriptHash} could not be listed, only locks that this wallet's own transactions made are shown. ${error.message}`,
      );
    }
  }

  const { txIds, more } = await chain.history(address, { limit: history, signal });
  if (more) unread.push(`Only the newest ${history} transactions of ${address} were looked through.`);
  for (let at = 0; at < txIds.length; at += AT_ONCE) {
    const found = await Promise.all(txIds.slice(at, at + AT_ONCE).map((txId) => chain.rawTransaction(txId, signal)));
    // Gone after a rollback, or a failed script, which makes and spends no lock.
    const valid = found.flatMap((transaction) => (transaction?.isValid === true ? [transaction] : []));
    view.settled.push(...(await Promise.all(valid.map((transaction) => endedIn(chain, record, own, transaction, unread, signal)))).flat());
    for (const { reference, address: where } of valid.flatMap(({ outputs }) => outputs)) {
      const scriptHash = scriptOf(where);
      if (scriptHash === null || !unlisted.has(scriptHash)) continue;
      const state = await chain.output(reference, signal);
      if (state?.spentBy === null) place(state.utxo, scriptHash);
    }
  }
  return view;
}

/** Null for the address of a key, or of a kind that no lock lies at. */
function scriptOf(address: string): string | null {
  const parts = orNull(() => addressParts(address));
  return parts?.payment.kind === 'script' ? parts.payment.hash : null;
}

/** Outputs at the script's own address, and under every stake credential where the source can tell. */
async function outputsOf(chain: ViewChain, scriptHash: string, unread: string[], signal?: AbortSignal): Promise<Utxo[]> {
  const plain = addressOf({ payment: { kind: 'script', hash: scriptHash } });
  const [listed, everywhere] = await Promise.all([
    chain.utxos(plain, signal === undefined ? {} : { signal }),
    // Heaps under staked addresses, where no honest lock lies, must not take the plain list away.
    chain.scriptUtxos(scriptHash, signal).catch((error: unknown) => {
      if (error instanceof NunetError && error.code === 'chain-unavailable') return null;
      throw error;
    }),
  ]);
  // A source that takes a credential for an address that nobody used answers with nothing.
  if (everywhere === null || (everywhere.length === 0 && listed.length > 0))
    unread.push(`This chain source cannot list what lies under staked addresses of escrow ${scriptHash}; ask another one.`);
  return [...new Map([...listed, ...(everywhere ?? [])].map((utxo) => [referenceText(utxo.reference), utxo])).values()];
}

const paysTo = (address: string, { kind, hash }: { kind: string; hash: string }): boolean => {
  const { payment } = addressParts(address);
  return payment.kind === kind && payment.hash === hash;
};

/** Null where not even the script could read an owner and a time: nobody can open it, or only with a datum that is not on chain. */
function heldLock(utxo: Utxo, scriptHash: string): { lock: HeldLock; ownerKeyHash: string | null } | null {
  const datum = orNull(() => decodeDatum(utxo.inlineDatum ?? ''));
  const terms = orNull(() => reclaimTerms(utxo));
  if (datum === null && terms === null) return null;
  const lock: HeldLock = {
    utxo,
    scriptHash,
    staked: addressParts(utxo.address).stake !== undefined,
    datum,
    amountBaseUnits: datum === null ? 0n : quantityOf(utxo, datum.asset),
    reclaimAfter: terms?.reclaimAfter ?? datum?.reclaimAfter ?? 0,
  };
  return { lock, ownerKeyHash: terms?.keyHash ?? null };
}

function orNull<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof NunetError) return null;
    throw error;
  }
}

const claimable = (lock: HeldLock, datum: EscrowDatum, nowMs: number): ClaimableLock => ({
  ...lock,
  datum,
  needs: {
    oracles: { count: datum.k, keys: datum.oracleKeys },
    agreement: { voucherKey: datum.voucherKey, closeKey: datum.closeKey },
  },
  contested: nowMs >= lock.reclaimAfter,
});

/** The wallet's locks that one transaction ended. */
async function endedIn(
  chain: ViewChain,
  record: Pick<NetworkRecord, 'escrows'>,
  own: { kind: string; hash: string },
  transaction: Transaction,
  unread: string[],
  signal?: AbortSignal,
): Promise<EndedLock[]> {
  const ended: EndedLock[] = [];
  for (const { tag, index } of transaction.redeemers) {
    const reference = tag === 'spend' ? transaction.inputs[index] : undefined;
    const utxo = reference === undefined ? undefined : (await chain.rawTransaction(reference.txId, signal))?.outputs[reference.index];
    if (utxo === undefined) continue;
    const hash = scriptOf(utxo.address);
    if (hash === null || !record.escrows.some(({ scriptHash }) => scriptHash === hash)) continue;
    const held = heldLock(utxo, hash);
    if (held === null) continue;
    const { lock, ownerKeyHash } = held;
    const roles = [
      ...(own.kind === 'key' && ownerKeyHash === own.hash ? (['serviceProvider'] as const) : []),
      ...(lock.datum !== null && paysTo(lock.datum.computeProvider, own) ? (['computeProvider'] as const) : []),
    ];
    if (roles.length === 0) continue;
    const end = await endOf(chain, transaction, lock, signal);
    if (end === null) unread.push(`Transaction ${transaction.id} ended lock ${referenceText(utxo.reference)} in a way unknown here.`);
    else ended.push(...roles.map((role) => ({ ...end, role })));
  }
  return ended;
}

async function endOf(
  chain: ViewChain,
  transaction: Transaction,
  { utxo, scriptHash, datum, amountBaseUnits }: HeldLock,
  signal?: AbortSignal,
): Promise<Omit<EndedLock, 'role'> | null> {
  const { reference } = utxo;
  const spend = readSpend(transaction, { reference, datum: datum ?? NOBODY });
  const status = await chain.transaction(transaction.id, signal);
  if (spend === null || spend.paid > amountBaseUnits || status.state !== 'confirmed') return null;
  return {
    reference,
    scriptHash,
    how: spend.how,
    asset: datum?.asset ?? null,
    paidBaseUnits: spend.paid,
    changeBaseUnits: amountBaseUnits - spend.paid,
    secret: spend.secret,
    txId: transaction.id,
    timeMs: status.timeMs,
  };
}
