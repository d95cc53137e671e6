// The one WebAssembly file that the package carries: onnxruntime's, beside the scripts.
export const SCORE_WASM = '/onnxruntime.wasm';
