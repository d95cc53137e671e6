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
    for (const { buffer } of memories.splice(0)) new Uint8Array(buffer).fill(0);
  }
}

const HINT_BYTES = 64 << 20;
const HINTS = 4;

/**
 * An idle worker collects nothing, so that the derivation's memory would stay as long as the wallet is open. Reserving as much again, which
 * costs nothing because it is never touched, makes V8 collect: of 214 MB of a process 80 were left (measured under Node 24).
 */
function letGo(): void {
  try {
    // Not `new`, which a bundler takes away where nothing becomes of it.
    for (let hint = 0; hint < HINTS; hint++) Reflect.construct(ArrayBuffer, [HINT_BYTES]);
  } catch {
    // No room even to reserve it: then the browser is collecting already.
  }
}

/** One at a time: the vault does one thing after another. */
export const argon2: Kdf = async (password, salt, { memoryKib, passes }) => {
  try {
    return await withMemoriesWiped(() =>
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
  } finally {
    letGo();
  }
};
