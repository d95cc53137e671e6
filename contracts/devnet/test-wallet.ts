// A Mesh wallet on a devnet, for tests: the real provider and the real builder over the devnet's face.
import { BlockfrostProvider, MeshTxBuilder, MeshWallet, type UTxO } from '@meshsdk/core';
import type { Devnet } from './start.ts';

export interface TestWallet {
  wallet: MeshWallet;
  provider: BlockfrostProvider;
  address: string;
  utxos: () => Promise<UTxO[]>;
  /** A builder with the devnet's live cost models. */
  builder: () => Promise<MeshTxBuilder>;
}

/** Never a fixed seed: each run has its own wallet on its own chain. */
export async function testWallet({ url }: Devnet): Promise<TestWallet> {
  const provider = new BlockfrostProvider(url);
  const wallet = new MeshWallet({
    networkId: 0,
    fetcher: provider,
    submitter: provider,
    key: { type: 'mnemonic', words: MeshWallet.brew() as string[] },
  });
  await wallet.init();
  const address = await wallet.getChangeAddress();
  return {
    wallet,
    provider,
    address,
    utxos: () => provider.fetchAddressUTxOs(address),
    builder: async () => {
      const builder = new MeshTxBuilder({ fetcher: provider, submitter: provider, params: await provider.fetchProtocolParameters() });
      builder.setCostModels(await provider.fetchCostModels());
      return builder;
    },
  };
}

/** Everything that the controls answer with. */
export interface ControlAnswer {
  txId: string;
  message: string;
  slot: number;
  timeMs: number;
  found: boolean;
}

export async function post(url: string, body: unknown): Promise<{ status: number; json: ControlAnswer }> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return { status: response.status, json: (await response.json()) as ControlAnswer };
}

/** Pays from the faucet and makes the block that holds it. */
export async function fund(
  { url, ledger }: Devnet,
  address: string,
  request: { lovelace?: number; ntxBaseUnits?: number; outputs?: number } = {},
): Promise<string> {
  const { status, json } = await post(`${url}/devnet/faucet`, { address, ...request });
  if (status !== 200) throw new Error(json.message);
  ledger.makeBlock();
  return json.txId;
}
