// A confinement whose child was taken over: in place of our script runs attacks.pl, which tries any system call. For the escape suite.
import { perlFiles } from './container/attack-image.ts';
import type { Visible } from './child-runtime.ts';
import type { Confinement } from './confinement.ts';

/** `script`: a copy of attacks.pl where anybody may read it. The first child of the executor is the probe's, and honest. */
export async function takenOver(confinement: Confinement, script: string): Promise<Confinement> {
  const perl = await perlFiles();
  let launches = 0;
  return {
    name: confinement.name,
    aims: confinement.aims,
    launch(runtime, limits) {
      if (launches++ === 0) return confinement.launch(runtime, limits);
      // What is visible already must not be mounted again: the launcher of util-linux empties the file that it mounts over.
      const isSeen = (path: string): boolean => runtime.visible.some(({ to }) => to === path || path.startsWith(`${to}/`));
      const more: Visible[] = [...perl, { from: script, to: '/attack', folder: false }].filter(({ to }) => !isSeen(to));
      return confinement.launch(
        { ...runtime, visible: [...runtime.visible, ...more], inside: ['/usr/bin/perl', '/attack', 'embedded'] },
        limits,
      );
    },
  };
}
