// NUNET_KILL_AT_WRITE="3:before" kills this process around its fourth journal write, as a power cut would.
import type { JournalOptions } from '@nunet/node-agent/journal.ts';

/** Undefined unless the variable is set: then nothing of this runs. */
export function killAtWrite(setting: string | undefined): JournalOptions<unknown>['hooks'] {
  const match = /^(\d{1,6}):(before|after)$/.exec(setting ?? '');
  if (match === null) return undefined;
  const at = Number(match[1]);
  let writes = 0;
  const hit = (when: string): void => {
    if (writes === at && match[2] === when) process.kill(process.pid, 'SIGKILL');
  };
  return {
    before: () => hit('before'),
    after: () => {
      hit('after');
      writes += 1;
    },
  };
}
