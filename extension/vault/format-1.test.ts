// What format 1 made must open for ever: a backup file and the derived keys, pinned byte by byte.
import 'fake-indexeddb/auto';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { expect, test } from 'vitest';
import { argon2 } from './argon2.ts';
import { readBackup } from './backup-file.ts';
import { aesGcm } from './cipher.ts';
import { jobSeed, ownerSeed, rootOf, seedPair } from './derived-keys.ts';
import { FLOOR, type KdfParameters } from './envelope.ts';
import { FORMAT_1 as pinned } from './format-1.ts';
import { entropyOfWords } from './mnemonic.ts';
import { quickKdf, sampleVault, secret } from './sample-vault.ts';

const file = (): Uint8Array => hexToBytes(pinned.backup);

test('its backup opens with the derivation and the cipher that ship', async () => {
  const backup = await readBackup(file(), secret(pinned.password), { kdf: argon2, cipher: aesGcm(crypto.subtle) });
  expect(backup?.entropy).toEqual(entropyOfWords(secret(pinned.words)));
  expect(backup?.details).toMatchObject({
    selected: 1,
    isBackedUp: true,
    autoLockMinutes: 15,
    accounts: [{ name: 'Account 1' }, { name: 'Savings' }],
  });
});

test('its backup becomes a wallet again, with its accounts and its running job', async () => {
  // The test's clock stands still, so that the new wallet is made as heavy as any; only the file's own derivation has to be the real one.
  const isOfFile = ({ memoryKib, passes }: KdfParameters): boolean => memoryKib === FLOOR.memoryKib && passes === FLOOR.passes;
  const vault = sampleVault({ kdf: (password, salt, how) => (isOfFile(how) ? argon2 : quickKdf)(password, salt, how) });
  const client = vault.client();
  await client.ask({ type: 'import', file: file(), password: secret(pinned.password) });
  const state = await client.ask({ type: 'state' });
  expect(state).toMatchObject({ state: 'open', selected: 1, problem: null });
  expect(state.jobs).toHaveLength(1);
  expect(await client.ask({ type: 'job-key', keyId: pinned.keyId })).toEqual({ publicKey: pinned.jobKey });
  vault.stop();
});

test('its derived keys follow from the words as they did', () => {
  const root = rootOf(entropyOfWords(secret(pinned.words)));
  expect(bytesToHex(seedPair(jobSeed(root, pinned.keyId)).publicKey)).toBe(pinned.jobKey);
  expect(bytesToHex(seedPair(ownerSeed(root, pinned.peerId)).publicKey)).toBe(pinned.ownerKey);
});
