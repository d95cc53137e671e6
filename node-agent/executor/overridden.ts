// An executor with some of its methods replaced, all else as it is: for what is added around any executor.
import type { Executor } from './executor.ts';

/** Executors are classes with private fields, which want to be called on themselves. */
export function overridden(executor: Executor, methods: Partial<Executor>): Executor {
  return new Proxy(executor, {
    get(target, name) {
      const own: unknown = Reflect.get(methods, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}
