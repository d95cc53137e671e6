// Grants over the runner's own database.
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase, type RunnerDatabase } from '../runner/database.ts';
import { openGrants, type GrantFor, type Grants } from './grants.ts';

const DAY_MS = 86_400_000;
const to: GrantFor = { origin: 'https://app.example', account: 0, payment: 'ab'.repeat(32), network: 'preprod' };
let names = 0;
let database: RunnerDatabase;
let now: number;
let grants: Grants;
const again = (): Promise<Grants> => openGrants(database, () => now);
beforeEach(async () => {
  database = await openDatabase(`grants-${(names += 1)}`);
  now = 1_800_000_000_000;
  grants = await again();
});
afterEach(() => database.close());

describe('a grant', () => {
  test('holds for its origin, account, network and wallet, and for no other', async () => {
    await grants.give(to, [142, 95, 95], 30);
    expect(grants.find(to)?.extensions).toEqual([95, 142]);
    for (const change of [
      { origin: 'https://app.example:8443' },
      { origin: 'http://app.example' },
      { account: 1 },
      { network: 'preview' },
      { payment: 'cd'.repeat(32) },
    ])
      expect(grants.find({ ...to, ...change })).toBeNull();
  });
  test('outlives a restart of the browser, and ends after its days', async () => {
    await grants.give(to, [], 7);
    grants = await again();
    expect(grants.find(to)).toMatchObject({ grantedAtMs: now, expiresAtMs: now + 7 * DAY_MS });
    now += 7 * DAY_MS;
    expect(grants.find(to)).toBeNull();
    expect(grants.all(new Map([[0, to.payment]]))).toEqual([]);
  });
  test('cannot be made longer by a clock that is set back', async () => {
    await grants.give(to, [], 30);
    now -= 60 * DAY_MS;
    expect(grants.find(to)).toBeNull();
  });
  test('that is ended is gone on every network, in the store too', async () => {
    await grants.give(to, [], 30);
    await grants.give({ ...to, network: 'preview' }, [], 30);
    await grants.give({ ...to, account: 1 }, [], 30);
    await grants.revoke(to.origin, 0);
    for (const kept of [grants, await again()]) {
      expect(kept.find(to)).toBeNull();
      expect(kept.find({ ...to, network: 'preview' })).toBeNull();
      expect(kept.find({ ...to, account: 1 })).not.toBeNull();
    }
  });
  test('that was written wrong or half counts as none, and nothing else is lost', async () => {
    await grants.give(to, [], 30);
    await database.put('grants', { expiresAtMs: now + DAY_MS }, ['https://half.example', 0, 'preprod']);
    await database.put('grants', 'rubbish', ['https://rubbish.example', 0, 'preprod']);
    grants = await again();
    expect(grants.find(to)).not.toBeNull();
    expect(grants.find({ ...to, origin: 'https://half.example' })).toBeNull();
    expect(grants.all(new Map([[0, to.payment]]))).toHaveLength(1);
  });
  test('of a removed wallet is gone', async () => {
    await grants.give(to, [], 30);
    await grants.clear();
    expect((await again()).find(to)).toBeNull();
  });
  test('cannot pile up: beyond five hundred the oldest go', async () => {
    for (let at = 0; at < 503; at++) {
      now += 1;
      await grants.give({ ...to, origin: `https://${at}.example` }, [], 30);
    }
    expect(grants.all(new Map([[0, to.payment]]))).toHaveLength(500);
    expect(grants.find({ ...to, origin: 'https://2.example' })).toBeNull();
    expect(grants.find({ ...to, origin: 'https://3.example' })).not.toBeNull();
  });
});
