// What each check of the validator costs a 2-of-3 settlement: the validator is built without it and settles the same lock.
// `node contracts/costs/check-costs.ts` needs `aiken` on the PATH and writes check-costs.json, which `npm run bench` prints.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { balance } from '../balance.ts';
import { CONTRACTS, sourcesHash } from '../blueprint-sources.ts';
import { compile } from '../build-blueprint.ts';
import { addressOf } from '../address.ts';
import type { Utxo } from '../chain/chain.ts';
import { lockLovelace, lockOutput } from '../lock-output.ts';
import { AMOUNT, startRehearsal, type Rehearsal } from '../rehearsal.ts';
import { PARKING_ADDRESS, scriptFrom, type PlutusScript } from '../script.ts';
import { buildSettle } from '../settle.ts';
import { transactionId } from '../sign.ts';
import { leastLovelace, type Output } from '../value.ts';

export interface CheckCost {
  check: string;
  scriptBytes: number;
  memory: number;
  steps: number;
  /** All three, at the devnet's prices. */
  lovelace: number;
}

/** A named condition that is demanded. The last word of a rule is its result: it cannot be left out, nor what leads to it. */
const CHECK = /^ *expect (\w+)\?$/gm;

/** The checks that a source file names. */
export const checksIn = (source: string): string[] => [...source.matchAll(CHECK)].map(([, name]) => name ?? '');

/** The source without one check; its condition is then dead code, which the compiler drops. */
export const without = (source: string, check: string): string =>
  source.replaceAll(CHECK, (line: string, name: string) => (name === check ? '' : line));

const PAID = 3_000_000n;

async function settleWith(script: PlutusScript, on: Rehearsal): Promise<{ memory: bigint; steps: bigint; fee: bigint }> {
  const { operator, cast, parameters } = on;
  const make = async (outputs: Output[]): Promise<Utxo[]> => {
    const payer = await on.payer(cast.serviceProvider);
    const built = await balance({ action: 'set the scene', inputs: [], outputs: () => outputs, payer, parameters });
    await on.send(built, [cast.serviceProvider.secret]);
    return outputs.map(({ referenceScript: _, ...output }, index) => ({
      reference: { txId: transactionId(built.cbor), index },
      ...output,
    }));
  };
  const datum = on.datum();
  const parking: Output = { address: PARKING_ADDRESS, lovelace: 0n, assets: [], referenceScript: script.code };
  const [scriptAt, utxo] = await make([
    { ...parking, lovelace: leastLovelace(parking, parameters.coinsPerUtxoByte) },
    {
      ...lockOutput(datum, AMOUNT, lockLovelace(datum, AMOUNT, parameters)),
      address: addressOf({ payment: { kind: 'script', hash: script.hash } }),
    },
  ]);
  if (scriptAt === undefined || utxo === undefined) throw new TypeError('both were made');
  const built = await buildSettle({
    locks: [{ by: 'oracles', utxo, paid: PAID, signatures: on.attest(utxo, PAID) }],
    payer: await on.payer(operator),
    parameters,
    run: { ...(await on.run(operator)), script, scriptAt },
  });
  await on.send(built, [operator.secret]);
  return { ...built.units, fee: built.fee };
}

if (import.meta.main) {
  const escrowOf = (text: string): PlutusScript => scriptFrom(JSON.parse(text) as Parameters<typeof scriptFrom>[0], 'escrow.escrow.else');
  const on = await startRehearsal();
  try {
    const whole = escrowOf(compile('silent'));
    const base = await settleWith(whole, on);
    const costs: CheckCost[] = [];
    const files = ['lib/escrow/settle.ak', 'lib/escrow/value.ak'];
    const names = new Set<string>();
    compile('silent', (path, source) => {
      if (files.includes(path)) for (const name of checksIn(source)) names.add(name);
      return source;
    });
    for (const check of names) {
      const script = escrowOf(compile('silent', (_, source) => without(source, check)));
      const less = await settleWith(script, on);
      costs.push({
        check,
        scriptBytes: (whole.code.length - script.code.length) / 2,
        memory: Number(base.memory - less.memory),
        steps: Number(base.steps - less.steps),
        lovelace: Number(base.fee - less.fee),
      });
    }
    const page = { sourcesSha256: sourcesHash(), settlement: '2 of 3 signatures, part paid', checks: costs };
    writeFileSync(join(CONTRACTS, 'costs/check-costs.json'), `${JSON.stringify(page, null, 2)}\n`);
  } finally {
    await on.stop();
  }
}
