// Argon2id by hash-wasm: a third of the time that JavaScript takes, so that the same patience buys more protection.
import { argon2id } from 'hash-wasm';
import { KEY_BYTES, type Kdf } from './envelope.ts';

/** hash-wasm leaves the password in the memory of an instance that nobody else gets hold of. Instances are noted as they are made, and their memories overwritten. */
async function withMemoriesWiped<T>(work: () => Promise<T>): Promise<T> {
  const memories: WebAssembly.Memory[] = [];
  const { instantiate } = WebAssembly;
  const noting = async (module: WebAssembly.Module, imports?: WebAssembly.Imports): Promise<WebAssembly.Instance> => {
    const instance = await instantiate(module, imports);
    const { memory } = instance.exports;
    if (memory instanceof WebAssembly.Memory) memories.push(memory);
    return instance;
  };
  Object.assign(WebAssembly, { instantiate: noting });
  try {
    return await work();
  } finally {
    Object.assign(WebAssembly, { instantiate });
    for (const { buffer } of memories) new Uint8Array(buffer).fill(0);
  }
}

/** One at a time: the vault does one thing after another. */
export const argon2: Kdf = (password, salt, { memoryKib, passes }) =>
  withMemoriesWiped(() =>
    argon2id({
      password,
      salt,
      iterations: passes,
      memorySize: memoryKib,
      parallelism: 1,
      hashLength: KEY_BYTES,
      outputType: 'binary',
    }),
  );
