// The devnet as its clients see it: Mesh's own provider and builder, our chain source, and the controls.
import { deserializeAddress, serializePlutusScript, type MeshTxBuilder, type UTxO } from '@meshsdk/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blockfrostChain, openBlockfrost } from '../chain/blockfrost.ts';
import type { Source } from '../chain/chain.ts';
import { readTransactionHex } from '../chain/transaction.ts';
import { initialState } from './emulator.ts';
import { startDevnet, type Devnet } from './start.ts';
import { fund, post, testWallet, type TestWallet } from './test-wallet.ts';

let devnet: Devnet;
let chain: Source;
let alice: TestWallet;
let bob: TestWallet;

// The tests make the blocks: the timer never fires, so nothing is a race.
beforeAll(async () => {
  devnet = await startDevnet({ blockTimeMs: 600_000, evaluationLimitMs: 3_000 });
  chain = await openBlockfrost({ url: devnet.url, network: 'devnet', retryDelaysMs: [5, 5] });
  alice = await testWallet(devnet);
  bob = await testWallet(devnet);
  await fund(devnet, alice.address, { lovelace: 200_000_000, ntxBaseUnits: 50_000_000, outputs: 40 });
  await fund(devnet, alice.address, { lovelace: 100_000_000, outputs: 3 });
});
afterAll(() => devnet.stop());

/** Signed payment of `lovelace` from alice to bob over one of her outputs, so that payments do not depend on each other. */
async function payment(lovelace: number, options: { from?: UTxO; until?: number } = {}): Promise<string> {
  const from = options.from ?? (await alice.utxos())[0];
  if (from === undefined) throw new Error('alice is out of outputs');
  const builder = await alice.builder();
  builder
    .txIn(from.input.txHash, from.input.outputIndex, from.output.amount, from.output.address, 0)
    .txOut(bob.address, [{ unit: 'lovelace', quantity: String(lovelace) }])
    .changeAddress(alice.address);
  if (options.until !== undefined) builder.invalidHereafter(options.until);
  return alice.wallet.signTx(await builder.complete());
}

const statusOf = async (path: string): Promise<number> => (await fetch(devnet.url + path)).status;

describe('a payment with the wallet library', () => {
  test('is built, signed and submitted through the face, and confirmed by a block', async () => {
    const signed = await payment(5_000_000);
    const id = await alice.wallet.submitTx(signed);
    expect(await statusOf(`/txs/${id}`)).toBe(404);
    expect(await chain.transaction(id)).toEqual({ state: 'pending' });
    const block = devnet.ledger.makeBlock();
    expect(block.txIds).toContain(id);
    expect(await chain.transaction(id)).toMatchObject({
      state: 'confirmed',
      blockHeight: block.height,
      slot: block.slot,
      confirmations: 0,
    });
    devnet.ledger.makeBlock();
    expect(await chain.transaction(id)).toMatchObject({ confirmations: 1 });
    expect((await alice.provider.fetchTxInfo(id)).outputs).toHaveLength(2);
    const received = (await chain.utxos(bob.address)).filter((utxo) => utxo.reference.txId === id);
    expect(received).toEqual([{ reference: { txId: id, index: 0 }, address: bob.address, lovelace: 5_000_000n, assets: [] }]);
  });

  test('that spends the same output twice is refused with the rule named', async () => {
    const [from] = await alice.utxos();
    if (from === undefined) throw new Error('alice is out of outputs');
    const [first, second] = [await payment(3_000_000, { from }), await payment(3_100_000, { from })];
    await chain.submit(first);
    await expect(chain.submit(second)).rejects.toMatchObject({ code: 'chain-rejected', message: expect.stringContaining('BadInputsUTxO') });
    devnet.ledger.makeBlock();
  });

  test('may spend an output that is still pending', async () => {
    const first = await chain.submit(await payment(3_000_000));
    const change = devnet.ledger.pending.find((transaction) => transaction.id === first)?.outputs[1];
    if (change === undefined) throw new Error('no change');
    const amount = [
      { unit: 'lovelace', quantity: String(change.lovelace) },
      ...change.assets.map((asset) => ({ unit: asset.policyId + asset.assetName, quantity: String(asset.quantity) })),
    ];
    const from = { input: { txHash: first, outputIndex: 1 }, output: { address: alice.address, amount } };
    const second = await chain.submit(await payment(3_000_000, { from }));
    expect(devnet.ledger.makeBlock().txIds).toEqual([first, second]);
  });

  test('tells who spent an output, from bytes that hash to their transaction', async () => {
    const [from] = await alice.utxos();
    if (from === undefined) throw new Error('alice is out of outputs');
    const reference = { txId: from.input.txHash, index: from.input.outputIndex };
    expect(await chain.output(reference)).toMatchObject({ spentBy: null, utxo: { address: alice.address, lovelace: 200_000_000n } });
    const id = await chain.submit(await payment(3_000_000, { from }));
    devnet.ledger.makeBlock();
    expect(await chain.output(reference)).toMatchObject({ spentBy: id });
    expect(await chain.output({ ...reference, index: 999 })).toBeNull();
    expect(await chain.output({ txId: '00'.repeat(32), index: 0 })).toBeNull();
  });
});

