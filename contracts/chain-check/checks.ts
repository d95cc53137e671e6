// Whether a chain source will do for this build: parameters, tip, reference script, balance and a lock that is built and never sent.
import { formatAmount } from '@nunet/shared/amount.ts';
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import { referenceText, type AssetId, type Network, type OutputReference } from '@nunet/shared/fields.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { ProtocolParameters, Source, Utxo } from '../chain/chain.ts';
import { balanceOf } from '../holdings.ts';
import { settleLovelaceFor } from '../lock-output.ts';
import { buildLock } from '../lock.ts';
import { readParkedScript } from '../parked-script.ts';
import { ESCROW, PARKING_ADDRESS } from '../script.ts';
import { failed, ok, skipped, type CheckLine } from './check-line.ts';

/** A public network makes a block every 20 seconds on average; in 10 minutes it made none once in 10^13 times. */
const OLD_TIP_MS = 10 * 60_000;
/** A tip further ahead than this is a clock that is behind. */
const CLOCK_AHEAD_MS = 60_000;
/** The PlutusV3 cost model had 297 entries with protocol 10, and only grew since. */
const V3_ENTRIES = 297;
/** What the dry run locks, 1 NTX or all that is there. */
const DRY_RUN_BASE_UNITS = 1_000_000n;
const DAY_MS = 86_400_000;

export interface CheckRequest {
  network: Network;
  /** Asked for first; its failure is the first line, and the last. */
  open: (signal: AbortSignal) => Promise<Source>;
  /** Trusted already; null: the escrow's script is looked for where it is parked. */
  record: NetworkRecord | null;
  asset: AssetId;
  address: string | null;
  /** POSIX ms. */
  now: () => number;
  /** For one check. */
  limitMs: number;
}

const ONLINE = 'check that this machine is online, try again in a minute, or take another source with --source and --url';
const ACCOUNT = 'a source that wants an account gets its project id or token from NUNET_CHAIN_PROJECT_ID';

/** What to do about an error, by its code. */
function adviceFor(error: unknown, fallback: string): string {
  const { code } = safeError(error);
  if (code === 'chain-wrong-network') return 'give the --url of a source of this network, or another --network';
  if (code === 'chain-unavailable' || code === 'aborted') return `${ONLINE}; ${ACCOUNT}`;
  return fallback;
}

/** One line for each thing, in the order in which a job needs them. Throws only the signal's reason. */
export async function checkChain(request: CheckRequest, signal: AbortSignal): Promise<CheckLine[]> {
  const { network, now, record, address, asset } = request;
  const lines: CheckLine[] = [];
  /** Adds one line and gives what the check found; null when it failed. */
  const check = async <Found>(
    what: string,
    fallback: string,
    run: (within: AbortSignal) => Promise<{ line: CheckLine; found: Found }>,
  ): Promise<Found | null> => {
    const limit = AbortSignal.timeout(request.limitMs);
    try {
      const { line, found } = await run(AbortSignal.any([signal, limit]));
      lines.push(line);
      return line.state === 'failed' ? null : found;
    } catch (error) {
      signal.throwIfAborted();
      const said = limit.aborted ? `no answer within ${request.limitMs / 1000} s` : safeError(error).message;
      lines.push(failed(what, said, adviceFor(error, fallback)));
      return null;
    }
  };

  const source = await check('source', ONLINE, async (within) => {
    const began = now();
    const found = await request.open(within);
    return { found, line: ok('source', `answers for ${network} in ${now() - began} ms`) };
  });
  if (source === null)
    return [
      ...lines,
      ...['parameters', 'tip', 'script reference', 'balance', 'dry run'].map((what) => skipped(what, 'the source does not answer', null)),
    ];

  const parameters = await check('parameters', ONLINE, async (within) => {
    const found = await source.parameters(within);
    const { plutusV1, plutusV2, plutusV3 } = found.costModels;
    const said = `epoch ${found.epoch}, ${found.minFeeA} lovelace a byte, cost models V1 ${plutusV1.length}, V2 ${plutusV2.length}, V3 ${plutusV3.length}`;
    const stale = plutusV3.length < V3_ENTRIES;
    return {
      found,
      line: stale
        ? failed('parameters', said, `the V3 model lacks entries, scripts would be refused: take another source`)
        : ok('parameters', said),
    };
  });

  await check('tip', ONLINE, async (within) => {
    const tip = await source.tip(within);
    const ageMs = now() - tip.timeMs;
    const said = `block ${tip.height}, slot ${tip.slot}, ${Math.round(Math.abs(ageMs) / 1000)} s ${ageMs < 0 ? 'ahead' : 'old'}`;
    if (ageMs < -CLOCK_AHEAD_MS)
      return { found: tip, line: failed('tip', said, "this machine's clock is behind: set it, for example with ntpd") };
    if (ageMs > OLD_TIP_MS)
      return {
        found: tip,
        line: failed(
          'tip',
          said,
          "the source lags behind the chain, or this machine's clock is ahead: check the clock, else take another source",
        ),
      };
    return { found: tip, line: ok('tip', said) };
  });

  await check('script reference', 'take the newest network record, or another source', async (within) => ({
    found: null,
    line: await scriptLine(source, record, within),
  }));

  if (address === null) {
    for (const what of ['balance', 'dry run'])
      lines.push(skipped(what, 'no address was given', 'give --address addr_test1... of your wallet; nothing is signed'));
    return lines;
  }
  const utxos = await check('balance', ONLINE, async (within) => {
    const found = await source.utxos(address, { signal: within });
    const { lovelace, baseUnits } = balanceOf(found, asset);
    const said = `${formatAmount(lovelace)} ADA and ${formatAmount(baseUnits)} NTX in ${found.length} outputs`;
    return { found, line: lovelace === 0n ? failed('balance', said, `send test ADA of ${network} to ${address}`) : ok('balance', said) };
  });
  if (utxos === null || parameters === null) {
    lines.push(skipped('dry run', `needs ${utxos === null ? 'a balance' : 'the parameters'}`, null));
    return lines;
  }
  await check('dry run', 'see the message; nothing was sent', async (within) => ({
    found: null,
    line: await dryRunLine({ source, parameters, utxos, address, asset, timeMs: (await source.tip(within)).timeMs }, within),
  }));
  return lines;
}

