// The edge's fee wallet: one enterprise address whose ADA stands as collateral while a settlement pays its own fee.
import { addressOf } from '@nunet/contracts/address.ts';
import type { Utxo, Source } from '@nunet/contracts/chain/chain.ts';
import { scriptOfLock } from '@nunet/contracts/parked-script.ts';
import { keyHash, signTransaction, transactionId } from '@nunet/contracts/sign.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText } from '@nunet/shared/fields.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { Settler } from './ports.ts';

/** What the ledger can ask for a fee of 0.6 ADA. */
const LEAST_COLLATERAL = 1_000_000n;

/** The smallest ADA-only output that will do: a settlement puts small ones up whole. */
function collateralFrom(utxos: readonly Utxo[]): Utxo | undefined {
  return utxos
    .filter(
      ({ assets, lovelace, referenceScriptHash }) =>
        assets.length === 0 && lovelace >= LEAST_COLLATERAL && referenceScriptHash === undefined,
    )
    .reduce<Utxo | undefined>((least, utxo) => (least === undefined || utxo.lovelace < least.lovelace ? utxo : least), undefined);
}

/** `secretKey`: Ed25519 payment key, 32 bytes hex. Mesh is loaded with the first settlement only: it costs 150 MB. */
export function createSettler(chain: Source, secretKey: string, record: () => NetworkRecord): Settler {
  const address = addressOf({ payment: { kind: 'key', hash: keyHash(secretKey) } });
  const load = () => import('@nunet/contracts/settle.ts');
  return {
    address,
    prepare: () => void load().catch(() => undefined),
    async settle(lock, ending, signal) {
      const { buildSettle } = await load();
      const [state, utxos, parameters] = await Promise.all([
        chain.output(lock, signal),
        chain.utxos(address, { signal }),
        chain.parameters(signal),
      ]);
      if (state === null) throw new NunetError('lock-unknown', `Cannot settle ${referenceText(lock)}: it is not on chain (any more)`);
      const { script, scriptAt } = await scriptOfLock(chain, record(), state.utxo, signal);
      const collateral = collateralFrom(utxos);
      if (collateral === undefined) {
        throw new NunetError('funds-insufficient', `Cannot settle: the fee wallet has no ADA-only output; send 5 ADA to ${address}`);
      }
      const built = await buildSettle(
        {
          locks: [{ ...ending, utxo: state.utxo }],
          payer: { utxos, changeAddress: address },
          parameters,
          run: { script, scriptAt, collateral, evaluate: (cbor, s) => chain.evaluate(cbor, s) },
        },
        signal,
      );
      const cbor = signTransaction(built.cbor, [secretKey]);
      return { txId: transactionId(cbor), cbor, fee: built.fee };
    },
  };
}
