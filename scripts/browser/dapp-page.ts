// Runs in a plain web page: a dApp on Mesh's BrowserWallet, which knows CIP-30 and nothing of us.
import '@nunet/extension/chain/mesh-shims/globals.ts';
import { BrowserWallet, MeshTxBuilder } from '@meshsdk/core';

let connected: BrowserWallet | undefined;
const wallet = (): BrowserWallet => {
  if (connected === undefined) throw new Error('not connected');
  return connected;
};

/** A failure as CIP-30 throws it, or as the library wraps it. */
const told = (error: unknown): string => (error instanceof Error ? error.message : JSON.stringify(error));

const inPage = {
  wallets: () => BrowserWallet.getInstalledWallets().map(({ id, name, version, icon }) => ({ id, name, version, icon: icon.slice(0, 22) })),
  async connect(extensions: number[] = []): Promise<string> {
    try {
      connected = await BrowserWallet.enable(
        'nunet',
        extensions.map((cip) => ({ cip })),
      );
      return 'connected';
    } catch (error) {
      return told(error);
    }
  },
  async look() {
    const [address, rewards, utxos, balance, network, extensions] = await Promise.all([
      wallet().getChangeAddress(),
      wallet().getRewardAddresses(),
      wallet().getUtxos(),
      wallet().getBalance(),
      wallet().getNetworkId(),
      wallet().getExtensions(),
    ]);
    return {
      address,
      rewards,
      utxos: utxos.length,
      lovelace: balance.find(({ unit }) => unit === 'lovelace')?.quantity,
      network,
      extensions,
    };
  },
  /** A payment that the library builds from what the wallet shows; signed by the wallet, put together by the library. */
  async sign(to: string, lovelace: string): Promise<string> {
    try {
      const utxos = await wallet().getUtxos();
      const change = await wallet().getChangeAddress();
      const unsigned = await new MeshTxBuilder({})
        .txOut(to, [{ unit: 'lovelace', quantity: lovelace }])
        .changeAddress(change)
        .selectUtxosFrom(utxos)
        .complete();
      return await wallet().signTx(unsigned);
    } catch (error) {
      return told(error);
    }
  },
  submit: (tx: string) => wallet().submitTx(tx).catch(told),
  async signText(text: string): Promise<unknown> {
    try {
      return await wallet().signData(text, await wallet().getChangeAddress());
    } catch (error) {
      return told(error);
    }
  },
  /** Many at once; how many of each answer came. */
  async flood(times: number): Promise<Record<string, number>> {
    const cardano = (globalThis as unknown as { cardano: { nunet: { enable(): Promise<unknown> } } }).cardano;
    const answers = await Promise.all(
      Array.from({ length: times }, () =>
        cardano.nunet.enable().then(
          () => 'connected',
          (error: { code: number }) => String(error.code),
        ),
      ),
    );
    return Object.fromEntries([...new Set(answers)].map((answer) => [answer, answers.filter((one) => one === answer).length]));
  },
  /** What a frame of this page finds. */
  frames: () =>
    Promise.all(
      [...document.querySelectorAll('iframe')].map(
        (frame) =>
          new Promise((resolve) => {
            addEventListener('message', (event) => {
              if (event.source === frame.contentWindow) resolve([frame.id, event.data]);
            });
            frame.contentWindow?.postMessage('what do you see?', '*');
          }),
      ),
    ),
};

export type DappPage = typeof inPage;
Object.assign(globalThis, { dapp: inPage });
