// pair: shows a code with which the owner's extension takes hold of the running agent, and waits until it has.
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NunetError } from '@nunet/shared/errors.ts';
import type { PairingState } from '../pairing.ts';
import { plainLine } from '../plain-text.ts';
import { parseFlags, type Command, type CommandIo } from './flags.ts';
import { DEFAULT_DATA } from './onboard-flags.ts';
import { order } from './running-agent.ts';

const flags = {
  data: { value: 'FOLDER', help: `folder of the agent (${DEFAULT_DATA})` },
  another: { help: 'yes, add an owner although there is one already' },
  json: { help: 'the code as one JSON line, without waiting for its use' },
} as const;

/** Between two looks at whether the code was used. */
const LOOK_MS = 500;

interface Code {
  code: string;
  untilMs: number;
  addresses: string[];
}

async function startPairing(dataPath: string, another: boolean, io: CommandIo): Promise<Code> {
  try {
    return await order<Code>(dataPath, { type: 'pair', another }, io);
  } catch (error) {
    if (!(error instanceof NunetError && error.code === 'owner-known')) throw error;
    if (io.ask === undefined)
      throw new NunetError('owner-known', `${error.message}. Run again with --another to add one`, { cause: error });
    io.print(plainLine(error.message));
    const answer = await io.ask('Another owner can do all that the first one can. Add one? (yes/no) ');
    if (answer.trim().toLowerCase() !== 'yes')
      throw new NunetError('owner-known', 'No code was made: nothing has changed', { cause: error });
    return order<Code>(dataPath, { type: 'pair', another: true }, io);
  }
}

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const given = parseFlags({ name: 'pair', flags }, argv);
  const dataPath = resolve(given.data ?? DEFAULT_DATA);
  const { code, untilMs, addresses } = await startPairing(dataPath, given.another === true, io);
  if (given.json === true) {
    io.print(JSON.stringify({ code, untilMs, addresses }));
    return 0;
  }
  io.print('In the extension, open "My machines", choose "Pair a machine" and enter:');
  io.print('');
  io.print(`  ${code}`);
  io.print('');
  io.print('It can be used once, within five minutes. Show it to nobody: whoever enters it controls this agent.');
  if (addresses.length > 0) {
    io.print('Where the extension does not find the machine by itself, it asks for one of these addresses:');
    for (const address of addresses) io.print(`  ${address}`);
  }
  for (;;) {
    const state = await order<PairingState>(dataPath, { type: 'pairing' }, io).catch((error: unknown) => {
      io.signal.throwIfAborted();
      throw error;
    });
    if (state.state === 'paired') {
      io.print(plainLine(`Paired: ${state.name} controls this agent now (key ${state.publicKey.slice(0, 16)}...).`));
      io.print('Take it back at any time with: nunet-agent owners revoke');
      return 0;
    }
    if (state.state === 'failed') {
      throw new NunetError(
        'pairing-failed',
        state.why === 'expired'
          ? 'Nobody paired within five minutes; the code is worth nothing any more'
          : 'The code was entered wrongly five times and is worth nothing any more; if that was not you, somebody tried to guess it',
      );
    }
    if (state.state === 'none')
      throw new NunetError('pairing-failed', 'The code was taken back, by another "nunet-agent pair" or a restart');
    try {
      await sleep(LOOK_MS, undefined, { signal: io.signal });
    } catch {
      await order(dataPath, { type: 'pair-cancel' }, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
      io.print('The code was taken back.');
      return 130;
    }
  }
}

export const command: Command = {
  name: 'pair',
  summary: 'show a code with which your extension takes control of this agent',
  flags,
  notes:
    'Ctrl-C takes the code back. What an owner may change from afar without a word at this terminal only narrows what the agent lends; see nunet-agent confirm.',
  run,
};
