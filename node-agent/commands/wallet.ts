// wallet: makes the wallet file that `run` pays from, shows what it holds, and finds its locks again. Test networks only.
import { resolve } from 'node:path';
import { formatAmount, PREPROD_TNTX } from '@nunet/shared/amount.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { assetId, network } from '@nunet/shared/fields.ts';
import { parseFlags, pinnedFlags, required, sourceFlag, type Command, type CommandIo } from './flags.ts';

const flags = {
  wallet: { value: 'FILE', help: 'the wallet file, mode 0600' },
  network: { value: 'NAME', help: 'create: devnet, preview or preprod' },
  chain: { value: 'URL', help: 'Blockfrost-compatible API, or koios:URL; a project id comes from NUNET_CHAIN_PROJECT_ID' },
  asset: { value: 'POLICY.NAME', help: 'show: the NTX asset in hex (tNTX of preprod)' },
  address: { value: 'ADDR', help: 'locks: of this address, in place of a wallet file' },
  'network-record': { value: 'FILE', help: 'locks, reclaim: signed record of the network, which names every escrow' },
  pinned: { value: 'KEY,...', help: 'locks, reclaim: public keys that sign the network record' },
  'pinned-threshold': { value: 'N', help: 'how many of them must have signed (all)' },
  lock: { value: 'TXID#INDEX', many: true, help: 'reclaim: this lock only' },
  all: { help: 'reclaim: everything that is refundable, without asking' },
  json: { help: 'one JSON object' },
} as const;

const usage = `Usage: nunet-agent wallet create --wallet FILE --network devnet
       nunet-agent wallet show --wallet FILE --chain URL [--asset POLICY.NAME]
       nunet-agent wallet locks --wallet FILE --chain URL
                   --network-record FILE --pinned KEY
       nunet-agent wallet reclaim --wallet FILE --chain URL
                   --network-record FILE --pinned KEY [--all]`;

const notes = `"create" makes a key that only this file holds: keep a copy. "show" prints address and balance.
"locks" lists what is locked, refundable, claimable and settled, and "reclaim" takes back what is refundable. Both ask the chain alone and need no job folder.`;

const ACTIONS = ['create', 'show', 'locks', 'reclaim'] as const;

export async function walletCommand(argv: readonly string[], io: CommandIo): Promise<number> {
  const [action, ...rest] = argv;
  if (!ACTIONS.some((known) => known === action)) {
    const wanted = ACTIONS.map((known) => `"wallet ${known}"`).join(', ');
    throw new NunetError(
      'flag-invalid',
      `Cannot run wallet: want ${wanted}, not ${action === undefined ? '"wallet" alone' : `"wallet ${action.slice(0, 40)}"`}`,
    );
  }
  const given = parseFlags({ name: `wallet ${action}`, flags }, rest);
  if (action === 'locks' || action === 'reclaim') {
    const { showLocks, reclaimLocks } = await import('../wallet-locks.ts');
    const name = `wallet ${action}`;
    const options = {
      wallet: given.wallet === undefined && action === 'locks' ? undefined : resolve(required(name, given, 'wallet')),
      address: given.address,
      chainUrl: sourceFlag(name, 'chain', required(name, given, 'chain')),
      networkRecord: resolve(required(name, given, 'network-record')),
      pinned: pinnedFlags(name, { pinned: required(name, given, 'pinned'), threshold: given['pinned-threshold'] }),
      json: given.json === true,
    };
    if (options.wallet === undefined) {
      if (options.address === undefined)
        throw new NunetError('flag-missing', 'Cannot run wallet locks: give --wallet FILE or --address ADDR');
      return await showLocks({ ...options, wallet: undefined }, io);
    }
    if (action === 'locks') return await showLocks(options, io);
    return await reclaimLocks({ ...options, wallet: options.wallet, all: given.all === true, only: given.lock ?? [] }, io);
  }
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
  const url = sourceFlag('wallet show', 'chain', required('wallet show', given, 'chain'));
  const wallet = await openWalletFile(path);
  const [policyId = '', assetName = ''] = (given.asset ?? `${PREPROD_TNTX.policyId}.${PREPROD_TNTX.assetName}`).split('.');
  const asset = assetId.safeParse({ policyId, assetName });
  if (!asset.success) throw new NunetError('flag-invalid', 'Cannot show the wallet: --asset must be POLICY.NAME in hex');
  const projectId = process.env['NUNET_CHAIN_PROJECT_ID'];
  const { openSource } = await import('@nunet/contracts/chain/open.ts');
  const { balanceOf } = await import('@nunet/contracts/holdings.ts');
  const chain = await openSource({ source: url, projectId }, wallet.network, io.signal);
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
  summary: 'make, show or recover the wallet that run pays from',
  flags,
  usage,
  notes,
  actions: ACTIONS,
  run: walletCommand,
};