/** The escrow's script lies on chain, and its bytes hash to this build's escrow. */
async function scriptLine(source: Source, record: NetworkRecord | null, signal: AbortSignal): Promise<CheckLine> {
  const what = 'script reference';
  const [newest] = record?.escrows ?? [];
  if (newest !== undefined && newest.scriptHash !== ESCROW.hash)
    return failed(
      what,
      `the network record's escrow is ${newest.scriptHash}, this build has ${ESCROW.hash}`,
      'update this program, or take the newest network record',
    );
  const reference = newest?.referenceScript ?? (await parkedAt(source, signal));
  if (reference === null)
    return failed(
      what,
      `${PARKING_ADDRESS} holds no script ${ESCROW.hash}`,
      'an operator has to park the escrow of this build on this network first',
    );
  const { script } = await readParkedScript(source, { scriptHash: ESCROW.hash, referenceScript: reference }, signal);
  return ok(what, `${referenceText(reference)} holds ${script.hash}, ${script.code.length / 2} bytes`);
}

/** Where somebody parked this build's escrow, by what the source says; its bytes are looked at afterwards. */
async function parkedAt(source: Source, signal: AbortSignal): Promise<OutputReference | null> {
  const parked = await source.utxos(PARKING_ADDRESS, { signal });
  return parked.find(({ referenceScriptHash }) => referenceScriptHash === ESCROW.hash)?.reference ?? null;
}

interface DryRun {
  source: Source;
  parameters: ProtocolParameters;
  utxos: Utxo[];
  address: string;
  asset: AssetId;
  timeMs: number;
}

/** Builds a lock of the wallet to itself and has the source evaluate it. Unsigned, so that nobody can send it. */
async function dryRunLine({ source, parameters, utxos, address, asset, timeMs }: DryRun, signal: AbortSignal): Promise<CheckLine> {
  const what = 'dry run';
  const { baseUnits } = balanceOf(utxos, asset);
  if (baseUnits === 0n)
    return failed(what, `the wallet holds no NTX to lock`, `send test NTX (${asset.policyId}.${asset.assetName}) to ${address}`);
  const amountBaseUnits = baseUnits < DRY_RUN_BASE_UNITS ? baseUnits : DRY_RUN_BASE_UNITS;
  const key = '11'.repeat(32);
  try {
    const built = await buildLock(
      {
        datum: {
          serviceProvider: address,
          computeProvider: address,
          voucherKey: key,
          closeKey: key,
          oracleKeys: [key],
          k: 1,
          asset,
          reclaimAfter: timeMs + DAY_MS,
          settleLovelace: settleLovelaceFor(address, asset, amountBaseUnits, parameters),
          quoteHash: key,
        },
        amountBaseUnits,
        payer: { utxos, changeAddress: address },
        parameters,
        slotConfig: source.slotConfig,
        expiresAt: timeMs + DAY_MS,
      },
      timeMs,
      signal,
    );
    const budgets = await source.evaluate(built.cbor, signal);
    const bytes = built.cbor.length / 2;
    return ok(
      what,
      `a lock of ${formatAmount(amountBaseUnits)} NTX builds: ${bytes} bytes, fee ${formatAmount(built.fee)} ADA; evaluated, ${budgets.length} scripts; not sent`,
    );
  } catch (error) {
    if (!(error instanceof NunetError) || error.code !== 'funds-insufficient') throw error;
    return failed(what, error.message, `send more test ADA to ${address}`);
  }
}
