// A machine that is no machine: what the fake runner answers for it. Never shipped.
import { NunetError } from '@nunet/shared/errors.ts';
import type { OwnerStatus } from '@nunet/shared/owner-views.ts';
import type { LendRequest, MachineAnswer, MachineView } from './messages.ts';

export const SAMPLE_PEER = '12D3KooWQYV9dGMFoRzNStwpXztXaBUjtPqi6aU76ZgUriHhKust';

export const sampleMachine = (change: Partial<MachineView> = {}): MachineView => ({
  peerId: SAMPLE_PEER,
  network: 'devnet',
  name: 'Under the desk',
  ownerName: 'My browser',
  pairedAtMs: 1_800_000_000_000,
  counter: 1,
  ...change,
});

const sampleStatus = (nowMs: number): OwnerStatus => ({
  peerId: SAMPLE_PEER,
  network: 'devnet',
  addresses: [],
  nowMs,
  pausedBy: null,
  sandboxes: ['User namespace, seccomp, resource limits'],
  kinds: ['onnx'],
  payoutAddress: 'addr_test1vqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qcyqcyq',
  capacity: {
    total: { cpus: 8, memoryBytes: 16 * 2 ** 30, diskBytes: 200 * 2 ** 30, gpus: 1 },
    free: { cpus: 6, memoryBytes: 12 * 2 ** 30, diskBytes: 180 * 2 ** 30, gpus: 1 },
  },
  jobs: { running: 1, ended: 12 },
  earnedBaseUnits: '48250000',
  unclaimedBaseUnits: '1250000',
  memoryBytes: 140 * 2 ** 20,
  hubs: { connected: 1, all: 1 },
  lastProblem: null,
  temperatureC: 54,
  settings: {
    prices: { cpuHour: '1', memoryGibHour: '0.2', gpuHour: '5', minimum: '0.01' },
    share: { cpus: 50, memory: 50, disk: 20 },
    hours: { from: '20:00', to: '08:00' },
    kinds: ['onnx'],
    maxTimeLimitMs: 6 * 3_600_000,
    telemetry: false,
  },
  waiting: [{ id: 'K7QF', what: 'the share of the CPUs from 50 % to 80 %', untilMs: nowMs + 3_000_000 }],
});

const sampleJob = (number: number, state: string, nowMs: number) => ({
  jobId: `b${String.fromCodePoint(97 + number).repeat(58)}`,
  title: `Digits, run ${number + 1}`,
  state,
  detail: null,
  amountBaseUnits: '5000000',
  payBaseUnits: state === 'running' ? null : '4250000',
  closedBaseUnits: null,
  paidBaseUnits: state === 'running' ? null : '4250000',
  acceptedAtMs: nowMs - number * 600_000,
  changedAtMs: nowMs,
});

export function fakeLendAnswer(request: LendRequest, nowMs: number): unknown {
  if (request.type === 'pair-machine') return { peerId: SAMPLE_PEER };
  if (request.type === 'machine-signed') return { type: 'pending', confirmation: 'K7QF', what: 'it' } satisfies MachineAnswer;
  if (request.type !== 'machine-order') return null;
  if (request.peerId !== SAMPLE_PEER) throw new NunetError('peer-unreachable', 'Cannot reach the machine: no answer at its address');
  const { order } = request;
  switch (order.type) {
    case 'status':
      return { type: 'status', status: sampleStatus(nowMs) } satisfies MachineAnswer;
    case 'jobs':
      return {
        type: 'jobs',
        jobs: { jobs: [sampleJob(0, 'running', nowMs), sampleJob(1, 'finished', nowMs), sampleJob(2, 'failed', nowMs)], total: 13 },
      } satisfies MachineAnswer;
    case 'logs': {
      const lines = Array.from({ length: order.lines }, (_, i) => `epoch ${order.fromLine + i + 1}: loss 0.1`);
      return { type: 'logs', log: { fromLine: order.fromLine, lines, total: 250 } } satisfies MachineAnswer;
    }
    default:
      return { type: 'done' } satisfies MachineAnswer;
  }
}
