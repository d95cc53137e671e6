import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SAMPLE_TIME_MS, samplePeerId } from '@nunet/shared/samples.ts';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { payoutAtStart, payoutPathOf, readPayouts, takePayout } from './payout-file.ts';
import { testWallet } from './payout-fixtures.ts';
import { nextPayout } from './payout-proof.ts';

const home = testWallet(1);
const next = testWallet(2);
const now = SAMPLE_TIME_MS;
const of = { network: 'preprod', agent: samplePeerId('agent') } as const;
const lifetime = { now, lifetimeMs: 86_400_000 };
const first = nextPayout({ ...of, before: null }, home.address, lifetime);
const second = nextPayout({ ...of, before: first.statement }, next.address, lifetime);
const code = (expected: string) => expect.objectContaining({ code: expected }) as Error;

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'payout-'));
  path = payoutPathOf(folder);
});
afterEach(() => rm(folder, { recursive: true }));

describe('the statements of an agent', () => {
  it('are kept from the first on, readable by their owner alone', async () => {
    expect(await readPayouts(path, of)).toEqual({ proofs: [], last: null });
    await takePayout(path, [home.sign(first.text)], { ...of, address: home.address, now });
    await takePayout(path, [next.sign(second.text), home.sign(second.text)], { ...of, address: next.address, now });
    const kept = await readPayouts(path, of);
    expect(kept.last).toEqual(second.statement);
    expect(kept.proofs).toHaveLength(2);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('are not changed by one that is refused', async () => {
    await takePayout(path, [home.sign(first.text)], { ...of, address: home.address, now });
    const before = await readFile(path, 'utf8');
    await expect(takePayout(path, [home.sign(first.text)], { ...of, address: home.address, now })).rejects.toThrow(code('payout-sequence'));
    await expect(takePayout(path, [next.sign(second.text)], { ...of, address: next.address, now })).rejects.toThrow(
      code('payout-proof-missing'),
    );
    const late = { ...of, address: next.address, now: second.statement.expiresAt };
    await expect(takePayout(path, [next.sign(second.text), home.sign(second.text)], late)).rejects.toThrow(code('payout-expired'));
    expect(await readFile(path, 'utf8')).toBe(before);
  });

  test('cannot begin with another address than the owner named, whoever signed it', async () => {
    const theirs = nextPayout({ ...of, before: null }, next.address, lifetime);
    await expect(takePayout(path, [next.sign(theirs.text)], { ...of, address: home.address, now })).rejects.toThrow(
      code('payout-other-address'),
    );
    expect((await readPayouts(path, of)).last).toBeNull();
  });

  test('cannot be those of another agent, or have one taken out', async () => {
    await takePayout(path, [home.sign(first.text)], { ...of, address: home.address, now });
    await takePayout(path, [next.sign(second.text), home.sign(second.text)], { ...of, address: next.address, now });
    await expect(readPayouts(path, { ...of, agent: samplePeerId('copy') })).rejects.toThrow(code('payout-other-agent'));
    await expect(readPayouts(path, { ...of, network: 'preview' })).rejects.toThrow(code('payout-other-network'));
    const file = JSON.parse(await readFile(path, 'utf8')) as { statements: unknown[] };
    await writeFile(path, JSON.stringify({ ...file, statements: file.statements.slice(1) }));
    await expect(readPayouts(path, of)).rejects.toThrow(code('payout-sequence'));
  });

  test.each([
    ['payout-file-invalid', 'nonsense'],
    ['payout-file-newer', '{"version":2}'],
    ['payout-file-invalid', '{"version":1,"statements":[[]]}'],
    ['payout-file-invalid', '{"version":1,"statements":[],"more":1}'],
  ])('cannot be read from a file that is none: %s %s', async (wanted, text) => {
    await writeFile(path, text, { mode: 0o600 });
    await expect(readPayouts(path, of)).rejects.toThrow(code(wanted));
  });

  test('cannot be read from a file that others may change', async () => {
    await takePayout(path, [home.sign(first.text)], { ...of, address: home.address, now });
    await chmod(path, 0o622);
    await expect(readPayouts(path, of)).rejects.toThrow(code('payout-file-open'));
  });
});

describe('a start', () => {
  const { statement } = first;
  const at = { address: home.address, network: 'preprod' as const, now, allowUnproven: false };

  it('goes on with the address that the wallet signed, and says when that ends soon', () => {
    expect(payoutAtStart({ ...statement, expiresAt: now + 40 * 86_400_000 }, at)).toBeNull();
    expect(payoutAtStart(statement, at)).toMatch(/valid until .* payout renew/);
  });

  test('cannot work for an address that no wallet signed, but on the devnet or when told so', () => {
    expect(() => payoutAtStart(null, at)).toThrow(code('payout-unproven'));
    expect(payoutAtStart(null, { ...at, allowUnproven: true })).toMatch(/No wallet has signed/);
    expect(payoutAtStart(null, { ...at, network: 'devnet' })).toMatch(/payout prove/);
  });

  test('cannot work for another address than the proven one, on no network and with no flag', () => {
    for (const network of ['preprod', 'devnet'] as const)
      expect(() => payoutAtStart(statement, { ...at, network, address: next.address, allowUnproven: true })).toThrow(
        code('payout-address-differs'),
      );
  });

  test('cannot go on with an expired one', () => {
    expect(() => payoutAtStart(statement, { ...at, now: statement.expiresAt, allowUnproven: true })).toThrow(code('payout-expired'));
  });
});