describe('the faucet', () => {
  test('pays ADA and test NTX to many at once, none of them twice', async () => {
    const wallets = await Promise.all(Array.from({ length: 8 }, () => testWallet(devnet)));
    const answers = await Promise.all(
      wallets.map(({ address }) => post(`${devnet.url}/devnet/faucet`, { address, lovelace: '7000000', ntxBaseUnits: 2_500_000 })),
    );
    expect(new Set(answers.map(({ json }) => json.txId)).size).toBe(8);
    devnet.ledger.makeBlock();
    for (const { address } of wallets) {
      expect(await chain.utxos(address, { asset: devnet.asset })).toMatchObject([
        { lovelace: 7_000_000n, assets: [{ ...devnet.asset, quantity: 2_500_000n }] },
      ]);
    }
  });

  test('keeps paying when far more is asked than it has outputs, over pending change', async () => {
    const { address } = await testWallet(devnet);
    for (let i = 0; i < 70; i++) expect((await post(`${devnet.url}/devnet/faucet`, { address, lovelace: 2_000_000 })).status).toBe(200);
    devnet.ledger.makeBlock();
    expect(await chain.utxos(address)).toHaveLength(70);
  });

  test.each([
    ['a mainnet address', { address: 'addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8' }, 'address'],
    ['a negative amount', { lovelace: -1 }, 'lovelace'],
    ['more than it gives at once', { lovelace: '999999999999999999' }, 'lovelace'],
    ['a field that it does not know', { lovelaces: 1 }, 'lovelaces'],
  ])('refuses %s and names the field', async (_what, change, field) => {
    const { status, json } = await post(`${devnet.url}/devnet/faucet`, { address: alice.address, ...change });
    expect(status).toBe(400);
    expect(json.message).toContain(field);
  });
});

