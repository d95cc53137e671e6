// The vault behind ports: parses what comes, answers each request once, tells every port of each new state, and says when it ends.
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import type { FromVault } from './messages.ts';
import { forgetSecrets, messageId, readRequest } from './read-request.ts';
import { Vault, type VaultParts } from './vault.ts';

/** A page that is gone may not have said so; of more than this the oldest are forgotten. */
const MAX_PORTS = 64;
/** Requests of one port at a time: nobody can keep the others waiting for long. */
const MAX_OPEN_REQUESTS = 32;

/** `end`: ends the worker, and its heap with it. */
export type ServeParts = Omit<VaultParts, 'changed' | 'ended'> & { end: () => void };

const transferOf = (value: unknown): Transferable[] =>
  typeof value === 'object' && value !== null
    ? Object.values(value).flatMap((part: unknown) =>
        part instanceof Uint8Array && part.buffer instanceof ArrayBuffer ? [part.buffer] : [],
      )
    : [];

/** Gives the function that takes over a port. */
export function serveVault({ end, ...parts }: ServeParts): (port: MessagePort) => void {
  const ports = new Set<MessagePort>();
  let isEnded = false;
  let isStarted = false;
  const tell = (message: FromVault): void => {
    for (const port of ports) port.postMessage(message);
  };
  const vault = new Vault({
    ...parts,
    changed: () => {
      if (isStarted) tell({ type: 'state', state: vault.state });
    },
    ended: () => {
      isEnded = true;
      // After the answer to the request that ended it.
      parts.after(0, () => {
        tell({ type: 'closing', state: vault.state });
        end();
      });
    },
  });
  void vault.started().then(() => {
    isStarted = true;
    tell({ type: 'state', state: vault.state });
  });

  return (port) => {
    if (isEnded) {
      port.postMessage({ type: 'closing', state: vault.state } satisfies FromVault);
      return;
    }
    ports.add(port);
    for (const oldest of ports) {
      if (ports.size <= MAX_PORTS) break;
      ports.delete(oldest);
      vault.left(oldest);
      oldest.close();
    }
    let open = 0;
    const take = async (data: unknown): Promise<void> => {
      const id = messageId(data);
      if (id === null) {
        forgetSecrets(data);
        return;
      }
      open += 1;
      try {
        if (open > MAX_OPEN_REQUESTS)
          throw new NunetError('too-many-requests', 'This page asks the wallet for too much at once; wait for an answer');
        const value = await vault.ask(readRequest(data), port);
        port.postMessage({ type: 'reply', id, value, closing: isEnded ? vault.state : null } satisfies FromVault, transferOf(value));
      } catch (error) {
        port.postMessage({ type: 'failed', id, ...safeError(error) } satisfies FromVault);
      } finally {
        open -= 1;
        forgetSecrets(data);
      }
    };
    port.onmessage = ({ data }: MessageEvent<unknown>) => void take(data);
    port.addEventListener('close', () => {
      ports.delete(port);
      vault.left(port);
    });
    port.start();
    if (isStarted) port.postMessage({ type: 'state', state: vault.state } satisfies FromVault);
  };
}
