import { expect, test } from 'vitest';
import { changed, choiceOf, hostOf, kindOf, sourceOf, targetOf, type NetworkChoice } from './network-target.ts';

const choice = (change: Partial<NetworkChoice>): NetworkChoice => ({
  network: 'preprod',
  devnetUrl: '',
  kind: 'koios',
  source: '',
  hasProjectId: false,
  ...change,
});

test('Koios needs no account', () => {
  expect(targetOf(choice({}), '')).toMatchObject({ network: 'preprod', source: expect.stringContaining('koios:https://preprod') });
  expect(hostOf(choice({ network: 'preview' }))).toBe('preview.koios.rest');
});

test('Blockfrost needs a project id, once', () => {
  expect(targetOf(choice({ kind: 'blockfrost' }), '')).toEqual({ problem: 'wantProject' });
  expect(targetOf(choice({ kind: 'blockfrost' }), ' preprodabc ')).toMatchObject({ projectId: 'preprodabc' });
  expect(targetOf(choice({ kind: 'blockfrost', hasProjectId: true }), '')).toMatchObject({ network: 'preprod', projectId: null });
});

test.each([
  '',
  'ftp://a.example',
  'https://user:secret@a.example',
  'javascript:alert(1)',
  'a.example',
  `https://${'a'.repeat(400)}.example`,
])('cannot read a chain from %s', (source) => {
  expect(targetOf(choice({ kind: 'own', source }), '')).toEqual({ problem: 'badUrl' });
});

test.each(['', 'http://10.0.0.1:4000', 'http://127.0.0.1.example', 'file:///etc/passwd', 'http://example.org'])(
  'cannot use %s as a devnet of this computer',
  (devnetUrl) => {
    expect(targetOf(choice({ network: 'devnet', devnetUrl }), '')).toEqual({ problem: 'badDevnet' });
  },
);

test('a devnet of this computer is taken as it is written', () => {
  expect(targetOf(choice({ network: 'devnet', devnetUrl: ' http://127.0.0.1:4000 ' }), '')).toEqual({
    network: 'devnet',
    url: 'http://127.0.0.1:4000',
  });
});

test('a stored source leads back to its choice', () => {
  const target = targetOf(choice({}), '');
  expect(kindOf('preprod', 'source' in target ? target.source : '')).toBe('koios');
  expect(kindOf('preprod', 'https://chain.example/api')).toBe('own');
});

test('what the runner tells is where the form begins, and its project id counts for that source alone', () => {
  const source = sourceOf({ network: 'preprod', kind: 'blockfrost', source: '' });
  const start = choiceOf({ network: 'preprod', source, hasProjectId: true });
  expect(start).toMatchObject({ network: 'preprod', kind: 'blockfrost', hasProjectId: true });
  const away = changed(start, start, { network: 'preview' });
  expect(away.hasProjectId).toBe(false);
  expect(changed(start, away, { network: 'preprod' }).hasProjectId).toBe(true);
  expect(choiceOf(null)).toMatchObject({ network: 'preprod', kind: 'koios', hasProjectId: false });
});
