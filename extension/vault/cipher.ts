// AES-256-GCM by the browser: native, constant in time, and 11 kB less to load and to trust than in JavaScript.

export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

/** Authenticated encryption. A nonce is random and used once; a key seals a handful of things in its life. */
export interface Cipher {
  seal(key: Uint8Array, nonce: Uint8Array, header: Uint8Array, plain: Uint8Array): Promise<Uint8Array>;
  /** Null: another key, another header, or changed bytes. */
  open(key: Uint8Array, nonce: Uint8Array, header: Uint8Array, box: Uint8Array): Promise<Uint8Array | null>;
}

/** None of the vault's arrays lies in shared memory. */
const plainly = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>;

export function aesGcm(subtle: SubtleCrypto): Cipher {
  const imported = (key: Uint8Array, use: KeyUsage): Promise<CryptoKey> => subtle.importKey('raw', plainly(key), 'AES-GCM', false, [use]);
  const how = (nonce: Uint8Array, header: Uint8Array): AesGcmParams => ({
    name: 'AES-GCM',
    iv: plainly(nonce),
    additionalData: plainly(header),
    tagLength: TAG_BYTES * 8,
  });
  return {
    seal: async (key, nonce, header, plain) =>
      new Uint8Array(await subtle.encrypt(how(nonce, header), await imported(key, 'encrypt'), plainly(plain))),
    async open(key, nonce, header, box) {
      const opener = await imported(key, 'decrypt');
      try {
        return new Uint8Array(await subtle.decrypt(how(nonce, header), opener, plainly(box)));
      } catch {
        return null;
      }
    },
  };
}
