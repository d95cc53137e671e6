// Intake: evidence from the parties and exchanges from other oracles, checked piece by piece and kept. Decides nothing.
import { agreementProblem, type Agreement } from '@nunet/shared/agreement.ts';
import { formatAmount } from '@nunet/shared/amount.ts';
import { receipt, type Attestation, type Receipt, attestationIsSigned, MAX_RECEIPT_BYTES } from '@nunet/shared/attestation.ts';
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import {
  EVIDENCE_KINDS,
  openEvidence,
  openQuote,
  openSpec,
  quoteCidOfDatum,
  type EvidenceBundle,
  type EvidenceKind,
} from '@nunet/shared/evidence.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import { NO_KEY_HASH } from '@nunet/shared/lock.ts';
import type { Manifest } from '@nunet/shared/manifest.ts';
import type { EvidenceAnswer } from '@nunet/shared/oracle-client.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import { keyBy } from '@nunet/shared/sealed/key-deadline.ts';
import { wrongPlaintextProblem, type WrongPlaintext } from '@nunet/shared/sealed/wrong-plaintext.ts';
import { openStatement, signStatement, type Signed } from '@nunet/shared/signature.ts';
import type { Voucher } from '@nunet/shared/voucher.ts';
import { adoptOwn } from './decide.ts';
import type { AgreementRow, AttestationRow, CaseRow, EvidenceRow } from './db/store.ts';
import { MAX_PIECES_A_KIND, type Exchange } from './exchange.ts';
import { referenceOf } from './lock-name.ts';
import type { OracleLimits, OraclePorts } from './ports.ts';
import { ownOf, withTold, type Sources } from './sources.ts';
import { graceOf } from './verdict.ts';

type PieceKind = Exclude<EvidenceKind, 'quote'>;

export interface Intake {
  /** Evidence from anybody who can sign a request; each piece counts by its own signature. Throws `quote-missing`, `lock-unknown`, ... */
  submit(bundle: EvidenceBundle, submitter: string, signal: AbortSignal): Promise<EvidenceAnswer>;
  /** What another oracle of the quote holds. `from` is its key. Throws `oracle-foreign`. */
  merge(message: Exchange, from: string, signal: AbortSignal): Promise<void>;
  /**
   * What both parties of a lock signed, from anybody; on disk before it resolves. Throws as `submit`, `agreement-invalid`, or
   * `lock-spent`.
   */
  agree(lock: OutputReference, agreement: Agreement, quote: Uint8Array, signal: AbortSignal): Promise<void>;
  /** What this oracle holds. Null: it has never heard of the lock. */
  holdings(lock: OutputReference): Promise<Exchange | null>;
}

export interface IntakeEvents {
  /** Chain time now, POSIX ms; may ask the chain. */
  chainTime: (signal: AbortSignal) => Promise<number>;
  /** Something new is known about a lock. `own`: the other oracles may not know it yet. */
  changed: (lock: string, own: boolean) => void;
}

export const attestationOfRow = (row: AttestationRow, network: Quote['network']): Attestation => ({
  v: 1,
  network,
  lock: referenceOf(row.lock),
  oracleKey: row.oracleKey,
  verdict: row.verdict,
  rule: row.rule,
  paidBaseUnits: row.paid,
  signature: row.signature,
});

export const agreementOfRow = ({ paid, voucherSignature, closeSignature, secret }: AgreementRow): Agreement => ({
  paid,
  voucherSignature,
  closeSignature,
  secret,
});