describe("the ledger's refusals", () => {
  /** A signed payment as `change` would have it. */
  async function changed(change: (builder: MeshTxBuilder) => void): Promise<string> {
    const [from] = await alice.utxos();
    if (from === undefined) throw new Error('alice is out of outputs');
    const builder = await alice.builder();
    builder.txIn(from.input.txHash, from.input.outputIndex, from.output.amount, from.output.address, 0).changeAddress(alice.address);
    change(builder);
    return alice.wallet.signTx(await builder.complete());
  }
  const pay = (builder: MeshTxBuilder, address = bob.address, lovelace = '3000000'): MeshTxBuilder =>
    builder.txOut(address, [{ unit: 'lovelace', quantity: lovelace }]);
  const mainnet = 'addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8';

  test.each<[string, string, (builder: MeshTxBuilder) => void]>([
    ['a fee that is too small', 'FeeTooSmallUTxO', (builder) => pay(builder).setFee('150000')],
    ['an output below the least lovelace', 'BabbageOutputTooSmallUTxO', (builder) => pay(builder, bob.address, '1000')],
    ['an address of mainnet', 'WrongNetwork', (builder) => pay(builder, mainnet)],
    [
      'a validity that has not begun',
      'OutsideValidityIntervalUTxO',
      (builder) => pay(builder).invalidBefore(devnet.ledger.currentSlot + 1_000),
    ],
    ['a signer that did not sign', 'MissingVKeyWitnessesUTXOW', (builder) => pay(builder).requiredSignerHash('11'.repeat(28))],
  ])('name the rule: %s', async (_what, rule, change) => {
    await expect(chain.submit(await changed(change))).rejects.toMatchObject({
      code: 'chain-rejected',
      message: expect.stringContaining(rule),
    });
  });

  test('cannot pass a forged signature', async () => {
    const signed = await changed((builder) => pay(builder));
    const { signers } = readTransactionHex(signed);
    const at = signed.indexOf(signers[0] ?? 'none') + 64 + 4;
    const forged = signed.slice(0, at) + (signed[at] === '0' ? '1' : '0') + signed.slice(at + 1);
    await expect(chain.submit(forged)).rejects.toMatchObject({
      code: 'chain-rejected',
      message: expect.stringContaining('InvalidWitnessesUTXOW'),
    });
    await chain.submit(signed);
    devnet.ledger.makeBlock();
  });

  test('cannot make money: more out than in', async () => {
    const [from] = await alice.utxos();
    if (from === undefined) throw new Error('alice is out of outputs');
    const amount = from.output.amount.map(({ unit, quantity }) => ({
      unit,
      quantity: unit === 'lovelace' ? String(BigInt(quantity) + 1n) : quantity,
    }));
    const signed = await payment(3_000_000, { from: { ...from, output: { ...from.output, amount } } });
    await expect(chain.submit(signed)).rejects.toMatchObject({
      code: 'chain-rejected',
      message: expect.stringContaining('ValueNotConservedUTxO'),
    });
  });
});

