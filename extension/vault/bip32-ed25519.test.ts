// Derivation and signatures against the published vectors, and byte for byte against two other implementations.
import { publicKeyHash } from '@nunet/contracts/key-hash.ts';
import { Bip32PrivateKey as SodiumKey, ready } from '@cardano-sdk/crypto';
import { Bip32PrivateKey as RustKey } from '@emurgo/cardano-serialization-lib-nodejs';
import { addressText } from '@nunet/contracts/chain/address.ts';
import { verifySignature } from '@nunet/shared/signature.ts';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { bech32 } from '@scure/base';
import { beforeAll, describe, expect, test } from 'vitest';
import { accountOf, addressesOf } from './account-keys.ts';
import { childKey, HARD, keyAt, masterKey, publicKeyOf, signExtended } from './bip32-ed25519.ts';
import { entropyOfWords } from './mnemonic.ts';
import { leaksNonce } from './nonce-leak.ts';

const entropy = (words: string): Uint8Array => entropyOfWords(utf8ToBytes(words));

describe('the published vectors', () => {
  test('CIP-3, Icarus: the master key of 15 words', () => {
    const words = 'eight country switch draw meat scout mystery blade tip drift useless good keep usage title';
    expect(bytesToHex(masterKey(entropy(words)))).toBe(
      'c065afd2832cd8b087c4d9ab7011f481ee1e0721e78ea5dd609f3ab3f156d245d176bd8fd4ec60b4731c3918a2a72a0226c0cd119ec35b47e4d55884667f552a' +
        '23f7fdcd4a10c6cd2c7393ac61d877873e248f417634aa3d812af327ffe9d620',
    );
  });

  const master = masterKey(entropy('test walk nut penalty hip pave soap entry language right filter choice'));
  const account = accountOf(master, 0, 'first');

  const keyIn = (text: `${string}1${string}`): string => bytesToHex(bech32.fromWords(bech32.decode(text, 200).words));

  test('CIP-1852: the payment key of the first account is the one that CIP-19 uses', () => {
    expect(account.payment).toBe(keyIn('addr_vk1w0l2sr2zgfm26ztc6nl9xy8ghsk5sh6ldwemlpmp9xylzy4dtf7st80zhd'));
  });

  test('CIP-1852: the base address of these words, as other wallets show it', () => {
    expect(addressText(addressesOf(account).base)).toBe(
      'addr_test1qz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3jcu5d8ps7zex2k2xt3uqxgjqnnj83ws8lhrn648jjxtwq2ytjqp',
    );
  });

  test('CIP-19: types 0, 6 and 14 of its keys', () => {
    // Its stake key is not derived from the words of its payment key.
    const stake = keyIn('stake_vk1px4j0r2fk7ux5p23shz8f3y5y2qam7s954rgf3lg5merqcj6aetsft99wu');
    const { base, enterprise, reward } = addressesOf({ payment: account.payment, stake });
    expect(addressText(base)).toBe(
      'addr_test1qz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgs68faae',
    );
    expect(addressText(enterprise)).toBe('addr_test1vz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerspjrlsz');
    expect(addressText(reward)).toBe('stake_test1uqehkck0lajq8gr28t9uxnuvgcqrc6070x3k9r8048z8y5gssrtvn');
  });

  test('CIP-105: the DRep key with its chain code, and its id', () => {
    const key = keyAt(master, [HARD + 1852, HARD + 1815, HARD, 3, 0]);
    expect(bytesToHex(key)).toBe(
      'a8e57a8e0a68b7ab50c6cd13e8e0811718f506d34fca674e12740fdf73e1a45e612fa30b7e4bbe9883958dcf365de1e6c1607c33172c5d3d7754f3294e450925' +
        '1d8411029969123371cde99fb075730f1da4fd41ee7acefba7e211f0e20c91ca',
    );
    expect(account.drep).toBe('f74d7ac30513ac1825715fd0196769761fca6e7f69de33d04ef09a0c417a752b');
    expect(publicKeyHash(account.drep)).toBe('a5b45515a3ff8cb7c02ce351834da324eb6dfc41b5779cb5e6b832aa');
  });
});

describe('beside two other implementations', () => {
  beforeAll(ready);
  const KEYS = 10_000;
  const CHAINS = 40;

  test('10,000 keys: the same private key, chain code, public key and signature, byte for byte', () => {
    let compared = 0;
    for (let chain = 0; chain < CHAINS; chain++) {
      const seed = sha256(utf8ToBytes(`chain ${chain}`)).subarray(0, [16, 20, 32][chain % 3]);
      let ours = masterKey(seed);
      let sodium = SodiumKey.fromBip39Entropy(Buffer.from(seed), '');
      let rust = RustKey.from_bip39_entropy(seed, new Uint8Array());
      for (let step = 0; step < KEYS / CHAINS; step++) {
        // Every bit of the path and of the message comes from a hash: hard and soft in any order, messages of 0 to 95 bytes.
        const random = hmac(sha256, seed, Uint8Array.of(step & 255, step >> 8));
        const index = new DataView(random.buffer).getUint32(0);
        ours = childKey(ours, index);
        sodium = sodium.derive([index]);
        rust = rust.derive(index);
        const message = concatBytes(random, random, random).subarray(0, (random[4] ?? 0) % 96);
        const publicKey = publicKeyOf(ours);
        const signature = bytesToHex(signExtended(ours, message, publicKey));
        const raw = rust.to_raw_key();
        expect(bytesToHex(ours)).toBe(rust.to_hex().slice(0, 128) + bytesToHex(rust.chaincode()));
        expect(bytesToHex(ours)).toBe(bytesToHex(sodium.bytes()));
        expect(bytesToHex(publicKey)).toBe(bytesToHex(raw.to_public().as_bytes()));
        expect(bytesToHex(publicKey)).toBe(sodium.toPublic().toRawKey().hex());
        expect(signature).toBe(raw.sign(message).to_hex());
        expect(signature).toBe(
          sodium
            .toRawKey()
            .sign(bytesToHex(message) as never)
            .hex(),
        );
        raw.free();
        compared += 1;
      }
    }
    expect(compared).toBe(KEYS);
    // 30 s on one core; a busy one takes longer.
  }, 300_000);
});

describe('a signature', () => {
  const key = keyAt(masterKey(new Uint8Array(32).fill(7)), [HARD + 1852, HARD + 1815, HARD, 0, 0]);

  test('verifies under the strict rules of the ledger', () => {
    const message = utf8ToBytes('a body hash');
    expect(verifySignature(signExtended(key, message), message, bytesToHex(publicKeyOf(key)))).toBe(true);
  });

  test('cannot have a nonce that follows from the message alone', () => {
    for (let length = 0; length < 100; length++) {
      const message = new Uint8Array(length).fill(length);
      expect(leaksNonce(signExtended(key, message), message)).toBe(false);
    }
  });

  test('cannot have the nonce of another key, or of another message', () => {
    const other = keyAt(key, [0]);
    const nonces = [key, other].flatMap((one) =>
      ['a', 'b'].map((text) => bytesToHex(signExtended(one, utf8ToBytes(text)).subarray(0, 32))),
    );
    expect(new Set(nonces).size).toBe(4);
  });
});
