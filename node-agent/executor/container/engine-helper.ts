// The engine helper's process: alone opens the container engine's socket, speaks the closed protocol with the agent that started it, and ends with it.
import { NunetError } from '@nunet/shared/errors.ts';
import { HelperDesk } from './helper-desk.ts';
import { toHelper, type FromHelper } from './helper-protocol.ts';

const send = (message: FromHelper): void => {
  if (process.connected) process.send?.(message);
};

const desk = new HelperDesk({
  clock: { now: () => Date.now(), machine: () => Number(process.hrtime.bigint() / 1_000n) / 1_000 },
  uid: process.getuid?.() ?? 0,
  tell: send,
});
const asked = new Map<number, AbortController>();

process.on('message', (value: unknown) => {
  const message = toHelper.parse(value);
  if (message.type === 'abort') {
    asked.get(message.seq)?.abort(new NunetError('aborted', 'Cannot go on: the agent gave it up'));
    return;
  }
  const { seq, body } = message;
  const abort = new AbortController();
  asked.set(seq, abort);
  desk
    .answer(body, seq, abort.signal)
    .then(
      (answer) => send({ type: 'answer', seq, body: answer }),
      (error: unknown) => {
        const isOurs = error instanceof NunetError;
        const code = isOurs ? error.code : 'engine-helper';
        const text = error instanceof Error ? error.message : String(error);
        send({ type: 'refused', seq, code: code.slice(0, 60), message: text.slice(0, 2_000) });
      },
    )
    .finally(() => asked.delete(seq));
});

// The agent is gone: jobs go on in the engine, and its next start finds them by their labels.
process.on('disconnect', () => process.exit(0));
// A terminal's Ctrl-C goes to the whole group: the agent decides when its helper ends.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => undefined);