describe('redeemers', () => {
  // (program 1.1.0 (lam _ (con unit ())))
  const alwaysTrue = '46450101002499';
  // (program 1.1.0 (lam _ [(lam y [y y]) (lam y [y y])])): never ends
  const neverEnds = '4e4d01010023230010012300100101';

  async function spend(code: string, budget: { mem: number; steps: number }): Promise<string> {
    const script = serializePlutusScript({ code, version: 'V3' }, undefined, 0).address;
    const all = await alice.utxos();
    const [from, fee] = all.filter((utxo) => utxo.output.amount[0]?.quantity === '200000000');
    // Collateral may hold ADA only.
    const collateral = all.find((utxo) => utxo.output.amount[0]?.quantity === '100000000' && utxo.output.amount.length === 1);
    if (from === undefined || fee === undefined || collateral === undefined) throw new Error('alice is out of outputs');
    const lock = await alice.builder();
    const lockCbor = await lock
      .txIn(from.input.txHash, from.input.outputIndex, from.output.amount, from.output.address, 0)
      .txOut(script, [{ unit: 'lovelace', quantity: '5000000' }])
      .txOutInlineDatumValue(42)
      .changeAddress(alice.address)
      .complete();
    const locked = await chain.submit(await alice.wallet.signTx(lockCbor));
    devnet.ledger.makeBlock();
    const unlock = await alice.builder();
    const unlockCbor = await unlock
      .spendingPlutusScriptV3()
      .txIn(locked, 0, [{ unit: 'lovelace', quantity: '5000000' }], script, 0)
      .txInScript(code)
      .txInInlineDatumPresent()
      .txInRedeemerValue(1, 'Mesh', budget)
      .txIn(fee.input.txHash, fee.input.outputIndex, fee.output.amount, fee.output.address, 0)
      .txInCollateral(collateral.input.txHash, collateral.input.outputIndex, collateral.output.amount, collateral.output.address)
      .changeAddress(alice.address)
      .complete();
    return alice.wallet.signTx(unlockCbor);
  }

  test('cannot submit a redeemer above the step limit, which the emulator alone would accept', async () => {
    const signed = await spend(alwaysTrue, { mem: 10_000, steps: 11_000_000_000 });
    await expect(chain.submit(signed)).rejects.toMatchObject({
      code: 'chain-rejected',
      message: expect.stringContaining('ExUnitsTooBigUTxO'),
    });
    const transaction = readTransactionHex(signed);
    const alone = initialState(devnet.ledger.resolve(transaction).resolved, devnet.ledger.slotConfig);
    alone.setSlot(devnet.ledger.currentSlot);
    expect(alone.submitTx(transaction.raw)).toMatchObject({ isSuccess: true });
  });

  test('within the limits are accepted, and evaluate to what they use', async () => {
    const signed = await spend(alwaysTrue, { mem: 10_000, steps: 9_000_000_000 });
    // The inputs' order, and so the index, depends on random transaction ids.
    const index = readTransactionHex(signed).redeemers[0]?.index;
    expect(await chain.evaluate(signed)).toEqual([{ tag: 'spend', index, memory: 500n, steps: 64_100n }]);
    expect(await alice.provider.evaluateTx(signed)).toEqual([{ tag: 'SPEND', index, budget: { mem: 500, steps: 64_100 } }]);
    await chain.submit(signed);
    expect(devnet.ledger.makeBlock().txIds).toHaveLength(1);
  });

  test('run a script that another output holds, found through the script routes', async () => {
    const holder = serializePlutusScript({ code: neverEnds, version: 'V3' }, undefined, 0).address;
    const script = serializePlutusScript({ code: alwaysTrue, version: 'V3' }, undefined, 0);
    const hash = deserializeAddress(script.address).scriptHash;
    const lock = await alice.builder();
    lock
      .txOut(script.address, [{ unit: 'lovelace', quantity: '5000000' }])
      .txOutInlineDatumValue(42)
      .txOut(holder, [{ unit: 'lovelace', quantity: '9000000' }])
      .txOutReferenceScript(alwaysTrue, 'V3')
      .changeAddress(alice.address)
      .selectUtxosFrom(await alice.utxos());
    const locked = await chain.submit(await alice.wallet.signTx(await lock.complete()));
    devnet.ledger.makeBlock();
    expect((await alice.provider.fetchUTxOs(locked, 1))[0]?.output.scriptHash).toBe(hash);
    expect((await chain.utxos(holder))[0]).toMatchObject({ referenceScriptHash: hash });
    const all = await alice.utxos();
    const collateral = all.find((utxo) => utxo.output.amount[0]?.quantity === '100000000' && utxo.output.amount.length === 1);
    if (collateral === undefined) throw new Error('alice is out of collateral');
    const unlock = await alice.builder();
    unlock
      .spendingPlutusScriptV3()
      .txIn(locked, 0, [{ unit: 'lovelace', quantity: '5000000' }], script.address, 0)
      .spendingTxInReference(locked, 1, String(alwaysTrue.length / 2 - 1), hash)
      .txInInlineDatumPresent()
      .txInRedeemerValue(1, 'Mesh', { mem: 10_000, steps: 1_000_000 })
      .txInCollateral(collateral.input.txHash, collateral.input.outputIndex, collateral.output.amount, collateral.output.address)
      .changeAddress(alice.address)
      .selectUtxosFrom(all);
    const id = await chain.submit(await alice.wallet.signTx(await unlock.complete()));
    expect(devnet.ledger.makeBlock().txIds).toEqual([id]);
  });

  test('cannot keep the devnet busy for ever with a script that never ends', async () => {
    const signed = await spend(neverEnds, { mem: 1_000_000, steps: 500_000_000 });
    await expect(chain.submit(signed)).rejects.toMatchObject({ code: 'chain-rejected' });
    await expect(chain.evaluate(signed)).rejects.toMatchObject({ code: 'chain-rejected' });
  });
});

describe('time', () => {
  test('advances on request, and a lock on time follows it', async () => {
    const before = await chain.tip();
    const { json } = await post(`${devnet.url}/devnet/advance`, { slots: 3_600 });
    expect(json.slot - before.slot).toBeGreaterThanOrEqual(3_600);
    expect(json.timeMs - before.timeMs).toBe((json.slot - before.slot) * 1_000);
    expect((await chain.tip()).height).toBe(before.height + 1);
  });

  test('makes many blocks at once for confirmations, slots rising', async () => {
    const before = await chain.tip();
    await post(`${devnet.url}/devnet/advance`, { blocks: 20 });
    const after = await chain.tip();
    expect(after.height).toBe(before.height + 20);
    expect(after.slot).toBeGreaterThanOrEqual(before.slot + 19);
  });

  test('drops and reports a pending transaction that expired before its block', async () => {
    const id = await chain.submit(await payment(3_000_000, { until: devnet.ledger.currentSlot + 100 }));
    await post(`${devnet.url}/devnet/advance`, { slots: 200 });
    expect(await chain.transaction(id)).toEqual({ state: 'unknown' });
    expect(devnet.ledger.dropped[0]).toMatchObject({ txId: id, reason: expect.stringContaining('OutsideValidityIntervalUTxO') });
  });

  test('refuses an expired transaction at once', async () => {
    const signed = await payment(3_000_000, { until: devnet.ledger.currentSlot - 5 });
    await expect(chain.submit(signed)).rejects.toMatchObject({
      code: 'chain-rejected',
      message: expect.stringContaining('OutsideValidityIntervalUTxO'),
    });
  });
});

