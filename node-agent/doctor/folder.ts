// The data folder as it lies there: permissions, configuration, key, network record, payout statement. Pure; what cannot be read comes as its error.
import type { AgentConfig } from '../config.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { PayoutStatement } from '@nunet/shared/payout-statement.ts';
import { fail, pass, skip, warn, type Finding } from './finding.ts';

/** A value, or in words why there is none. */
export type Read<T> = { value: T } | { error: string };

export interface FolderFacts {
  path: string;
  /** null: there is no such folder. */
  found: { mode: number; uid: number; isWritable: boolean } | null;
  /** This account's; null where the system has none. */
  uid: number | null;
  /** Of every secret in it: file name and permission bits. */
  files: readonly { name: string; mode: number }[];
}

const ONBOARD = 'Run "nunet-agent onboard"';
const octal = (mode: number): string => (mode & 0o777).toString(8);

export function judgeFolder({ path, found, uid, files }: FolderFacts): Finding {
  if (found === null) return skip('folder', `${path} is not there yet: "nunet-agent onboard" makes it`);
  if (uid !== null && found.uid !== uid)
    return fail(
      'folder',
      `${path} belongs to uid ${found.uid}, the agent runs as ${uid}`,
      `chown -R ${uid} ${path}, or run the agent as its owner`,
    );
  if (!found.isWritable) return fail('folder', `${path} cannot be written to`, 'Mount it for writing, or give --data with another folder');
  const open = files.find(({ mode }) => (mode & 0o077) !== 0);
  if (open !== undefined)
    return fail('folder', `Others may read ${open.name} (mode ${octal(open.mode)})`, `chmod 600 ${path}/${open.name}`);
  if ((found.mode & 0o022) !== 0) return fail('folder', `Others may write into ${path} (mode ${octal(found.mode)})`, `chmod 700 ${path}`);
  if ((found.mode & 0o055) !== 0) return warn('folder', `Others may look into ${path} (mode ${octal(found.mode)})`, `chmod 700 ${path}`);
  return pass('folder', `${path} is its owner's alone`);
}

export const judgeConfig = (config: Read<AgentConfig> | null): Finding =>
  config === null
    ? fail('config', 'This machine has not been onboarded', ONBOARD)
    : 'error' in config
      ? fail('config', config.error, 'Correct the file, or "nunet-agent onboard --force", which keeps the peer key')
      : pass('config', `Version ${config.value.version}, for ${config.value.network}`);

export const judgeKey = (peerId: Read<string> | null): Finding =>
  peerId === null
    ? skip('key', 'No peer key yet')
    : 'error' in peerId
      ? fail('key', peerId.error, 'Restore peer.key from your backup; without it the agent is another one')
      : pass('key', `This agent is ${peerId.value}`);

const DAY_MS = 86_400_000;
const SOON_MS = 14 * DAY_MS;
const date = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

export function judgeRecord(record: Read<NetworkRecord> | null, now: number): Finding {
  const fix = 'Get the network’s newest record from its operators, and put it where the configuration names it';
  if (record === null) return skip('record', 'No network record without a configuration');
  if ('error' in record) return fail('record', record.error, fix);
  const { sequence, expiresAt, oracles, network } = record.value;
  const says = `Record ${sequence} of ${network}, ${oracles.length} ${oracles.length === 1 ? 'oracle' : 'oracles'}, valid until ${date(expiresAt)}`;
  return expiresAt - now < SOON_MS ? warn('record', says, fix) : pass('record', says);
}

export function judgePayout(payout: Read<PayoutStatement | null> | null, config: AgentConfig | null, now: number): Finding {
  if (payout === null || config === null) return skip('payout', 'No payout address without a configuration');
  if ('error' in payout) return fail('payout', payout.error, 'Restore payout.json from your backup');
  if (payout.value === null)
    return (config.network === 'devnet' ? warn : fail)(
      'payout',
      `No wallet has signed that pay may go to ${config.address}`,
      'nunet-agent payout prove',
    );
  const { address, expiresAt } = payout.value;
  if (address !== config.address)
    return fail('payout', `The configuration pays ${config.address}, the wallet signed ${address}`, 'nunet-agent payout change');
  if (expiresAt <= now) return fail('payout', `The payout statement ended on ${date(expiresAt)}`, 'nunet-agent payout renew');
  const says = `Pay goes to ${address}, signed by its wallet until ${date(expiresAt)}`;
  return expiresAt - now < SOON_MS ? warn('payout', says, 'nunet-agent payout renew') : pass('payout', says);
}
