import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprintOf, formatPairingCode, pairingProof, parsePairingCode, type PairingParties } from './pairing-code.ts';
import { peerIdOfKey } from './peer-id.ts';
import { bytesToHex } from '@noble/hashes/utils.js';

const code = fc
  .tuple(fc.uint8Array({ minLength: 5, maxLength: 5 }), fc.uint8Array({ minLength: 10, maxLength: 10 }))
  .map(([fingerprint, secret]) => ({ fingerprint: bytesToHex(fingerprint), secret }));

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const codeOf = (typed: string): string | undefined => {
  try {
    parsePairingCode(typed);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('pairing codes', () => {
  it('are five groups of five characters and read back as they were', () => {
    fc.assert(
      fc.property(code, (one) => {
        const text = formatPairingCode(one);
        expect(text).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$/);
        expect(parsePairingCode(text)).toEqual(one);
      }),
    );
  });

  it('are read however they are typed: small letters, spaces, no groups, look-alike letters', () => {
    fc.assert(
      fc.property(code, (one) => {
        const text = formatPairingCode(one);
        const typed = text.toLowerCase().replaceAll('-', ' ').replaceAll('1', 'l').replaceAll('0', 'o');
        expect(parsePairingCode(`  ${typed}\n`)).toEqual(one);
        expect(parsePairingCode(text.replaceAll('-', '').replaceAll('1', 'I'))).toEqual(one);
      }),
    );
  });

  it('cannot be read with any one character wrong', () => {
    fc.assert(
      fc.property(code, fc.nat(24), fc.integer({ min: 1, max: 31 }), (one, at, by) => {
        const characters = Array.from(formatPairingCode(one).replaceAll('-', ''));
        characters[at] = ALPHABET[(ALPHABET.indexOf(characters[at] ?? '') + by) % 32] ?? '';
        expect(codeOf(characters.join(''))).toBe('pairing-code-invalid');
      }),
    );
  });

  it('cannot be read with any two characters in each other’s place', () => {
    fc.assert(
      fc.property(code, fc.nat(24), fc.nat(24), (one, first, second) => {
        const characters = Array.from(formatPairingCode(one).replaceAll('-', ''));
        fc.pre(characters[first] !== characters[second]);
        [characters[first], characters[second]] = [characters[second] ?? '', characters[first] ?? ''];
        expect(codeOf(characters.join(''))).toBe('pairing-code-invalid');
      }),
    );
  });

  it('cannot be anything else, and what was typed is not in the message', () => {
    for (const typed of [
      '',
      '-',
      'UUUUU-UUUUU-UUUUU-UUUUU-UUUUU',
      '0'.repeat(24),
      '0'.repeat(26),
      'x'.repeat(1e6),
      '00000-00000-00000-00000-0000é',
    ])
      expect(codeOf(typed)).toBe('pairing-code-invalid');
    expect(() => parsePairingCode('SECRET')).toThrow(/^(?!.*SECRET)/);
    fc.assert(fc.property(fc.string(), (typed) => [undefined, 'pairing-code-invalid'].includes(codeOf(typed))));
  });

  it('stay what they are', () => {
    // Worked out apart, in Python.
    const secret = Uint8Array.from({ length: 10 }, (_, at) => at);
    expect(formatPairingCode({ fingerprint: '0102030405', secret })).toBe('04106-10500-0G40R-40M30-E209Z');
    expect(fingerprintOf(peerIdOfKey('11'.repeat(32)))).toBe('e4cf260180');
  });
});

describe('pairing proofs', () => {
  const secret = new Uint8Array(10).fill(7);
  const parties: PairingParties = {
    network: 'devnet',
    agent: peerIdOfKey('11'.repeat(32)),
    caller: peerIdOfKey('22'.repeat(32)),
    owner: '33'.repeat(32),
    name: 'laptop',
  };

  it('cannot be used by another peer, for another agent, owner key, name or network, in the other role, or with another secret', () => {
    const proofs = [
      pairingProof(secret, 'owner', parties),
      pairingProof(secret, 'agent', parties),
      pairingProof(new Uint8Array(10).fill(8), 'owner', parties),
      ...(
        [
          { caller: parties.agent },
          { agent: parties.caller },
          { agent: parties.caller, caller: parties.agent },
          { owner: '34'.repeat(32) },
          { name: 'laptop ' },
          { network: 'preprod' },
        ] as const
      ).map((change) => pairingProof(secret, 'owner', { ...parties, ...change })),
    ];
    expect(new Set(proofs).size).toBe(proofs.length);
    expect(pairingProof(secret, 'owner', { ...parties })).toBe(proofs[0]);
  });
});
