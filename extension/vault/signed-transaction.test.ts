// Which transactions a body is signed of: bytes that can be read in one way only, and that no mainnet node would take.
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import { cborArray, cborBytes, cborInt, cborMap, cborTag, cborText } from '@nunet/contracts/chain/cbor.ts';
import { transactionId } from '@nunet/contracts/sign.ts';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { ASSET, inputs, output, STRANGER, transaction } from './sample-transaction.ts';
import { MAX_TRANSACTION_BYTES, readSignable } from './signed-transaction.ts';

const to = STRANGER;
const plain = transaction({ outputs: [{ to }] });
const refusal = (cbor: string): string => {
  try {
    readSignable(cbor);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'read';
};
const bodyOf = (entries: [Uint8Array, Uint8Array][]): string => transaction({ outputs: [], body: cborMap(entries) });
const basics: [Uint8Array, Uint8Array][] = [
  [cborInt(0), inputs([{ txId: '11'.repeat(32), index: 0 }])],
  [cborInt(1), cborArray([output({ to })])],
  [cborInt(2), cborInt(170_000)],
];
/** The stake part of a test address, as mainnet writes it. */
const mainnet = (header: number): Uint8Array => concatBytes(Uint8Array.of(header), new Uint8Array(header >> 4 < 4 ? 56 : 28).fill(5));

describe('a transaction of a test network', () => {
  test('is read, and its id is the hash of the very bytes of its body', () => {
    expect(readSignable(plain).transaction.id).toBe(transactionId(plain));
    expect([...readSignable(plain).fields]).toEqual([0, 1, 2]);
  });

  test('may repeat keys in Plutus data among its witnesses, where repeating is allowed', () => {
    const map = cborMap([
      [cborInt(1), cborInt(1)],
      [cborInt(1), cborInt(2)],
    ]);
    const redeemers = cborArray([cborArray([cborInt(0), cborInt(0), map, cborArray([cborInt(1), cborInt(1)])])]);
    expect(refusal(transaction({ outputs: [{ to }], witnesses: cborMap([[cborInt(5), redeemers]]) }))).toBe('read');
  });
});

describe('cannot be signed:', () => {
  const byron = (attributes: [Uint8Array, Uint8Array][]): Uint8Array =>
    cborArray([cborTag(24, cborBytes(cborArray([cborBytes(new Uint8Array(28)), cborMap(attributes), cborInt(0)]))), cborInt(0)]);
  const magic: [Uint8Array, Uint8Array][] = [[cborInt(2), cborBytes(cborInt(1))]];

  const mainnetTransactions: Record<string, string> = {
    'an output to mainnet': transaction({ outputs: [{ to }, { to: mainnet(0x01) }] }),
    'an enterprise output to mainnet': transaction({ outputs: [{ to: mainnet(0x61) }] }),
    'a Byron output to mainnet': transaction({ outputs: [{ to: byron([]) }] }),
    'a collateral return to mainnet': transaction({ outputs: [{ to }], more: [[16, output({ to: mainnet(0x01) })]] }),
    'a withdrawal from mainnet': transaction({ outputs: [{ to }], more: [[5, cborMap([[cborBytes(mainnet(0xe1)), cborInt(1)]])]] }),
    'the network id of mainnet': transaction({ outputs: [{ to }], more: [[15, cborInt(1)]] }),
  };
  for (const [name, cbor] of Object.entries(mainnetTransactions)) test(name, () => expect(refusal(cbor)).toBe('address-mainnet'));

  test('a network id that is no network of ours, though the Byron output of a test network is fine', () => {
    expect(refusal(transaction({ outputs: [{ to: Uint8Array.of(0x62, ...new Uint8Array(28)) }] }))).toBe('address-mainnet');
    expect(refusal(transaction({ outputs: [{ to: byron(magic) }] }))).toBe('read');
    expect(refusal(transaction({ outputs: [{ to }], more: [[15, cborInt(0)]] }))).toBe('read');
  });

  const broken: Record<string, string> = {
    'no outputs, which any network would take': transaction({ outputs: [] }),
    'a byte behind it': `${plain}00`,
    'its last byte missing': plain.slice(0, -2),
    'three parts': bytesToHex(cborArray([cborMap(basics), cborMap([]), cborMap([])])),
    'five parts': bytesToHex(cborArray([cborMap(basics), cborMap([]), cborMap([]), cborMap([]), cborMap([])])),
    'no map for a body': transaction({ outputs: [], body: cborArray([]) }),
    'outputs twice': bodyOf([...basics, [cborInt(1), cborArray([output({ to })])]]),
    'the fee twice, once written long': bodyOf([...basics, [hexToBytes('1802'), cborInt(1)]]),
    'the same policy twice in an output': bodyOf([
      ...basics.slice(0, 1),
      [
        cborInt(1),
        cborArray([
          cborMap([
            [cborInt(0), cborBytes(addressBytes(to))],
            [
              cborInt(1),
              cborArray([
                cborInt(1),
                cborMap([
                  [cborBytes(hexToBytes(ASSET.policyId)), cborMap([])],
                  [cborBytes(hexToBytes(ASSET.policyId)), cborMap([])],
                ]),
              ]),
            ],
          ]),
        ]),
      ],
      ...basics.slice(2),
    ]),
    'the same account twice among withdrawals': bodyOf([
      ...basics,
      [
        cborInt(5),
        cborMap([
          [cborBytes(Uint8Array.of(0xe0, ...new Uint8Array(28))), cborInt(1)],
          [cborBytes(Uint8Array.of(0xe0, ...new Uint8Array(28))), cborInt(2)],
        ]),
      ],
    ]),
    'the same witness field twice': transaction({
      outputs: [{ to }],
      witnesses: cborMap([
        [cborInt(0), cborArray([])],
        [cborInt(0), cborArray([])],
      ]),
    }),
    'the same metadata label twice': transaction({
      outputs: [{ to }],
      auxiliary: cborMap([
        [cborInt(674), cborText('a')],
        [cborInt(674), cborText('b')],
      ]),
    }),
    'an output without an address': bodyOf([
      ...basics.slice(0, 1),
      [cborInt(1), cborArray([cborMap([[cborInt(1), cborInt(5)]])])],
      ...basics.slice(2),
    ]),
    'more bytes than the ledger takes': transaction({
      outputs: Array.from({ length: 400 }, () => ({ to })),
      auxiliary: cborMap([[cborInt(1), cborBytes(new Uint8Array(MAX_TRANSACTION_BYTES))]]),
    }),
    'nesting without end': '81'.repeat(16_000),
    'a length that promises 2^60 items': '9b1000000000000000',
    'no CBOR at all': 'ff'.repeat(60),
  };
  for (const [name, cbor] of Object.entries(broken)) test(name, () => expect(refusal(cbor)).toBe('transaction-refused'));

  test('16 KB with unknown fields and certificates is read without harm, for the sheet to show', () => {
    const certificates = cborTag(
      258,
      cborArray(Array.from({ length: 300 }, (_, at) => cborArray([cborInt(900 + at), cborBytes(new Uint8Array(40))]))),
    );
    const cbor = transaction({
      outputs: [{ to }],
      more: [
        [4, certificates],
        [99, cborInt(1)],
      ],
    });
    expect(cbor.length / 2).toBeGreaterThan(12_000);
    expect(readSignable(cbor).transaction.counts.certificates).toBe(300);
  });
});
