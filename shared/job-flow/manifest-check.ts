// manifestProblems: what a signed manifest must say to be paid, besides being signed by the right key for the right lock.
import { formatAmount } from '../amount.ts';
import type { JobSpec, SandboxLevel } from '../job-spec.ts';
import { sandboxLevel } from '../job-spec.ts';
import { NO_KEY_HASH } from '../lock.ts';
import { outputRootOf, type Manifest } from '../manifest.ts';
import { deliveryProblem } from '../sealed/manifest-delivery.ts';
import { plaintextBytes } from '../sealed/size.ts';
import { billedPay, type Quote, type Reason } from '../quote.ts';

const rank = (level: SandboxLevel): number => sandboxLevel.options.indexOf(level);

/** Reasons to dispute before an output is even looked at; empty when there are none. Pure. */
export function manifestProblems(manifest: Manifest, quote: Quote, spec: JobSpec): Reason[] {
  const problems: Reason[] = [];
  const demand = (holds: boolean, code: string, message: string): void => {
    if (!holds) problems.push({ code, message });
  };
  const pay = billedPay(quote, manifest.billedMs);
  demand(
    manifest.payBaseUnits === pay,
    'manifest-pay',
    `the manifest asks for ${formatAmount(manifest.payBaseUnits)} NTX, its billed time is worth ${formatAmount(pay)}`,
  );
  demand(manifest.billedMs <= quote.timeLimitMs, 'manifest-time', `it bills ${manifest.billedMs} ms, the limit is ${quote.timeLimitMs}`);
  demand(manifest.finishedAt >= manifest.startedAt, 'manifest-time', 'it ended before it started');
  demand(
    manifest.delivery.kind === quote.delivery,
    'manifest-delivery',
    `delivery is ${manifest.delivery.kind}, quoted was ${quote.delivery}`,
  );
  demand(
    rank(manifest.sandbox) >= rank(quote.sandbox),
    'manifest-sandbox',
    `it ran in sandbox "${manifest.sandbox}", quoted was "${quote.sandbox}"`,
  );
  demand(manifest.delivery.root === outputRootOf(manifest.outputs), 'manifest-root', 'its output root is not that of its outputs');
  if (quote.delivery === 'open') {
    const zeros = manifest.delivery.plaintextRoot === NO_KEY_HASH && manifest.delivery.keyHash === NO_KEY_HASH;
    demand(zeros, 'manifest-delivery', 'open delivery has no key and no plaintext root');
  }
  const unsealed = quote.delivery === 'sealed' ? deliveryProblem(manifest) : null;
  demand(unsealed === null, 'manifest-delivery', unsealed ?? '');
  if (manifest.exit.kind !== 'completed') return problems;
  const names = manifest.outputs.map((output) => output.name);
  demand(new Set(names).size === names.length, 'manifest-outputs', 'it names an output twice');
  const sizeOf = (bytes: number): number => (quote.delivery === 'sealed' ? (plaintextBytes(bytes) ?? bytes) : bytes);
  const bytes = manifest.outputs.reduce((sum, output) => sum + sizeOf(output.bytes), 0);
  demand(bytes <= spec.outputLimitBytes, 'manifest-outputs', `its outputs are ${bytes} bytes, the limit is ${spec.outputLimitBytes}`);
  if (spec.program.kind === 'onnx') {
    const missing = spec.program.outputs.filter((output) => !names.includes(output.name)).map((output) => output.name);
    demand(missing.length === 0, 'manifest-outputs', `it lacks the output ${missing.join(', ')}`);
    demand(names.length <= spec.program.outputs.length || missing.length > 0, 'manifest-outputs', 'it holds outputs that nobody asked for');
  }
  return problems;
}
