// Keeps onnxruntime's WebAssembly out of the script that runs it: Vite would inline 14 MB of it, twice, as text.
import type { Plugin } from 'vite';

const NAMED = 'new URL("ort-wasm-simd-threaded.wasm",import.meta.url).href';

/** The bytes are handed in (`env.wasm.wasmBinary`), so the name that is left is never resolved. */
export const packagedWasm = (): Plugin => ({
  name: 'nunet:packaged-wasm',
  enforce: 'pre',
  transform(code, id) {
    if (!id.includes('onnxruntime-web')) return null;
    if (!code.includes(NAMED)) throw new Error(`${id} names its WebAssembly in another way than this plugin knows`);
    return { code: code.replaceAll(NAMED, '""'), map: null };
  },
});
