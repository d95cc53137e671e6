// RunningAgent: how a command speaks to the agent of a data folder.
import { NunetError } from '@nunet/shared/errors.ts';
import { controlSocketOf, orderControl } from '../control-socket.ts';
import type { TerminalOrder } from '../terminal-orders.ts';
import type { CommandIo } from './flags.ts';

const ANSWER_MS = 20_000;

/** The agent's answer, which comes from our own process over the owner's socket. Throws what it refused, or `agent-not-running`. */
export async function order<Answer>(dataPath: string, what: TerminalOrder, io: Pick<CommandIo, 'signal'>): Promise<Answer> {
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(ANSWER_MS)]);
  const answer = await orderControl(controlSocketOf(dataPath), 'order', { ...what }, signal);
  // Every answer to an order is wrapped, so that null alone says that nobody was there.
  if (answer === null) {
    throw new NunetError(
      'agent-not-running',
      `Cannot ask the agent: none runs in ${dataPath}. Start it with: nunet-agent start --data ${dataPath}`,
    );
  }
  return (answer as { answer: Answer }).answer;
}