describe('trouble on request', () => {
  test('a rollback puts a transaction back to pending, and the next block has it again', async () => {
    const id = await chain.submit(await payment(3_000_000));
    devnet.ledger.makeBlock();
    const before = await chain.tip();
    await post(`${devnet.url}/devnet/rollback`, { blocks: 1 });
    const after = await chain.tip();
    expect(await chain.transaction(id)).toEqual({ state: 'pending' });
    expect(after.height).toBe(before.height + 1);
    expect(after.timeMs).toBeGreaterThanOrEqual(before.timeMs);
    expect(devnet.ledger.block(before.hash)).toBeUndefined();
    devnet.ledger.makeBlock();
    expect(await chain.transaction(id)).toMatchObject({ state: 'confirmed', blockHeight: after.height + 1 });
  });

  test('a rollback may make a transaction vanish, and its input can be spent by another', async () => {
    const [from] = await alice.utxos();
    if (from === undefined) throw new Error('alice is out of outputs');
    const reference = { txId: from.input.txHash, index: from.input.outputIndex };
    const id = await chain.submit(await payment(3_000_000, { from }));
    devnet.ledger.makeBlock();
    devnet.ledger.makeBlock();
    await post(`${devnet.url}/devnet/rollback`, { blocks: 2, transactions: 'vanish' });
    expect(await chain.transaction(id)).toEqual({ state: 'unknown' });
    expect(await chain.output({ txId: id, index: 0 })).toBeNull();
    expect(await chain.output(reference)).toMatchObject({ spentBy: null });
    const other = await chain.submit(await payment(4_000_000, { from }));
    devnet.ledger.makeBlock();
    expect(await chain.transaction(other)).toMatchObject({ state: 'confirmed' });
  });

  test('a rollback deeper than the chain is refused', async () => {
    const { status, json } = await post(`${devnet.url}/devnet/rollback`, { blocks: 999 });
    expect(status).toBe(400);
    expect(json.message).toContain('Cannot roll back');
  });

  test('the next transaction is lost on request, though it was accepted', async () => {
    await post(`${devnet.url}/devnet/drop`, { next: 1 });
    const [lost, kept] = (await alice.utxos()).slice(0, 2);
    if (lost === undefined || kept === undefined) throw new Error('alice is out of outputs');
    const lostId = await chain.submit(await payment(3_000_000, { from: lost }));
    const keptId = await chain.submit(await payment(3_000_000, { from: kept }));
    devnet.ledger.makeBlock();
    expect(await chain.transaction(lostId)).toEqual({ state: 'unknown' });
    expect(await chain.transaction(keptId)).toMatchObject({ state: 'confirmed' });
  });

  test('a waiting transaction is dropped on request, and what spends its outputs goes with it', async () => {
    const id = await chain.submit(await payment(3_000_000));
    expect((await post(`${devnet.url}/devnet/drop`, { txId: id })).json).toEqual({ found: true });
    expect(await chain.transaction(id)).toEqual({ state: 'unknown' });
    expect(devnet.ledger.makeBlock().txIds).toEqual([]);
  });

  test('a transaction is held back for as many blocks as asked, others pass it', async () => {
    await post(`${devnet.url}/devnet/delay`, { next: 1, blocks: 2 });
    const [late, early] = (await alice.utxos()).slice(0, 2);
    if (late === undefined || early === undefined) throw new Error('alice is out of outputs');
    const lateId = await chain.submit(await payment(3_000_000, { from: late }));
    const earlyId = await chain.submit(await payment(3_000_000, { from: early }));
    expect(devnet.ledger.makeBlock().txIds).toEqual([earlyId]);
    expect(devnet.ledger.makeBlock().txIds).toEqual([]);
    expect(devnet.ledger.makeBlock().txIds).toEqual([lateId]);
  });
});

