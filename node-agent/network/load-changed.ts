// Loads a library with pieces of its text replaced: for defects that its own release has and that no option reaches.
import { registerHooks } from 'node:module';
import { basename } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';

export interface Change {
  file: RegExp;
  from: string;
  to: string;
}

/**
 * `load` must be the first import of what it loads. Throws `library-other` for a release that has other code: half of the changes
 * would be worse than none, and versions are pinned.
 */
export async function loadChanged<T>(changes: readonly Change[], load: () => Promise<T>): Promise<T> {
  const hooks = registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const wanted = changes.filter(({ file }) => file.test(url));
      if (wanted.length === 0 || loaded.source === null || loaded.source === undefined) return loaded;
      const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
      return { ...loaded, source: wanted.reduce((text, change) => changed(text, change, url), source) };
    },
  });
  try {
    return await load();
  } finally {
    hooks.deregister();
  }
}

function changed(text: string, { from, to }: Change, url: string): string {
  if (text.includes(from)) return text.replace(from, () => to);
  throw new NunetError('library-other', `Cannot load ${basename(url)}: it does not hold what is to be changed: ${from.slice(0, 80)}`);
}
