// `node edge/create-keys.ts --network preprod --oracle-key FILE --fee-key FILE`: makes both key files and prints what is public of them.
import { parseArgs } from 'node:util';
import { hexToBytes } from '@noble/hashes/utils.js';
import { addressOf } from '@nunet/contracts/address.ts';
import { keyHash } from '@nunet/contracts/sign.ts';
import { network } from '@nunet/shared/fields.ts';
import { signerOf } from '@nunet/shared/signature.ts';
import { createKeyFile } from './key-file.ts';

const USAGE = 'Usage: node edge/create-keys.ts --network devnet|preview|preprod --oracle-key FILE --fee-key FILE';

try {
  const { values } = parseArgs({
    options: { network: { type: 'string' }, 'oracle-key': { type: 'string' }, 'fee-key': { type: 'string' } },
  });
  const of = network.safeParse(values.network);
  if (!of.success || values['oracle-key'] === undefined || values['fee-key'] === undefined) throw new Error(USAGE);
  const oracle = await createKeyFile(values['oracle-key'], of.data, 'oracleKey');
  const fee = await createKeyFile(values['fee-key'], of.data, 'paymentKey');
  const feeAddress = addressOf({ payment: { kind: 'key', hash: keyHash(fee) } });
  console.log(JSON.stringify({ network: of.data, oracleKey: signerOf(hexToBytes(oracle)).publicKey, feeAddress }));
} catch (error) {
  console.error((error as Error).message);
  process.exit(2);
}
