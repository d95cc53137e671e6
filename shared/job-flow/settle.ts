// tellEvidence: keeps every oracle of the quote, and the agent, told of what was signed, until the money has moved.
import { formatAmount } from '../amount.ts';
import { cidOf, encode } from '../encoding.ts';
import type { EvidenceBundle, EvidenceKind } from '../evidence.ts';
import { hexToBytes } from '@noble/hashes/utils.js';
import { settleBytes } from '../lock.ts';
import type { Quote } from '../quote.ts';
import { verifySignature, type Signed } from '../signature.ts';
import { voucherEvidence } from '../voucher.ts';
import { manifestFromOracles } from './hidden-manifest.ts';
import type { Drive } from './running-job.ts';
import type { JobRecord } from './job-record.ts';

interface Piece {
  kind: EvidenceKind;
  cid: string;
  envelope: Uint8Array;
}

/**
 * What the oracles should have by now. The quote as soon as the lock stands, so that an agent that dies leads to "missed";
 * the manifest with our answer, or at once when the agent itself reports a fault.
 */
export function evidenceFor(record: JobRecord): Piece[] {
  const { quote, lock, refusal, cancel, manifest, answer, wrongPlaintext } = record;
  if (quote === undefined || lock === null || lock === 'building' || lock === 'submitted' || lock === 'dropped') return [];
  const pieces: Piece[] = [{ kind: 'quote', cid: quote.cid, envelope: quote.envelope }];
  if (refusal !== undefined) pieces.push({ kind: 'lock-refusal', cid: refusal.cid, envelope: refusal.envelope });
  if (cancel !== undefined) pieces.push({ kind: 'cancel', cid: cancel.cid, envelope: cancel.envelope });
  const isTold = answer !== undefined || record.closeLate || wrongPlaintext !== undefined;
  if (manifest !== undefined && (isTold || manifest.body.exit.kind !== 'completed'))
    pieces.push({ kind: 'manifest', cid: manifest.cid, envelope: manifest.envelope });
  if (answer !== undefined) pieces.push({ kind: answer.kind, cid: answer.signed.cid, envelope: answer.signed.envelope });
  const voucher = lateVoucher(record);
  if (voucher !== undefined) pieces.push({ kind: 'voucher', cid: voucher.cid, envelope: voucher.envelope });
  if (wrongPlaintext !== undefined)
    pieces.push({ kind: 'wrong-plaintext', cid: cidOf(wrongPlaintext.proof), envelope: wrongPlaintext.proof });
  return pieces;
}

/** The final voucher, once the agent takes longer to close than it should: an acknowledgement that the chain reads too. */
function lateVoucher({ jobId, spec, lockTx, finalVoucher, closeLate }: JobRecord): ReturnType<typeof voucherEvidence> | undefined {
  if (!closeLate || finalVoucher === undefined || lockTx === undefined) return undefined;
  const { paidBaseUnits, keyHash, signature } = finalVoucher;
  return voucherEvidence({ v: 1, network: spec.network, jobId, lock: lockTx.reference, paidBaseUnits, keyHash, signature });
}

const lacks = (record: JobRecord, to: string, pieces: readonly Piece[]): boolean =>
  pieces.some((piece) => !(record.told[to] ?? []).includes(piece.cid));

/** A dispute over a job that anybody may replay carries what a replay needs. */
function bundleOf(
  record: JobRecord,
  pieces: readonly Piece[],
  agentAddresses: readonly string[],
  ownAddresses: readonly string[],
): EvidenceBundle | undefined {
  if (record.lockTx === undefined) return undefined;
  const replayed = pieces.some((piece) => piece.kind === 'dispute') && record.spec.replay === 'public';
  return {
    v: 1,
    lock: record.lockTx.reference,
    items: pieces.map(({ kind, envelope }) => ({ kind, envelope })),
    spec: replayed ? encode(record.spec) : null,
    sources: replayed ? [...agentAddresses.slice(0, 4), ...ownAddresses].slice(0, 8) : [],
  };
}

/**
 * Keeps one listener told. `send` gives the CIDs that it has now; the record keeps them, so a kill repeats at most one telling.
 */