export function createIntake(ports: OraclePorts, limits: OracleLimits, on: IntakeEvents): Intake {
  const { store, signer } = ports;
  const network = () => ports.record().network;

  /**
   * The case of a lock. A new one is opened only for a lock that lies on chain, names this oracle and carries this very
   * quote's hash: so a case costs its opener a real lock, and nobody can file a foreign quote under somebody's lock.
   */
  async function caseOf(
    lock: OutputReference,
    quoteEnvelope: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<{ row: CaseRow; quote: Signed<Quote> }> {
    const name = referenceText(lock);
    const known = await store.findCase(name);
    if (known !== null) return { row: known, quote: openQuote(known.quote, network()) };
    if (quoteEnvelope === undefined) {
      throw new NunetError('quote-missing', `Cannot take evidence over ${name}: this oracle does not know it yet, send the quote along`);
    }
    const quote = openQuote(quoteEnvelope, network());
    if (!quote.body.oracleKeys.includes(signer.publicKey)) {
      throw new NunetError('oracle-not-named', `Cannot take evidence over ${name}: its quote names other oracles`);
    }
    const found = await ports.readLock(lock, signal);
    if (found === null)
      throw new NunetError('lock-unknown', `Cannot take evidence over ${name}: it is not on chain yet; try again in a block`);
    const { datum, scriptHash } = found.lock;
    if (!ports.record().escrows.some((escrow) => escrow.scriptHash === scriptHash)) {
      throw new NunetError('lock-script-unknown', `Cannot take evidence over ${name}: script ${scriptHash} is not in the network record`);
    }
    if (quoteCidOfDatum(datum) !== quote.cid) {
      throw new NunetError(
        'lock-other-quote',
        `Cannot take evidence over ${name}: its datum names quote ${quoteCidOfDatum(datum)}, not ${quote.cid}`,
      );
    }
    if (!datum.oracleKeys.includes(signer.publicKey)) {
      throw new NunetError('oracle-not-named', `Cannot take evidence over ${name}: its datum names other oracles; only reclaim is left`);
    }
    if ((await store.countOpenCases()) >= limits.maxOpenCases) {
      throw new NunetError('oracle-full', `Cannot take evidence over ${name}: ${limits.maxOpenCases} cases are open; try another oracle`);
    }
    const row: CaseRow = {
      lock: name,
      quoteCid: quote.cid,
      jobId: quote.body.jobId,
      quote: quote.envelope,
      spec: null,
      sources: '{}',
      state: 'waiting',
      detail: 'the lock is known, no evidence yet',
      spentBy: null,
      closedAt: null,
      firstSeenAt: await on.chainTime(signal),
    };
    if (await store.addCase(row)) {
      await store.addEvent({ at: ports.now(), kind: 'case', lock: name, detail: `learned of a lock over job ${quote.body.jobId}` });
    }
    return { row: (await store.findCase(name)) ?? row, quote };
  }

  const receiptOf = (lock: OutputReference, evidenceCid: string, receivedAt: number): Promise<Signed<Receipt>> =>
    signStatement('receipt', { v: 1, network: network(), lock, evidenceCid, oracleKey: signer.publicKey, receivedAt }, signer);

  const pieces = async <T>(lock: string, kind: PieceKind, quote: Signed<Quote>): Promise<Signed<T>[]> =>
    (await store.evidenceOf(lock))
      .filter((piece) => piece.kind === kind)
      .map(({ envelope }) => openEvidence(kind, envelope, { quote, lock: referenceOf(lock) }) as Signed<T>);

  /** One a key hash, the highest: low ones must not crowd it out. A key hash must be that of a manifest, or its number has no bound. */
  async function keepVoucher(row: EvidenceRow, { keyHash, paidBaseUnits }: Voucher, quote: Signed<Quote>): Promise<'added' | 'known'> {
    const manifests = await pieces<Manifest>(row.lock, 'manifest', quote);
    if (keyHash !== NO_KEY_HASH && !manifests.some(({ body }) => body.delivery.keyHash === keyHash))
      throw new NunetError('manifest-missing', `Cannot keep voucher ${row.cid}: no manifest here names its key; send the manifest along`);
    return store.addOutdoing(row, ({ envelope }) => {
      const held = openEvidence('voucher', envelope, { quote, lock: referenceOf(row.lock) }).body as Voucher;
      if (held.keyHash !== keyHash) return 'other';
      return held.paidBaseUnits >= paidBaseUnits ? 'better' : 'outdone';
    });
  }

  /** Checked before it is kept, since nobody's signature vouches for it; one is enough. */
  async function keepProof(row: EvidenceRow, proof: WrongPlaintext, quote: Signed<Quote>): Promise<'added' | 'known'> {
    const held = await pieces<WrongPlaintext>(row.lock, 'wrong-plaintext', quote);
    if (held.some(({ body }) => body.manifestCid === proof.manifestCid)) return 'known';
    const manifest = (await pieces<Manifest>(row.lock, 'manifest', quote)).find(({ cid }) => cid === proof.manifestCid);
    if (manifest === undefined)
      throw new NunetError('manifest-missing', `Cannot check the proof ${row.cid}: its manifest is not here; send it along`);
    const problem = await wrongPlaintextProblem(proof, manifest);
    if (problem !== null) throw new NunetError('proof-invalid', `Cannot accept the proof ${row.cid}: ${problem}`);
    return store.addOutdoing(row, () => 'other');
  }

  async function keep(row: EvidenceRow, body: unknown, quote: Signed<Quote>, own: boolean): Promise<'added' | 'known' | 'full'> {
    const result = await (row.kind === 'voucher'
      ? keepVoucher(row, body as Voucher, quote)
      : row.kind === 'wrong-plaintext'
        ? keepProof(row, body as WrongPlaintext, quote)
        : store.addEvidence(row, MAX_PIECES_A_KIND));
    if (result === 'added') {
      await store.addEvent({ at: ports.now(), kind: 'evidence', lock: row.lock, detail: `${row.kind} ${row.cid}` });
      on.changed(row.lock, own);
    }
    return result;
  }

  /** Only the two parties of a quote, and its oracles, say where its files are; strangers could fill the list with dead addresses. */
  async function keepSources(row: CaseRow, quote: Quote, teller: string, addresses: readonly string[], own: boolean): Promise<void> {
    if (addresses.length === 0) return;
    const before = (await store.findCase(row.lock))?.sources ?? '{}';
    const sources = JSON.stringify(withTold(JSON.parse(before) as Sources, teller, addresses, quote));
    if (sources === before) return;
    await store.updateCase(row.lock, { sources });
    on.changed(row.lock, own);
  }

  async function keepSpec(row: CaseRow, quote: Quote, spec: Uint8Array, own: boolean): Promise<void> {
    openSpec(spec, quote.jobId);
    if (row.spec === null && quote.replay === 'public') {
      await store.updateCase(row.lock, { spec });
      on.changed(row.lock, own);
    }
  }

  /** Both signatures against the lock as it lies on the chain, before anything is kept. */
  async function keepAgreement({ lock: name }: CaseRow, agreement: Agreement, own: boolean, signal: AbortSignal): Promise<void> {
    const found = await ports.readLock(referenceOf(name), signal);
    if (found === null)
      throw new NunetError('lock-unknown', `Cannot take an agreement over ${name}: it is not on chain; try again in a block`);
    if (found.spentBy !== null)
      throw new NunetError('lock-spent', `Cannot take an agreement over ${name}: it was spent by ${found.spentBy}`);
    const problem = agreementProblem(agreement, found.lock);
    if (problem !== null) throw new NunetError('agreement-invalid', `Cannot take an agreement over ${name}: ${problem}`);
    const { paid, voucherSignature, closeSignature, secret } = agreement;
    const row = { lock: name, paid, voucherSignature, closeSignature, secret, arrivedAt: await on.chainTime(signal) };
    if (!(await store.addAgreement(row))) return;
    await store.addEvent({ at: ports.now(), kind: 'agreement', lock: name, detail: `both parties agreed on ${formatAmount(paid)} NTX` });
    on.changed(name, own);
  }

  return {
    async submit(bundle, submitter, signal) {
      const name = referenceText(bundle.lock);
      const { row, quote } = await caseOf(bundle.lock, bundle.items.find((item) => item.kind === 'quote')?.envelope, signal);
      const now = await on.chainTime(signal);
      const answer: EvidenceAnswer = { v: 1, receipts: [], refused: [] };
      // Spec and sources first: the pieces may start a replay.
      if (bundle.spec !== null) {
        try {
          await keepSpec(row, quote.body, bundle.spec, true);
        } catch (error) {
          if (!(error instanceof NunetError)) throw error;
          answer.refused.push({ kind: 'spec', ...safeError(error) });
        }
      }
      const { serviceProvider, computeProvider } = quote.body;
      if (submitter === serviceProvider.peerId || submitter === computeProvider.peerId)
        await keepSources(row, quote.body, submitter, bundle.sources, true);
      for (const item of inOrder(bundle.items)) {
        try {
          const { cid, body } =
            item.kind === 'quote'
              ? openQuote(item.envelope, network())
              : openEvidence(item.kind, item.envelope, { quote, lock: bundle.lock });
          if (item.kind === 'quote') {
            if (cid !== quote.cid) throw new NunetError('evidence-foreign', `Cannot accept quote ${cid}: the lock is for ${quote.cid}`);
            answer.receipts.push((await receiptOf(bundle.lock, cid, row.firstSeenAt)).envelope);
            continue;
          }
          const fresh = await receiptOf(bundle.lock, cid, now);
          const kept = await keep(
            { lock: name, cid, kind: item.kind, envelope: item.envelope, arrivedAt: now, receivedAt: now, receipt: fresh.envelope },
            body,
            quote,
            true,
          );
          if (kept === 'full') {
            throw new NunetError(
              'evidence-full',
              `Cannot keep ${item.kind} ${cid}: ${MAX_PIECES_A_KIND} others of its author are held already`,
            );
          }
          const first = kept === 'known' ? (await store.evidenceOf(name)).find((piece) => piece.cid === cid) : undefined;
          answer.receipts.push(first === undefined ? fresh.envelope : (await receiptOf(bundle.lock, cid, first.arrivedAt)).envelope);
        } catch (error) {
          if (!(error instanceof NunetError)) throw error;
          answer.refused.push({ kind: item.kind, ...safeError(error) });
        }
      }
      return answer;
    },

    async merge(message, from, signal) {
      const name = referenceText(message.lock);
      const { row, quote } = await caseOf(message.lock, message.quote, signal);
      const keys = quote.body.oracleKeys;
      if (!keys.includes(from))
        throw new NunetError('oracle-foreign', `Cannot exchange over ${name}: ${from} is not an oracle of its quote`);
      const now = await on.chainTime(signal);
      if (message.spec !== null) await keepSpec(row, quote.body, message.spec, false);
      // Under the name of the oracle that says so: its word must not stand for a party's own.
      await keepSources(
        row,
        quote.body,
        from,
        message.sources.flatMap(({ addresses }) => addresses),
        false,
      );
      const held = await store.evidenceOf(name);
      const isHeld = (item: Exchange['items'][number]): boolean =>
        held.some((piece) => isSame(piece.envelope, item.envelope) && isSame(piece.receipt, item.receipt));
      // One bad piece must not hide the good ones behind it.
      for (const item of inOrder(message.items)) {
        if (isHeld(item)) continue;
        try {
          const piece = openEvidence(item.kind, item.envelope, { quote, lock: message.lock });
          const told = openStatement('receipt', receipt, item.receipt, {
            network: network(),
            maxBytes: MAX_RECEIPT_BYTES,
            keyOf: (body) => body.oracleKey,
          }).body;
          if (!keys.includes(told.oracleKey) || told.evidenceCid !== piece.cid || referenceText(told.lock) !== name) {
            throw new NunetError(
              'evidence-foreign',
              `Cannot accept ${item.kind} ${piece.cid}: its receipt is for another piece or of a stranger`,
            );
          }
          const receivedAt = firstTime(item.kind, told.receivedAt, now, quote.body);
          await keep(
            { lock: name, cid: piece.cid, kind: item.kind, envelope: item.envelope, arrivedAt: now, receivedAt, receipt: item.receipt },
            piece.body,
            quote,
            false,
          );
        } catch (error) {
          if (!(error instanceof NunetError)) throw error;
          ports.log(`${name}: a piece of oracle ${from.slice(0, 8)} was refused: ${error.message}`);
        }
      }
      if (message.agreement !== undefined && (await store.agreementOf(name)) === null) {
        await keepAgreement(row, message.agreement, false, signal).catch((error: unknown) => {
          if (!(error instanceof NunetError)) throw error;
          ports.log(`${name}: an agreement told by oracle ${from.slice(0, 8)} was refused: ${error.message}`);
        });
      }
      const signatures = new Set((await store.attestationsOf(name)).map(({ signature }) => signature));
      for (const a of message.attestations) {
        if (signatures.has(a.signature)) continue;
        if (!keys.includes(a.oracleKey) || referenceText(a.lock) !== name || !attestationIsSigned(a)) continue;
        const { oracleKey, verdict, rule, paidBaseUnits: paid, signature } = a;
        const told = { lock: name, oracleKey, verdict, rule, paid, signature };
        if (oracleKey === signer.publicKey) {
          await adoptOwn(ports, told, now).catch((error: unknown) => ports.log(safeError(error).message));
          continue;
        }
        const added = await store.addAttestation(told);
        if (added) {
          await store.addEvent({
            at: ports.now(),
            kind: 'attestation',
            lock: name,
            detail: `oracle ${a.oracleKey.slice(0, 8)}: ${a.verdict} ${formatAmount(a.paidBaseUnits)} NTX (${a.rule})`,
          });
          on.changed(name, false);
        }
      }
    },

    async agree(lock, agreement, quoteEnvelope, signal) {
      await keepAgreement((await caseOf(lock, quoteEnvelope, signal)).row, agreement, true, signal);
    },

    async holdings(lock) {
      const row = await store.findCase(referenceText(lock));
      if (row === null) return null;
      const parties = openQuote(row.quote, network()).body;
      const held = await store.evidenceOf(row.lock);
      const attestations = await store.attestationsOf(row.lock);
      const agreed = await store.agreementOf(row.lock);
      return {
        v: 1,
        lock,
        quote: row.quote,
        items: held.map(({ kind, envelope, receipt: told }) => ({ kind: kind as PieceKind, envelope, receipt: told })),
        spec: row.spec,
        // What the parties told this oracle itself; every other oracle passes on its own.
        sources: [parties.computeProvider.peerId, parties.serviceProvider.peerId]
          .map((peer) => ({ peer, addresses: ownOf(JSON.parse(row.sources) as Sources, peer) }))
          .filter(({ addresses }) => addresses.length > 0),
        attestations: attestations.map((a) => attestationOfRow(a, network())),
        ...(agreed === null ? {} : { agreement: agreementOfRow(agreed) }),
      };
    },
  };
}

/** What is said of a manifest comes after it. */
const inOrder = <T extends { kind: EvidenceKind }>(items: readonly T[]): T[] =>
  items.toSorted((a, b) => EVIDENCE_KINDS.indexOf(a.kind) - EVIDENCE_KINDS.indexOf(b.kind));

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

/**
 * When a piece was first in an oracle's hands. Another oracle's receipt is believed while the union can still be the
 * same everywhere, two graces after the deadline that the piece is held against; later, only the own clock counts, so
 * that nobody can send a piece into the past.
 */
function firstTime(kind: PieceKind, told: number, now: number, quote: Quote): number {
  const deadline = kind === 'manifest' ? quote.finishBy : kind === 'sealed-key' ? keyBy(quote) : quote.disputeBy;
  return now > deadline + 2 * graceOf(quote) ? now : Math.min(told, now);
}