describe('hostile and broken input', () => {
  const submit = async (body: BodyInit, headers: Record<string, string> = { 'content-type': 'application/cbor' }) => {
    const response = await fetch(`${devnet.url}/tx/submit`, { method: 'POST', body, headers });
    return { status: response.status, json: (await response.json()) as { status_code: number; message: string } };
  };

  test.each([
    ['no bytes', new Uint8Array()],
    ['random bytes', crypto.getRandomValues(new Uint8Array(500))],
    ['an endless array', new Uint8Array(2_000).fill(0x9f)],
    ['a lying length', Uint8Array.of(0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)],
    ['HTML', new TextEncoder().encode('<html>')],
  ])('cannot submit %s', async (_what, bytes) => {
    expect(await submit(bytes)).toMatchObject({ status: 400, json: { status_code: 400, error: 'Bad Request' } });
  });

  test('cannot submit a truncated transaction, at whatever byte it ends', async () => {
    const bytes = Buffer.from(await payment(3_000_000), 'hex');
    for (let length = 1; length < bytes.length; length += 23) expect((await submit(bytes.subarray(0, length))).status).toBe(400);
  });

  test('cannot submit a body larger than four transactions', async () => {
    expect(await submit(new Uint8Array(70_000))).toMatchObject({ status: 413, json: { status_code: 413 } });
    const endless = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(16_384)) });
    const response = await fetch(`${devnet.url}/tx/submit`, { method: 'POST', body: endless, duplex: 'half' } as RequestInit).catch(
      () => null,
    );
    expect(response === null || response.status === 413).toBe(true);
  });

  test('cannot use the controls without announcing JSON, as a foreign web page would', async () => {
    const response = await fetch(`${devnet.url}/devnet/rollback`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: '{"blocks":1}',
    });
    expect(response.status).toBe(400);
    const preflight = await fetch(`${devnet.url}/devnet/rollback`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://elsewhere.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });
    expect(preflight.headers.has('access-control-allow-origin')).toBe(false);
  });

  test('lets the extension read the network record and use the faucet', async () => {
    for (const origin of ['chrome-extension://abcdefghijklmnopabcdefghijklmnop', 'moz-extension://9a1f3c52-7d0e-4c5b-8f2a-0123456789ab']) {
      const granted = async (path: string, init: RequestInit = {}): Promise<string | null> =>
        (await fetch(devnet.url + path, { ...init, headers: new Headers([...new Headers(init.headers), ['origin', origin]]) })).headers.get(
          'access-control-allow-origin',
        );
      expect(await granted('/devnet/network')).toBe(origin);
      const asks = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
      expect(await granted('/devnet/faucet', { method: 'OPTIONS', headers: asks })).toBe(origin);
      const paid = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ address: alice.address }) };
      expect(await granted('/devnet/faucet', paid)).toBe(origin);
      expect(await granted('/devnet/rollback', { method: 'OPTIONS', headers: asks })).toBeNull();
    }
    devnet.ledger.makeBlock();
  });

  test.each([
    'https://elsewhere.example',
    'http://127.0.0.1:8080',
    'null',
    'https://x.example/chrome-extension://abcdefghijklmnopabcdefghijklmnop',
    'chrome-extension://abc.example',
  ])('cannot read the network record or use the faucet from a web page: %s', async (origin) => {
    const asks = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
    for (const [path, init] of [
      ['/devnet/network', {}],
      ['/devnet/network', { method: 'OPTIONS', headers: asks }],
      ['/devnet/faucet', { method: 'OPTIONS', headers: asks }],
    ] as const) {
      const response = await fetch(devnet.url + path, { ...init, headers: { ...('headers' in init ? init.headers : {}), origin } });
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  test("shows its page to nobody's frame and with scripts of its own only", async () => {
    const response = await fetch(devnet.url);
    expect(await response.text()).toContain('<title>NuNet devnet</title>');
    const policy = response.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
  });

  test.each([
    '/txs/abc',
    '/addresses/addr_test1qqqq/utxos',
    '/blocks/none',
    '/addresses/x/transactions?page=0',
    '/scripts/zz',
    '/nothing/here',
  ])("answers %s in the service's own error shape", async (path) => {
    const response = await fetch(devnet.url + path);
    expect([400, 404]).toContain(response.status);
    expect(await response.json()).toMatchObject({ status_code: response.status, message: expect.any(String) });
  });

  test('survived all of it', async () => {
    const id = await chain.submit(await payment(3_000_000));
    expect(devnet.ledger.makeBlock().txIds).toEqual([id]);
  });
});

describe('a failing source', () => {
  const outage = (kind: string, requests: number, path = '/') => post(`${devnet.url}/devnet/outage`, { kind, requests, path });

  test.each(['unavailable', 'html', 'truncated', 'limited'])('is an error, never an empty wallet: %s', async (kind) => {
    await outage(kind, 3);
    await expect(chain.utxos(alice.address)).rejects.toMatchObject({ code: 'chain-unavailable' });
    expect((await chain.utxos(alice.address)).length).toBeGreaterThan(0);
  });

  test('is asked again, and one bad answer does no harm', async () => {
    await outage('html', 1);
    expect((await chain.utxos(alice.address)).length).toBeGreaterThan(0);
  });

  test('cannot take a payment twice: submit is sent once only', async () => {
    const signed = await payment(3_000_000);
    await outage('unavailable', 1, '/tx/submit');
    await expect(chain.submit(signed)).rejects.toMatchObject({ code: 'chain-unavailable' });
    expect(devnet.ledger.pending).toHaveLength(0);
    await chain.submit(signed);
    devnet.ledger.makeBlock();
  });

  test('that never answers is left after the time limit', async () => {
    await outage('silent', 3);
    const impatient = blockfrostChain({ url: devnet.url, slotConfig: chain.slotConfig, timeoutMs: 100, retryDelaysMs: [5, 5] });
    await expect(impatient.tip()).rejects.toMatchObject({ code: 'chain-unavailable', message: expect.stringContaining('100 ms') });
  });

  test('of another network is refused', async () => {
    await expect(openBlockfrost({ url: devnet.url, network: 'preprod' })).rejects.toMatchObject({ code: 'chain-wrong-network' });
  });
});

describe('the network of a devnet', () => {
  const put = async (body: string, type = 'application/json') => {
    const response = await fetch(`${devnet.url}/devnet/network`, { method: 'PUT', headers: { 'content-type': type }, body });
    return response.status;
  };
  const facts = { version: 1, network: 'devnet', pinned: ['ab'.repeat(32)], record: 'a1'.repeat(1_000) };

  test('is not known before it was put there, then given as it was put', async () => {
    expect(await statusOf('/devnet/network')).toBe(404);
    expect(await put(JSON.stringify(facts))).toBe(200);
    expect(await (await fetch(`${devnet.url}/devnet/network`)).json()).toEqual(facts);
  });

  test.each([
    ['another content type', JSON.stringify(facts), 'text/plain', 400],
    ['another network', JSON.stringify({ ...facts, network: 'preprod' }), 'application/json', 400],
    ['a record that is not hex', JSON.stringify({ ...facts, record: 'abc' }), 'application/json', 400],
    ['more than a record', JSON.stringify({ ...facts, record: 'a1'.repeat(100_000) }), 'application/json', 413],
  ])('cannot be %s', async (_what, body, type, status) => {
    expect(await put(body, type)).toBe(status);
    expect(await (await fetch(`${devnet.url}/devnet/network`)).json()).toEqual(facts);
  });
});

describe('a large wallet', () => {
  test('is read whole, beyond one page', async () => {
    const { address, provider } = await testWallet(devnet);
    for (let i = 0; i < 7; i++) await fund(devnet, address, { lovelace: 2_000_000, outputs: 36 });
    const utxos = await chain.utxos(address);
    expect(utxos).toHaveLength(252);
    expect(new Set(utxos.map(({ reference }) => `${reference.txId}#${reference.index}`)).size).toBe(252);
    expect(await provider.fetchAddressUTxOs(address)).toHaveLength(252);
  });

  test('that nobody ever paid is empty, not an error', async () => {
    expect(await chain.utxos((await testWallet(devnet)).address)).toEqual([]);
  });
});
