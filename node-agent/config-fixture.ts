// A whole configuration for tests.
import { CONFIG_VERSION, DEFAULTS_OF_2, type AgentConfig } from './config.ts';

export const sampleConfig = (changes: Partial<AgentConfig> = {}): AgentConfig => ({
  version: CONFIG_VERSION,
  network: 'devnet',
  address: 'addr_test1vz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerspjrlsz',
  share: { cpus: 50, memory: 50, disk: 50 },
  prices: { cpuHour: '1', memoryGibHour: '0.2', gpuHour: '5', minimum: '0.01' },
  stream: { holdBack: 10, maxUnpaid: 20 },
  networkRecord: '/network-record',
  pinned: { keys: ['11'.repeat(32)], threshold: 1 },
  chainUrl: 'http://127.0.0.1:1/api/v0',
  listen: { tcp: null, ws: null, webrtc: null, relay: false },
  hubs: [],
  limits: { maxTimeLimitMs: 3_600_000, maxQuotesAPeer: 4 },
  ...DEFAULTS_OF_2,
  policy: { ...DEFAULTS_OF_2.policy, kinds: ['onnx'] },
  ...changes,
});
