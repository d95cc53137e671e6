import { randomBytes } from 'node:crypto';
import type { PairRequest } from '@nunet/shared/owner-command.ts';
import { fingerprintOf, pairingProof, parsePairingCode } from '@nunet/shared/pairing-code.ts';
import { peerIdOfKey } from '@nunet/shared/peer-id.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { Pairing } from './pairing.ts';

const agent = peerIdOfKey('11'.repeat(32));
const caller = peerIdOfKey('22'.repeat(32));
const other = peerIdOfKey('33'.repeat(32));
const owner = '44'.repeat(32);

let elapsed: number;
let added: { publicKey: string; name: string; peerId: string }[];
let pairing: Pairing;
beforeEach(() => {
  elapsed = 0;
  added = [];
  pairing = new Pairing({
    network: 'devnet',
    peerId: agent,
    elapsed: () => elapsed,
    now: () => 1_000,
    random: randomBytes,
    add: (one) => Promise.resolve(void added.push(one)),
  });
});

function requestWith(secret: Uint8Array, changes: Partial<PairRequest> = {}, from = caller): PairRequest {
  const { network = 'devnet', name = 'laptop' } = changes;
  const proof = pairingProof(secret, 'owner', { network, agent, caller: from, owner: changes.owner ?? owner, name });
  return { v: 1, network, owner, name, proof, ...changes };
}
const secretOf = (code: string): Uint8Array => parsePairingCode(code).secret;
const refused = { code: 'pairing-refused' };

describe('a pairing code', () => {
  it('makes one owner, and the agent proves that it knows the secret too', async () => {
    const { code, untilMs } = pairing.start();
    expect(untilMs).toBe(1_000 + 5 * 60_000);
    expect(parsePairingCode(code).fingerprint).toBe(fingerprintOf(agent));
    const answer = await pairing.answer(requestWith(secretOf(code)), caller);
    const parties = { network: 'devnet', agent, caller, owner, name: 'laptop' } as const;
    expect(answer).toEqual({ type: 'paired', agent, proof: pairingProof(secretOf(code), 'agent', parties) });
    expect(added).toEqual([{ publicKey: owner, name: 'laptop', peerId: caller, nowMs: 1_000 }]);
    expect(pairing.state()).toEqual({ state: 'paired', publicKey: owner, name: 'laptop' });
  });

  it('cannot be used twice, not even by two at once', async () => {
    const request = requestWith(secretOf(pairing.start().code));
    const both = await Promise.allSettled([pairing.answer(request, caller), pairing.answer(request, caller)]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await expect(pairing.answer(request, caller)).rejects.toMatchObject(refused);
    expect(added).toHaveLength(1);
  });

  it('cannot be used after five minutes, whatever the wall clock says', async () => {
    const request = requestWith(secretOf(pairing.start().code));
    elapsed = 5 * 60_000 - 1;
    expect(pairing.state()).toMatchObject({ state: 'waiting', triesLeft: 5 });
    elapsed += 1;
    await expect(pairing.answer(request, caller)).rejects.toMatchObject(refused);
    expect(pairing.state()).toEqual({ state: 'failed', why: 'expired' });
  });

  it('cannot be guessed: the fifth wrong proof ends it, and then the right one is refused too', async () => {
    const request = requestWith(secretOf(pairing.start().code));
    for (let tries = 4; tries >= 1; tries -= 1) {
      await expect(pairing.answer(requestWith(randomBytes(10)), caller)).rejects.toThrow('the code is wrong;');
      expect(pairing.state()).toMatchObject({ triesLeft: tries });
    }
    await expect(pairing.answer(requestWith(randomBytes(10)), other)).rejects.toThrow('worth nothing any more');
    await expect(pairing.answer(request, caller)).rejects.toThrow('no code is waiting here');
    expect(added).toEqual([]);
    expect(pairing.state()).toEqual({ state: 'failed', why: 'tries' });
  });

  it('still works after four wrong ones', async () => {
    const request = requestWith(secretOf(pairing.start().code));
    for (let tries = 0; tries < 4; tries += 1) await pairing.answer(requestWith(randomBytes(10)), caller).catch(() => undefined);
    await expect(pairing.answer(request, caller)).resolves.toMatchObject({ type: 'paired' });
  });

  it('cannot be used when another was made, or it was taken back, or none was asked for', async () => {
    const first = requestWith(secretOf(pairing.start().code));
    pairing.start();
    await expect(pairing.answer(first, caller)).rejects.toMatchObject(refused);
    const second = requestWith(secretOf(pairing.start().code));
    pairing.cancel();
    await expect(pairing.answer(second, caller)).rejects.toMatchObject(refused);
    expect(added).toEqual([]);
  });

  it('cannot be used with a proof that was made for another peer, owner key or name', async () => {
    const secret = secretOf(pairing.start().code);
    const good = requestWith(secret);
    await expect(pairing.answer(good, other)).rejects.toMatchObject(refused);
    await expect(pairing.answer({ ...good, owner: '45'.repeat(32) }, caller)).rejects.toMatchObject(refused);
    await expect(pairing.answer({ ...good, name: 'phone' }, caller)).rejects.toMatchObject(refused);
    expect(added).toEqual([]);
  });

  it('cannot be used on another network, and that costs no try', async () => {
    const secret = secretOf(pairing.start().code);
    await expect(pairing.answer(requestWith(secret, { network: 'preprod' }), caller)).rejects.toMatchObject({ code: 'network-mismatch' });
    expect(pairing.state()).toMatchObject({ triesLeft: 5 });
  });

  it('cannot bring a name that moves a terminal’s cursor', async () => {
    const secret = secretOf(pairing.start().code);
    for (const name of ['\u001b[2J', 'a\nb', 'a\u202eb']) {
      await expect(pairing.answer(requestWith(secret, { name }), caller)).rejects.toMatchObject({ code: 'name-invalid' });
    }
  });

  it('cannot be read from any error or state', async () => {
    const { code } = pairing.start();
    const told = [JSON.stringify(pairing.state())];
    await pairing.answer(requestWith(randomBytes(10)), caller).catch((error: unknown) => told.push(String(error)));
    const bare = code.replaceAll('-', '').slice(8);
    for (const text of told) expect(text.replaceAll('-', '')).not.toContain(bare);
  });
});
