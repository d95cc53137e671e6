// A devnet can be made ready for locks in a few blocks.
import { expect, it } from 'vitest';
import { openBlockfrost } from '@nunet/contracts/chain/blockfrost.ts';
import { startDevnet } from '@nunet/contracts/devnet/start.ts';
import { parkEscrow } from './setup-chain.ts';

it('parks the escrow script where its reference can be read again', async () => {
  const devnet = await startDevnet({ blockTimeMs: 50 });
  try {
    const chain = await openBlockfrost({ url: devnet.url, network: 'devnet' });
    const { referenceScript } = await parkEscrow(devnet.url, chain, AbortSignal.timeout(30_000));
    expect((await chain.output(referenceScript))?.spentBy).toBeNull();
  } finally {
    await devnet.stop();
  }
});
