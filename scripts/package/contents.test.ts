import { expect, test } from 'vitest';
import { checkBudgets, BUDGETS } from './budgets.ts';
import { checkContents } from './contents.ts';
import { checkMesh } from './mesh.ts';
import { packageOf } from './package-fixture.ts';
import { loadedWith } from './packaged.ts';

const contents = (changes: Parameters<typeof packageOf>[0]): string[] =>
  checkContents(packageOf(changes), '/home/someone/checkout').map(({ file, problem }) => `${file} ${problem}`);

test('a sound package passes every check', () => {
  expect(contents({})).toEqual([]);
  expect(checkMesh(packageOf())).toEqual([]);
  expect(checkBudgets(packageOf())).toEqual([]);
});

test('cannot hold a source map, or the name of one', () => {
  expect(
    contents({ 'vault.js.map': '{}', 'background.js': 'dashboard.html cip30.js vault.js transaction-worker.js vault.js.map' }),
  ).toEqual(['vault.js.map is of a kind that does not belong into a package']);
  expect(contents({ 'vault.js': '0\n//# sourceMappingURL=vault.js.map' })).toEqual(['vault.js names a source map']);
});

// Put together here, so that nobody's scanner takes this file for a leak.
test.each([
  ['a private key', `-----BEGIN ${'EC '.repeat(1)}PRIVATE KEY-----`],
  ['a Cardano private key', `addr_xsk1${'q'.repeat(60)}`],
  ['a Cardano private key', `xprv1${'q'.repeat(150)}`],
  ['a Blockfrost project id', `preprod${'aB3'.repeat(10)}xy`],
  ['a token of a code host, a cloud or a payment service', `ghp_${'a'.repeat(36)}`],
  ['a password in an address', `https://me:${'x'.repeat(8)}@example.org`],
])('cannot hold %s', (what, text) => {
  expect(contents({ 'vault.js': `const k="${text}"` })).toEqual([`vault.js holds what looks like ${what}, 9 characters in`]);
});

test('cannot hold the path that it was built in', () => {
  expect(contents({ 'vault.js': 'throw"/home/someone/checkout/extension/vault/serve.ts"' })).toEqual([
    'vault.js holds a path of the machine that built it',
  ]);
});

test('cannot hold the developers’ gallery, or what is left of it', () => {
  expect(contents({ 'gallery.html': '', 'background.js': 'dashboard.html cip30.js vault.js transaction-worker.js gallery.html' })).toEqual([
    'gallery.html is for developers only',
  ]);
  expect(contents({ 'chunks/samples-1.js': '0' })).toEqual(['chunks/samples-1.js is named by no other file of the package']);
});

test('what is loaded with a page are its scripts and what they import, not what they may load later', () => {
  expect(loadedWith(packageOf(), 'popup.html').map(({ path }) => path)).toEqual([
    'popup.html',
    'chunks/popup-1.js',
    'chunks/shared-1.js',
    'assets/popup-1.css',
  ]);
});

test('cannot have Mesh anywhere but in the transaction worker, or load that worker at once', () => {
  expect(checkMesh(packageOf({ 'chunks/late-1.js': 'new MeshTxBuilder' }))).toEqual([
    { file: 'chunks/late-1.js', problem: 'holds a part of Mesh' },
  ]);
  expect(checkMesh(packageOf({ 'dashboard.html': '<script src="/transaction-worker.js"></script>' }))).toEqual([
    { file: 'dashboard.html', problem: 'loads the transaction worker at once' },
  ]);
  expect(checkMesh(packageOf({ 'transaction-worker.js': '0' }))).toMatchObject([{ file: 'transaction-worker.js' }]);
});

test.each(BUDGETS)('cannot outgrow the budget of the $what', ({ start, limit, of }) => {
  // What gzip cannot make smaller is counted in the popup: hex of a running product, half a byte a digit.
  let state = 1n;
  const noise = Array.from({ length: 40_000 }, () =>
    (state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n).toString(16).padStart(16, '0'),
  );
  const text = of === 'raw' ? 'x'.repeat(limit) : noise.join('');
  const path = start === 'popup.html' ? 'chunks/shared-1.js' : start;
  expect(checkBudgets(packageOf({ [path]: text }))).toMatchObject([{ file: start }]);
  expect(checkBudgets(packageOf({ [start]: null }))).toMatchObject([
    { file: start, problem: expect.stringContaining('missing') as string },
  ]);
});
