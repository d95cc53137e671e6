// pause, resume: no new jobs, or jobs again. What runs goes on; a pause outlasts a restart.
import { resolve as resolvePath } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { pathsOf, readConfig } from '../config.ts';
import { writePause } from '../pause-file.ts';
import { clock } from '../system-clock.ts';
import { parseFlags, type Command, type CommandIo } from './flags.ts';
import { DEFAULT_DATA } from './onboard-flags.ts';
import { order } from './running-agent.ts';

const flags = {
  data: { value: 'FOLDER', help: `folder of the agent (${DEFAULT_DATA})` },
  json: { help: 'one JSON object' },
} as const;

const SAYS = {
  pause: { live: 'No new jobs are taken; what runs goes on.', later: 'No jobs will be taken when the agent is started.' },
  resume: { live: 'New jobs are taken.', later: 'Jobs will be taken when the agent is started.' },
} as const;

const runAs =
  (name: 'pause' | 'resume') =>
  async (argv: readonly string[], io: CommandIo): Promise<number> => {
    const given = parseFlags({ name, flags }, argv);
    const dataPath = resolvePath(given.data ?? DEFAULT_DATA);
    const paths = pathsOf(dataPath);
    await readConfig(paths.config);
    let isRunning = true;
    try {
      await order(dataPath, { type: name }, io);
    } catch (error) {
      if (!(error instanceof NunetError && error.code === 'agent-not-running')) throw error;
      isRunning = false;
      await writePause(paths.pause, name === 'pause' ? 'terminal' : null, clock.now());
    }
    io.print(given.json === true ? JSON.stringify({ isPaused: name === 'pause', isRunning }) : SAYS[name][isRunning ? 'live' : 'later']);
    return 0;
  };

const notes = 'Works with and without a running agent.';
export const pause: Command = { name: 'pause', summary: 'take no new jobs; what runs goes on', flags, notes, run: runAs('pause') };
export const resume: Command = { name: 'resume', summary: 'take jobs again after a pause', flags, notes, run: runAs('resume') };
