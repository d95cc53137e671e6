// Runs in every page's own world: `window.cardano.nunet` of CIP-30. Inert until the page calls something; every byte of it is paid for
// by every page, so it knows the names of the methods and nothing else.
import { ICON } from './icon.ts';
import { PAGE_HELLO, type AnswerMessage } from './wire.ts';

type Method = (...args: unknown[]) => Promise<unknown>;
type Methods = Record<string, Method>;
interface Scope {
  cardano?: Record<string, unknown>;
  postMessage(message: unknown, target: string, transfer: Transferable[]): void;
}

const READ = 'NetworkId Utxos Collateral Balance UsedAddresses UnusedAddresses ChangeAddress RewardAddresses Extensions';
const BULK = ['signTxs', 'submitTxs'];

export function addWallet(scope: Scope): void {
  const waiting = new Map<number, [(value: unknown) => void, (reason: unknown) => void]>();
  let port: MessagePort | undefined;
  let next = 0;

  const connect = (): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data: [id, isOk, text] }: MessageEvent<AnswerMessage>) => {
      waiting.get(id)?.[isOk ? 0 : 1](JSON.parse(text));
      waiting.delete(id);
    };
    scope.postMessage(PAGE_HELLO, '*', [port2]);
    return port1;
  };
  const methodsOf = (names: string[], prefix = ''): Methods =>
    Object.fromEntries(
      names.map((name) => [
        name,
        (...args: unknown[]) =>
          new Promise((resolve, reject) => {
            let text: string;
            try {
              text = JSON.stringify([prefix + name, ...args]);
            } catch {
              // Circular, a BigInt, or a getter that throws: nothing of it leaves the page.
              reject({ code: -1, info: 'Arguments must be plain values' });
              return;
            }
            port ??= connect();
            waiting.set(next, [resolve, reject]);
            port.postMessage([next++, text]);
          }),
      ]),
    );

  const { enable, isEnabled } = methodsOf(['enable', 'isEnabled']) as { enable: Method; isEnabled: Method };
  const parts: Record<number, [prefix: string, names: string]> = {
    95: ['cip95.', 'getPubDRepKey getRegisteredPubStakeKeys getUnregisteredPubStakeKeys signData'],
    103: ['cip103.', BULK.join(' ')],
    142: ['cip142.', 'getNetworkMagic'],
  };
  const api = (extensions: number[]): object => {
    const methods = methodsOf([...READ.split(' ').map((name) => `get${name}`), 'signTx', 'signData', 'submitTx', ...BULK]);
    return {
      ...methods,
      experimental: { getCollateral: methods['getCollateral'], ...methodsOf(BULK) },
      ...Object.fromEntries(
        extensions.flatMap((cip) => {
          const part = parts[cip];
          return part === undefined ? [] : [[`cip${cip}`, methodsOf(part[1].split(' '), part[0])]];
        }),
      ),
    };
  };

  const wallet = {
    apiVersion: '1',
    name: 'NuNet',
    icon: ICON,
    supportedExtensions: Object.freeze(Object.keys(parts).map((cip) => Object.freeze({ cip: +cip }))),
    isEnabled: () => isEnabled(),
    enable: async (wanted?: unknown) => api((await enable(wanted)) as number[]),
  };
  // Frozen is what is ours; the namespace is everybody's, and pages and other wallets write to it.
  try {
    Object.defineProperty((scope.cardano ??= {}), 'nunet', { value: Object.freeze(wallet), enumerable: true });
  } catch {
    // Another wallet has frozen it.
  }
}
