// Loads a library with pieces of its text replaced: for defects that its own release has and that no option reaches.
import { registerHooks } from 'node:module';

export interface Change {
  file: RegExp;
  from: string;
  to: string;
}

/** `load` must be the first import of what it loads. A release that has other code passes unchanged: a test has to notice. */
export async function loadChanged<T>(changes: readonly Change[], load: () => Promise<T>): Promise<T> {
  const hooks = registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const wanted = changes.filter(({ file }) => file.test(url));
      if (wanted.length === 0 || loaded.source === null || loaded.source === undefined) return loaded;
      const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
      return { ...loaded, source: wanted.reduce((text, { from, to }) => text.replace(from, () => to), source) };
    },
  });
  try {
    return await load();
  } finally {
    hooks.deregister();
  }
}
