// Stands in for libsodium, whose WebAssembly the policy of the extension does not let run: Mesh signs and derives with it, and this
// worker does neither. What is called in spite of that fails by name.
export const ready: Promise<void> = Promise.resolve();
const absent = (name: string): never => {
  throw new Error(`${name} has no place in the transaction worker: it holds no key`);
};
const own: Record<string, unknown> = { ready };
export default new Proxy(own, {
  get: (_, name) => (typeof name === 'symbol' || name in own ? own[String(name)] : () => absent(name)),
});