async function tell(
  drive: Drive,
  to: string,
  wanted: (record: JobRecord) => Piece[],
  send: (pieces: Piece[], signal: AbortSignal) => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; ;) {
    const pieces = wanted(await drive.until((now) => lacks(now, to, wanted(now)), signal));
    try {
      const has = new Set(await send(pieces, signal));
      const news = pieces.filter((piece) => has.has(piece.cid) && lacks(drive.record(), to, [piece])).map((piece) => piece.cid);
      if (news.length > 0) await drive.append((_, atMs) => ({ type: 'told', atMs, to, what: news }));
      if (pieces.every((piece) => has.has(piece.cid))) {
        attempt = 0;
        continue;
      }
    } catch (error) {
      const who = to === drive.agent().peerId ? 'The agent' : `Oracle ${to.slice(0, 12)}`;
      drive.failed(`${who} cannot be told yet`, error, signal);
      if (to === drive.agent().peerId) await drive.findAgent(signal);
    }
    await drive.backOff(attempt++, signal);
  }
}

/** Our answers, one a request, as the agent wants them. */
const answersFor = (record: JobRecord): Piece[] =>
  evidenceFor(record).filter((piece) => piece.kind === 'ack' || piece.kind === 'dispute' || piece.kind === 'cancel');

/**
 * Watches the oracles until k of them have signed the same pay over this lock: the lock is attested. Until then one of them
 * may hold a manifest that the agent keeps from us.
 */
async function watchOracles(drive: Drive, quote: Signed<Quote>, signal: AbortSignal): Promise<void> {
  const { oracleKeys, k } = quote.body;
  const takeManifest = manifestFromOracles(drive, quote, signal);
  for (;;) {
    const { lockTx } = await drive.until((record) => record.lock === 'locked', signal);
    if (lockTx === undefined) return;
    const { reference } = lockTx;
    const signedBy = new Map<string, { keys: Set<string>; rule: string }>();
    await Promise.all(
      oracleKeys.map(async (oracleKey) => {
        // An oracle out of reach is no news: the telling lane reports it.
        const report = await drive.ports.oracles.report(oracleKey, reference, signal).catch(() => null);
        if (report !== null) await takeManifest(oracleKey, report, reference);
        for (const { oracleKey: key, paidBaseUnits, signature, rule } of report?.attestations.slice(0, 16) ?? []) {
          if (!oracleKeys.includes(key) || !/^\d{1,19}$/.test(paidBaseUnits) || !/^[0-9a-f]{128}$/.test(signature)) continue;
          const paid = BigInt(paidBaseUnits);
          if (paid >= 1n << 63n || !verifySignature(hexToBytes(signature), settleBytes(reference, paid), key)) continue;
          const entry = signedBy.get(paidBaseUnits) ?? { keys: new Set<string>(), rule };
          entry.keys.add(key);
          signedBy.set(paidBaseUnits, entry);
        }
      }),
    );
    const verdict = [...signedBy].find(([, { keys }]) => keys.size >= k);
    if (verdict !== undefined) {
      const [paid, { keys, rule }] = verdict;
      const detail = `${keys.size} of ${oracleKeys.length} oracles signed a pay of ${formatAmount(BigInt(paid))} NTX (${rule.slice(0, 60)})`;
      await drive.append((record, atMs) => (record.lock === 'locked' ? { type: 'lock', atMs, state: 'attested', detail } : undefined));
    }
    await drive.ports.clock.sleep(drive.pace.pollMs * 2, signal);
  }
}

/** Runs until its signal aborts, which is its one normal end. */
export async function tellEvidence(drive: Drive, signal: AbortSignal): Promise<void> {
  const { quote } = drive.record();
  if (quote === undefined) return;
  const { oracles, network } = drive.ports;
  const tellOracle = (key: string): Promise<void> =>
    tell(
      drive,
      key,
      evidenceFor,
      async (pieces, within) => {
        const bundle = bundleOf(drive.record(), pieces, drive.agent().addresses, network.ownAddresses());
        return bundle === undefined ? [] : oracles.submit(key, bundle, within);
      },
      signal,
    );
  const tellAgent = tell(
    drive,
    drive.agent().peerId,
    answersFor,
    async (pieces, within) => {
      const { jobId } = drive.record();
      for (const { kind, envelope } of pieces) {
        if (kind === 'ack' || kind === 'dispute' || kind === 'cancel')
          await network.answer(drive.agent(), { jobId, kind, envelope }, within);
      }
      return pieces.map((piece) => piece.cid);
    },
    signal,
  );
  try {
    await Promise.all([...quote.body.oracleKeys.map(tellOracle), tellAgent, watchOracles(drive, quote, signal)]);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
