// Parks the escrow's script at the always-fails address, once: journaled before it is submitted, and waited for until it lies deep enough.
import type { Source } from '@nunet/contracts/chain/chain.ts';
import { buildDeploy, findParked } from '@nunet/contracts/deploy.ts';
import { readParkedScript } from '@nunet/contracts/parked-script.ts';
import { ESCROW, type PlutusScript } from '@nunet/contracts/script.ts';
import { transactionId } from '@nunet/contracts/sign.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';

/** Who pays for it: the ADA under the script is gone for good. */
export interface Payer {
  readonly address: string;
  sign(transactionCbor: string): string;
}

/** The signed transaction, kept from before it is submitted until its result is written down. */
export interface DeployJournal {
  read(): Promise<string | null>;
  write(cbor: string): Promise<void>;
}

export interface Parked {
  scriptHash: string;
  referenceScript: OutputReference;
  /** 0: it was parked before. */
  feeLovelace: bigint;
}

/** Looks at the chain without a trace of the transaction before it is sent again: a mempool takes that long to show it. */
const LOOKS_BEFORE_RESUBMIT = 30;
/** Refusals before the transaction is given up: it may lie in a mempool that the source does not show. */
const REFUSALS = 3;

/** Idempotent: a script that lies there, or a transaction in the journal, is gone on with. Throws `deploy-lost` and what the chain throws. */
export async function parkScript(
  parts: {
    chain: Source;
    payer: Payer;
    journal: DeployJournal;
    /** Blocks on top before it counts. */
    depth: number;
    pause: () => Promise<void>;
    say: (line: string) => void;
    script?: PlutusScript;
  },
  signal?: AbortSignal,
): Promise<Parked> {
  const { chain, payer, journal, depth, pause, say, script = ESCROW } = parts;
  const journaled = await journal.read();
  const before = journaled === null ? await findParked(chain, script.hash, signal) : null;
  if (before !== null) {
    say(`script ${script.hash} lies parked already`);
    return await deepEnough(before.reference, 0n, null);
  }
  if (journaled !== null) return await deepEnough({ txId: transactionId(journaled), index: 0 }, 0n, journaled);
  const utxos = await chain.utxos(payer.address, signal === undefined ? {} : { signal });
  const built = await buildDeploy(
    { payer: { utxos, changeAddress: payer.address }, parameters: await chain.parameters(signal), script },
    signal,
  );
  const cbor = payer.sign(built.cbor);
  await journal.write(cbor);
  return await deepEnough(built.reference, built.fee, cbor);

  async function deepEnough(referenceScript: OutputReference, feeLovelace: bigint, cbor: string | null): Promise<Parked> {
    let traceless = LOOKS_BEFORE_RESUBMIT;
    let said = -1;
    let refusals = 0;
    for (;;) {
      signal?.throwIfAborted();
      const status = await chain.transaction(referenceScript.txId, signal);
      if (status.state === 'confirmed') {
        if (status.confirmations >= depth) break;
        if (status.confirmations !== said) say(`transaction ${referenceScript.txId}: ${status.confirmations} of ${depth} blocks on top`);
        said = status.confirmations;
      }
      traceless = status.state === 'unknown' ? traceless + 1 : 0;
      // Right after the start, and whenever a rollback dropped it.
      if (cbor !== null && traceless > LOOKS_BEFORE_RESUBMIT) {
        traceless = 0;
        refusals = (await submit(cbor, referenceScript.txId, refusals)) ? 0 : refusals + 1;
      }
      await pause();
    }
    const parked = { scriptHash: script.hash, referenceScript };
    await readParkedScript(chain, parked, signal);
    return { ...parked, feeLovelace };
  }

  /** False: refused, and not seen. */
  async function submit(cbor: string, txId: string, refusals: number): Promise<boolean> {
    try {
      await chain.submit(cbor, signal);
      say(`submitted transaction ${txId}`);
      return true;
    } catch (cause) {
      if (!(cause instanceof NunetError) || cause.code !== 'chain-rejected') throw cause;
      if ((await chain.transaction(txId, signal)).state !== 'unknown') return true;
      if (refusals + 1 < REFUSALS) return false;
      throw new NunetError(
        'deploy-lost',
        `Cannot park the script: the ledger refuses the journaled transaction ${txId}. If the wallet spent its inputs elsewhere, remove the journal and run the command again. ${cause.message}`,
        { cause },
      );
    }
  }
}
