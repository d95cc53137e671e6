// Is this machine, and the account that the agent runs as, fit for it? Pure.
import { fail, pass, warn, type Finding } from './finding.ts';

export interface System {
  /** "24.21.0". */
  node: string;
  platform: string;
  arch: string;
  uid: number | null;
  /** Names of the account's groups. */
  groups: readonly string[];
  /** Inside a container of somebody else. */
  isContainer: boolean;
}

const MIN_NODE = 24;
/** What onnxruntime and the probes of the container executor are built for. */
const ARCHITECTURES = ['x64', 'arm64'];

export function judgeSystem({ node, platform, arch, uid, groups, isContainer }: System): Finding[] {
  const major = Number(node.split('.')[0]);
  return [
    major >= MIN_NODE
      ? pass('node', `Node ${node}`)
      : fail(
          'node',
          `Node ${node}, want ${MIN_NODE} or newer`,
          `Install Node ${MIN_NODE}: npm install in the agent's folder brings it on Linux x64`,
        ),
    platform !== 'linux'
      ? fail('platform', `${platform} ${arch}: jobs are confined with what Linux has`, 'Run the agent on Linux')
      : ARCHITECTURES.includes(arch)
        ? pass('platform', `Linux ${arch}${isContainer ? ', inside a container' : ''}`)
        : warn('platform', `Linux ${arch}, which the agent was never tried on`, `Want ${ARCHITECTURES.join(' or ')}`),
    uid === 0
      ? warn(
          'account',
          'The agent would run as root: whoever breaks out of it owns the machine',
          'Run it as an account of its own: node-agent/packaging/nunet-agent.service does',
        )
      : groups.includes('docker')
        ? warn(
            'account',
            'The account is in the group docker, which is as good as root on this machine',
            'Use a rootless engine or user-namespace remapping: see docs/compute-provider.md',
          )
        : pass('account', `Runs without root${uid === null ? '' : ` (uid ${uid})`}`),
  ];
}
