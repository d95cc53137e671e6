// wallet: makes the wallet file that `run` pays from, and shows what it holds. Test networks only.
import { resolve } from 'node:path';
import { formatAmount, PREPROD_TNTX } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { assetId, network } from '@nunet/shared/fields.ts';
import { parseFlags, required, urlFlag, type Command, type CommandIo } from './flags.ts';

const flags = {
  wallet: { value: 'FILE', help: 'the wallet file, mode 0600' },
  network: { value: 'NAME', help: 'create: devnet, preview or preprod' },
  chain: { value: 'URL', help: 'show: Blockfrost-compatible API; a project id comes from NUNET_CHAIN_PROJECT_ID' },
  asset: { value: 'POLICY.NAME', help: 'show: the NTX asset in hex (tNTX of preprod)' },
  json: { help: 'one JSON object' },
} as const;

const usage = `Usage: nunet-agent wallet create --wallet FILE --network devnet
       nunet-agent wallet show --wallet FILE --chain URL [--asset POLICY.NAME]`;

const notes = '"create" makes a key that only this file holds: keep a copy. "show" prints address and balance.';

export async function walletCommand(argv: readonly string[], io: CommandIo): Promise<number> {
  const [action, ...rest] = argv;
  if (action !== 'create' && action !== 'show')
    throw new NunetError(
      'flag-invalid',
      `Cannot run wallet: want "wallet create" or "wallet show", ${action === undefined ? 'not "wallet" alone' : `not "wallet ${action.slice(0, 40)}"`}`,
    );
  const given = parseFlags({ name: `wallet ${action}`, flags }, rest);
  const path = resolve(required(`wallet ${action}`, given, 'wallet'));
  const { createWalletFile, openWalletFile } = await import('../wallet-file.ts');
  if (action === 'create') {
    const wanted = required('wallet create', given, 'network');
    if (wanted === 'mainnet')
      throw new NunetError('flag-mainnet', 'Cannot create a wallet for mainnet: this program handles test networks only');
    const parsed = network.safeParse(wanted);
    if (!parsed.success)
      throw new NunetError(
        'flag-invalid',
        `Cannot create a wallet: --network must be devnet, preview or preprod, not "${wanted.slice(0, 40)}"`,
      );
    const wallet = await createWalletFile(path, parsed.data);
    io.print(
      given.json === true
        ? JSON.stringify({ address: wallet.address, network: wallet.network, wallet: path })
        : `${wallet.address}\nKept in ${path}; send test ADA and NTX to the address.`,
    );
    return 0;
  }
  const url = urlFlag('wallet show', 'chain', required('wallet show', given, 'chain'));
  const wallet = await openWalletFile(path);
  const [policyId = '', assetName = ''] = (given.asset ?? `${PREPROD_TNTX.policyId}.${PREPROD_TNTX.assetName}`).split('.');
  const asset = assetId.safeParse({ policyId, assetName });
  if (!asset.success) throw new NunetError('flag-invalid', 'Cannot show the wallet: --asset must be POLICY.NAME in hex');
  const projectId = process.env['NUNET_CHAIN_PROJECT_ID'];
  const { openBlockfrost } = await import('@nunet/contracts/chain/blockfrost.ts');
  const { balanceOf } = await import('@nunet/contracts/holdings.ts');
  const chain = await openBlockfrost({
    url,
    network: wallet.network,
    signal: io.signal,
    ...(projectId === undefined ? {} : { projectId }),
  });
  const balance = balanceOf(await chain.utxos(wallet.address, { signal: io.signal }), asset.data);
  io.print(
    given.json === true
      ? JSON.stringify({
          address: wallet.address,
          network: wallet.network,
          lovelace: balance.lovelace.toString(),
          baseUnits: balance.baseUnits.toString(),
        })
      : `${wallet.address}\n${formatAmount(balance.baseUnits)} NTX\n${formatAmount(balance.lovelace)} ADA`,
  );
  return 0;
}

export const command: Command = {
  name: 'wallet',
  summary: 'make or show the wallet file that run pays from',
  flags,
  usage,
  notes,
  run: walletCommand,
};
