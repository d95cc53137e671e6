// What a demo leaves behind: each job's states, transactions and figures, and every party's balance against what the jobs moved.
import type { RunningNetwork } from '../network/start.ts';
import { balanceAt } from './balances.ts';
import type { JobRun } from './run-job.ts';
import type { Scenario } from './scenarios.ts';
import type { Balance } from './ledger-balances.ts';

export interface FinishedJob {
  scenario: Scenario;
  run: JobRun;
  isRight: boolean;
}

export interface Accounts {
  parties: { name: string; role: string; address: string; holds: Balance; expected: Balance; isRight: boolean }[];
}

const big = (text: string | null | undefined): bigint => BigInt(text ?? '0');

/** Compute providers hold what the jobs paid them, oracles what they were given less fees that no lock covered. */
export async function reconcile(network: RunningNetwork, finished: readonly FinishedJob[], signal: AbortSignal): Promise<Accounts> {
  const { asset } = network.devnet;
  const parties: Accounts['parties'] = [];
  for (const agent of network.agents.values()) {
    const mine = finished.map(({ run }) => run.end).filter((end) => end?.computeProvider?.peerId === agent.peerId);
    const expected = {
      ntx: mine.reduce((sum, end) => sum + big(end?.spent?.paidBaseUnits), 0n),
      lovelace: mine.reduce((sum, end) => sum + big(end?.spent?.paidLovelace), 0n),
    };
    const holds = await balanceAt(network.chain, agent.address, asset, signal);
    parties.push({
      name: agent.plan.name,
      role: 'compute provider',
      address: agent.address,
      holds,
      expected,
      isRight: holds.ntx === expected.ntx && holds.lovelace === expected.lovelace,
    });
  }
  for (const { scenario, run } of finished) {
    const { wallet } = run;
    const holds = await balanceAt(network.chain, wallet.address, asset, signal);
    // What the run worked out from its own transactions; without one, nothing moved.
    const moved = run.end?.wallet.expected;
    const expected = moved === undefined ? wallet.given : { ntx: big(moved.baseUnits), lovelace: big(moved.lovelace) };
    parties.push({
      name: scenario.name,
      role: 'service provider',
      address: wallet.address,
      holds,
      expected,
      isRight: holds.ntx === expected.ntx && holds.lovelace === expected.lovelace,
    });
  }
  // What a settle costs comes out of its lock; an oracle's own money is only collateral.
  for (const oracle of network.oracles) {
    const holds = await balanceAt(network.chain, oracle.feeAddress, asset, signal);
    parties.push({
      name: oracle.name,
      role: 'oracle',
      address: oracle.feeAddress,
      holds,
      expected: oracle.given,
      isRight: holds.ntx === oracle.given.ntx && holds.lovelace === oracle.given.lovelace,
    });
  }
  return { parties };
}

const text = ({ lovelace, ntx }: Balance): { lovelace: string; ntx: string } => ({ lovelace: String(lovelace), ntx: String(ntx) });

export function buildReport(network: RunningNetwork, finished: readonly FinishedJob[], accounts: Accounts, wallMs: number): unknown {
  return {
    version: 1,
    writtenAt: new Date().toISOString(),
    wallMs: Math.round(wallMs),
    network: {
      devnet: network.devnet.url,
      asset: network.devnet.asset,
      escrow: network.record.escrows[0]?.scriptHash,
      oracles: network.oracles.map(({ key }) => key),
      k: network.record.k,
      agents: [...network.agents.values()].map(({ plan, peerId, sandbox, address }) => ({
        name: plan.name,
        peerId,
        sandbox,
        address,
        priceCpuHour: plan.priceCpuHour,
      })),
    },
    jobs: finished.map(({ scenario, run, isRight }) => ({
      name: scenario.name,
      title: scenario.title,
      asExpected: isRight,
      wallMs: Math.round(run.wallMs),
      jobId: run.end?.jobId ?? null,
      job: run.end?.job ?? null,
      lock: run.end?.lock ?? null,
      jobHistory: run.end?.jobHistory ?? [],
      lockHistory: run.end?.lockHistory ?? [],
      quotes: run.events.find(({ event }) => event === 'quotes') ?? null,
      lockTransaction: run.events.find(({ event }) => event === 'lock-built') ?? null,
      endTransaction: run.end?.spent ?? null,
      manifest: run.events.find(({ event }) => event === 'manifest') ?? null,
      answer: run.end?.answer ?? null,
      check: run.events.find(({ event }) => event === 'checked') ?? null,
      /** 0 to 1, on files that only the service provider has. */
      accuracy: run.end?.score ?? null,
      sandbox: run.end?.sandbox ?? null,
      curve: run.curve,
    })),
    balances: accounts.parties.map(({ name, role, address, holds, expected, isRight }) => ({
      name,
      role,
      address,
      holds: text(holds),
      expected: text(expected),
      reconciled: isRight,
    })),
  };
}
