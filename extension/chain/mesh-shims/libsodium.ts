// Stands in for libsodium, whose WebAssembly the policy of the extension does not let run: Mesh signs and derives with it, and this
// worker does neither. What is called in spite of that fails by name.
export const ready: Promise<void> = Promise.resolve();
const absent = (name: string): never => {
  throw new Error(`${name} has no place in the transaction worker: it holds no key`);
};
export default new Proxy({ ready } as Record<string, unknown>, {
  get: (own, name) => (name in own || typeof name === 'symbol' ? own[name as string] : () => absent(name)),
});
