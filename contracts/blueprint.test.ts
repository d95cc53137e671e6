// The committed blueprints belong to the committed sources, and the codecs to the blueprints.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CONTRACTS, sourcesHash } from './blueprint-sources.ts';
import { BLUEPRINTS, compile } from './build-blueprint.ts';
import { datumData } from './datum.ts';
import { decodePlutusData, type PlutusData } from './plutus-data.ts';
import checkCosts from './costs/check-costs.json' with { type: 'json' };
import blueprint from './plutus.json' with { type: 'json' };
import traced from './plutus.traced.json' with { type: 'json' };
import { AGREE, batchRedeemer, RECLAIM_REDEEMER, SETTLE } from './redeemer.ts';
import { ESCROW, scriptFrom } from './script.ts';
import { exampleDatum } from './vectors/example.ts';

/** CIP-57, as far as our types need it. */
interface Schema {
  $ref?: string;
  title?: string;
  dataType?: string;
  index?: number;
  fields?: Schema[];
  anyOf?: Schema[];
  items?: Schema | Schema[];
}

const definitions = blueprint.definitions as Record<string, Schema>;

function schemaAt(name: string): Schema {
  const found = definitions[name.replace('#/definitions/', '').replaceAll('~1', '/')];
  if (found === undefined) throw new Error(`the blueprint has no ${name}`);
  return found;
}

/** Path of the first place where data and schema differ, or null. */
function mismatch(data: PlutusData, schema: Schema, path: string): string | null {
  const { $ref, anyOf, dataType, items, fields = [] } = schema;
  if ($ref !== undefined) return mismatch(data, schemaAt($ref), path);
  if (anyOf !== undefined) {
    const index = typeof data === 'object' && !Array.isArray(data) ? data.index : undefined;
    const chosen = anyOf.find((option) => option.index === index);
    return chosen === undefined ? `${path}: no constructor ${index}` : mismatch(data, chosen, path);
  }
  if (dataType === 'integer') return typeof data === 'bigint' ? null : `${path}: no integer`;
  if (dataType === 'bytes') return typeof data === 'string' ? null : `${path}: no bytes`;
  const parts = dataType === 'list' ? data : typeof data === 'object' && !Array.isArray(data) ? data.fields : undefined;
  if (!Array.isArray(parts)) return `${path}: no ${dataType}`;
  const schemas = dataType === 'constructor' ? fields : Array.isArray(items) ? items : parts.map(() => items ?? {});
  if (schemas.length !== parts.length) return `${path}: ${parts.length} fields, want ${schemas.length}`;
  for (const [index, part] of parts.entries()) {
    const found = mismatch(part, schemas[index] ?? {}, `${path}.${schemas[index]?.title ?? index}`);
    if (found !== null) return found;
  }
  return null;
}

const parking = blueprint.validators.find(({ title }) => title === 'parking.parking.spend');
const datumSchema: Schema = { $ref: parking?.datum?.schema.$ref ?? '' };
const redeemerSchema: Schema = { $ref: parking?.redeemer.schema.$ref ?? '' };

describe('blueprint', () => {
  test('belongs to the committed sources (node contracts/build-blueprint.ts rebuilds it)', () => {
    const { sha256 } = JSON.parse(readFileSync(join(CONTRACTS, 'blueprint-source.json'), 'utf8')) as { sha256: string };
    expect(sha256).toBe(sourcesHash());
  });

  test('has its costs of checks measured on these sources (node contracts/costs/check-costs.ts measures again)', () => {
    expect(checkCosts.sourcesSha256).toBe(sourcesHash());
  });

  test('differs from its traced double in the code alone', () => {
    const withoutCode = ({ validators, ...rest }: typeof blueprint | typeof traced) => ({
      ...rest,
      validators: validators.map(({ compiledCode: _, hash: __, ...validator }) => validator),
    });
    expect(withoutCode(traced)).toEqual(withoutCode(blueprint));
    expect(scriptFrom(traced, 'escrow.escrow.else').hash).not.toBe(ESCROW.hash);
  });

  test('code hashes to the hash beside it', () => {
    const [first] = blueprint.validators;
    const broken = { validators: [{ ...first!, hash: '00'.repeat(28) }] };
    expect(() => scriptFrom(broken, first!.title)).toThrow('does not hash to');
    expect(() => scriptFrom(blueprint, 'escrow.escrow.mint')).toThrow('has no validator');
  });

  const aiken = (() => {
    try {
      return execFileSync('aiken', ['--version'], { encoding: 'utf8' });
    } catch {
      return null;
    }
  })();
  // Nothing but contract work needs the compiler; the hash of the sources is compared everywhere.
  test.each(aiken === null ? [] : [...BLUEPRINTS])('is what aiken makes of the sources: $file', ({ file, traces }) => {
    const codes = (text: string): unknown => {
      const { validators, definitions: types } = JSON.parse(text) as typeof blueprint;
      return { validators, types };
    };
    expect(codes(compile(traces))).toEqual(codes(readFileSync(join(CONTRACTS, file), 'utf8')));
  });
});

describe('codecs', () => {
  test('datum has the shape that the blueprint states', () => {
    expect(mismatch(datumData(exampleDatum), datumSchema, 'datum')).toBeNull();
    const staked = datumData(exampleDatum) as { fields: PlutusData[] };
    expect(mismatch({ index: 0, fields: staked.fields.toReversed() }, datumSchema, 'datum')).not.toBeNull();
  });

  test('datum fields have the names and the order that the blueprint states', () => {
    const camel = (snake: string): string => snake.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    const titles = schemaAt(datumSchema.$ref ?? '').anyOf?.[0]?.fields?.map(({ title = '' }) => camel(title));
    expect(titles).toEqual(Object.keys(exampleDatum));
  });

  test('redeemers have the shape that the blueprint states', () => {
    const outputs = { computeProviderOutput: 1, serviceProviderOutput: 0 };
    const signature = '11'.repeat(64);
    const entries = [
      { kind: 'attested' as const, paid: 5n, signatures: [{ keyIndex: 0, signature }], ...outputs },
      { kind: 'agreed' as const, paid: 5n, voucherSignature: signature, closeSignature: signature, secret: null, ...outputs },
      { kind: 'reclaimed' as const },
    ];
    for (const redeemer of [batchRedeemer(SETTLE, entries), batchRedeemer(AGREE, entries), batchRedeemer(AGREE, []), RECLAIM_REDEEMER]) {
      expect(mismatch(decodePlutusData(redeemer), redeemerSchema, 'redeemer')).toBeNull();
    }
    const names = schemaAt(redeemerSchema.$ref ?? '').anyOf?.map(({ title, index }) => `${index} ${title}`);
    expect(names).toEqual(['0 Settle', '1 Agree', '2 Reclaim']);
  });
});
