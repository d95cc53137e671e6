// OwnerPolicy: which jobs this machine's owner takes, rule by rule. Pure; a refusal names the rule, so that both sides know what to change.
import type { QuoteRequest, Reason } from '@nunet/shared/quote.ts';
import { safeError } from '@nunet/shared/errors.ts';
import type { AgentConfig } from './config.ts';
import { matchesPattern, patternProblem, registryProblem } from './executor/container/image-policy.ts';
import type { ExecutorFingerprint } from './executor/executor.ts';
import { hoursProblem } from './hours.ts';

/** Of a reason (shared/quote.ts). */
const MAX_MESSAGE = 500;

export interface OwnerRules {
  readonly policy: AgentConfig['policy'];
  readonly hours: AgentConfig['hours'];
}

/** What the rules are held against. */
export interface Asked {
  readonly work: QuoteRequest['work'];
  /** Peer id at the other end of the stream. */
  readonly serviceProvider: string;
  /** It is the owner's own: hours and the sandbox floor do not bind it. */
  readonly isOwn: boolean;
  readonly fingerprint: ExecutorFingerprint;
  /** The engine has this image already. */
  hasImage(reference: string): boolean;
  /** Minutes since midnight, local time of the machine. */
  readonly localMinute: number;
}

/** Why the owner does not take this; empty when nothing speaks against it. */
export function ownerProblems({ policy, hours }: OwnerRules, asked: Asked): Reason[] {
  const problems: Reason[] = [];
  const refuse = (code: string, message: string): void => void problems.push({ code, message });
  const { work, serviceProvider, isOwn, fingerprint } = asked;

  if (policy.denyServiceProviders.includes(serviceProvider)) {
    refuse('policy-service-provider', "This agent's owner takes no jobs of this service provider");
  } else if (!isOwn && policy.allowServiceProviders.length > 0 && !policy.allowServiceProviders.includes(serviceProvider)) {
    refuse('policy-service-provider', "This agent's owner takes jobs of service providers on a list only, and this one is not on it");
  }
  const closed = isOwn ? null : hoursProblem(hours, asked.localMinute);
  if (closed !== null) problems.push(closed);

  if (!policy.kinds.includes(work.kind)) {
    refuse('policy-kind', `This agent's owner takes jobs of kind ${listOf(policy.kinds)} only, this one is ${work.kind}`);
  } else if (!fingerprint.kinds.includes(work.kind)) {
    const runsForOwner = fingerprint.ownKinds?.includes(work.kind) === true;
    if (!runsForOwner) refuse('kind-not-offered', `Jobs of kind ${work.kind} are not run here: ${fingerprint.detail}`);
    else if (!isOwn) {
      refuse('sandbox-below-floor', `Jobs of kind ${work.kind} are taken from this agent's owner only: ${fingerprint.detail}`);
    }
  }
  if (work.kind === 'container') problems.push(...containerProblems(work, policy, asked));
  return problems.map(({ code, message }) => ({ code, message: message.slice(0, MAX_MESSAGE) }));
}

function containerProblems({ run, downloadHosts }: ContainerWork, policy: AgentConfig['policy'], asked: Asked): Reason[] {
  const problems: Reason[] = [];
  if (run.type === 'image') problems.push(...imageProblems(run.image, policy, asked));
  else if (!policy.baseImages.includes(run.base)) {
    const message = `This agent's owner takes scripts in base images ${listOf(policy.baseImages)} only, this one wants ${run.base}`;
    problems.push({ code: 'policy-base-image', message });
  }
  const refused = downloadHosts.find((host) => !policy.downloadHosts.some((pattern) => matchesPattern(host.toLowerCase(), pattern)));
  if (refused !== undefined) {
    const message = `This agent's owner fetches files from ${listOf(policy.downloadHosts)} only, this job names ${refused}`;
    problems.push({ code: 'policy-download-host', message });
  }
  return problems;
}

function imageProblems(reference: string, policy: AgentConfig['policy'], asked: Asked): Reason[] {
  try {
    const problem = patternProblem(reference, policy) ?? (asked.hasImage(reference) ? null : registryProblem(reference, policy));
    return problem === null ? [] : [problem];
  } catch (error) {
    return [{ code: 'image-reference', message: safeError(error).message }];
  }
}

type ContainerWork = Extract<QuoteRequest['work'], { kind: 'container' }>;

const listOf = (list: readonly string[]): string =>
  list.length === 0 ? 'none' : `${list.slice(0, 5).join(', ')}${list.length > 5 ? ', ...' : ''}`;
