// Certificates for tests: a self-signed one for some names, made on the spot, so that no key lies in the repository.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** DER: a tag, a length, and what is in it (X.690). */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x1_00 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}
const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const time = (date: Date): Buffer => der(0x17, Buffer.from(`${date.toISOString().slice(2, 19).replaceAll(/[-:T]/g, '')}Z`));

const ED25519 = sequence(oid('2b6570'));
const COMMON_NAME = oid('550403');
const ALT_NAMES = oid('551d11');
const BASIC_CONSTRAINTS = oid('551d13');

const nameOf = (text: string): Buffer => sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(text)))));

/** Valid for a day around `now`; PEM both. */
export function testCertificate(names: readonly string[], now = new Date()): { key: string; cert: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const day = 86_400_000;
  const alternatives = sequence(...names.map((name) => der(0x82, Buffer.from(name))));
  const extensions = sequence(
    sequence(ALT_NAMES, der(0x04, alternatives)),
    // Its own authority, so that a client may be told to trust it.
    sequence(BASIC_CONSTRAINTS, der(0x04, sequence(der(0x01, Buffer.from([0xff]))))),
  );
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1]), randomBytes(8)),
    ED25519,
    nameOf('test'),
    sequence(time(new Date(now.getTime() - day)), time(new Date(now.getTime() + day))),
    nameOf('test'),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
  const whole = sequence(body, ED25519, der(0x03, Buffer.from([0]), sign(null, body, privateKey)));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  };
}
