// The stages of onboarding, where a reload goes on, and the steps that a person sees. Pure.
import type { AppState } from '../../messages.ts';
import type { VaultState } from '../../vault/messages.ts';

export type Stage = 'welcome' | 'restore' | 'file' | 'password' | 'words' | 'network' | 'ready' | 'forgotten' | 'failed';
export type Step = 'welcome' | 'password' | 'words' | 'file' | 'network';

/** Where to go on, from what is kept: half a wallet is finished, a whole one is not made again. Null: not known yet. */
export function stageAtStart(
  { state, isBackedUp }: Pick<VaultState, 'state' | 'isBackedUp'>,
  /** Null: the runner has not spoken yet. */
  network: AppState['network']['state'] | null,
  isForgotten: boolean,
): Stage | null {
  if (state === 'failed') return 'failed';
  if (state === 'empty') return 'welcome';
  if (isForgotten) return 'forgotten';
  if (!isBackedUp) return 'words';
  if (network === null) return null;
  return network === 'none' || network === 'failed' ? 'network' : 'ready';
}

const STEPS: Readonly<Record<'create' | 'restore' | 'file', readonly Step[]>> = {
  create: ['welcome', 'password', 'words', 'network'],
  restore: ['welcome', 'words', 'password', 'network'],
  file: ['welcome', 'file', 'network'],
};

/** The steps of a way, and which of them a stage belongs to; -1 where none is shown. */
export function stepsOf(stage: Stage | null, way: 'create' | 'restore' | 'file'): { steps: readonly Step[]; at: number } {
  const steps = STEPS[way];
  if (stage === null || stage === 'forgotten' || stage === 'failed') return { steps, at: -1 };
  const step = stage === 'restore' ? 'words' : stage === 'ready' ? 'network' : stage;
  return { steps, at: steps.indexOf(step) };
}
