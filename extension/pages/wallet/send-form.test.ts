import { expect, test } from 'vitest';
import { sampleWallet } from '../../ui/fake-runner.ts';
import type { TokenView } from '../../wallet/messages.ts';
import { readPayment, type TypedPayment } from './send-form.ts';

const ntx: TokenView = {
  unit: `${'a'.repeat(56)}4e5458`,
  policyId: 'a'.repeat(56),
  assetName: '4e5458',
  label: 'NTX',
  fingerprint: 'asset1',
  quantity: 5_000_000n,
  decimals: 6,
  isNtx: true,
  image: 'none',
  hiddenBecause: null,
};
const cat: TokenView = {
  ...ntx,
  unit: 'b'.repeat(56),
  policyId: 'b'.repeat(56),
  assetName: '',
  label: 'Cat',
  quantity: 1n,
  decimals: 0,
  isNtx: false,
};
// Of CIP-19's vectors: a base and an enterprise address of test networks.
const to = 'addr_test1qz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgs68faae';
const wallet = sampleWallet({
  address: 'addr_test1vz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerspjrlsz',
  lovelace: 10_000_000n,
  tokens: [ntx, cat],
});
const read = (change: Partial<TypedPayment>, contacts: { name: string; address: string }[] = []): ReturnType<typeof readPayment> =>
  readPayment({ to, ada: '', tokens: [], isAll: false, memo: '', ...change }, wallet, contacts);

test('ADA alone is exactly what was typed', () => {
  expect(read({ ada: '2.5' })).toEqual({ order: { type: 'build-payment', to, lovelace: 2_500_000n, tokens: [], isAll: false, memo: '' } });
});

test('a token without ADA goes with the least that the ledger asks for', () => {
  expect(read({ tokens: [{ unit: ntx.unit, text: '1.25' }] })).toMatchObject({
    order: { lovelace: null, tokens: [{ policyId: ntx.policyId, assetName: ntx.assetName, quantity: 1_250_000n }] },
  });
});

test('everything asks for no amounts', () => {
  expect(read({ isAll: true, ada: 'nonsense', tokens: [{ unit: cat.unit, text: '-1' }] })).toMatchObject({
    order: { isAll: true, lovelace: null, tokens: [] },
  });
});

test.each([
  ['nothing at all', {}, { ada: 'nothing' }],
  ['more ADA than there is', { ada: '10.000001' }, { ada: 'too-much' }],
  ['seven decimals', { ada: '1.0000001' }, { ada: 'too-many-decimals' }],
  ['thousands with marks', { ada: '1,000,000' }, { ada: 'separator' }],
  ['a negative amount', { ada: '-1' }, { ada: 'negative' }],
  ['an exponent', { ada: '1e3' }, { ada: 'exponent' }],
  ['half a token that has no parts', { tokens: [{ unit: cat.unit, text: '0.5' }] }, { tokens: { [cat.unit]: 'too-many-decimals' } }],
  ['more of a token than there is', { tokens: [{ unit: cat.unit, text: '2' }] }, { tokens: { [cat.unit]: 'too-much' } }],
  ['a message that is too long', { ada: '1', memo: 'x'.repeat(513) }, { memo: 'too-long' }],
  ['an address that is cut', { ada: '1', to: to.slice(0, 60) }, { to: { reason: 'truncated' } }],
  [
    'an address of mainnet',
    { ada: '1', to: 'addr1qx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgse35a3x' },
    { to: { reason: 'other-network' } },
  ],
  ['no address', { ada: '1', to: ' ' }, { to: { reason: 'empty' } }],
] as const)('cannot order %s', (_, change, problems) => {
  expect(read(change as Partial<TypedPayment>)).toMatchObject({ problems });
});

test('cannot pay an address that only looks like a contact', () => {
  const contact = { name: 'Ana', address: `${to.slice(0, 30)}${'q'.repeat(60)}${to.slice(90)}` };
  expect(read({ ada: '1' }, [contact])).toMatchObject({ problems: { to: { reason: 'look-alike', like: contact.address } } });
});

test('all that is wrong is said at once', () => {
  expect(read({ to: '', tokens: [{ unit: cat.unit, text: '2' }], ada: '99' })).toMatchObject({
    problems: { to: { reason: 'empty' }, ada: 'too-much', tokens: { [cat.unit]: 'too-much' } },
  });
});
