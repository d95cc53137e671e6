// Do those answer whom the agent depends on: hubs, oracles, the chain, the package index? Pure.
import { fail, pass, skip, warn, type Finding } from './finding.ts';

/** `error`: why there was no answer. */
export type Answer = { name: string; ms: number; error: null } | { name: string; ms: null; error: string };

const listed = (answers: readonly Answer[]): string => answers.map(({ name, ms }) => `${name} (${ms} ms)`).join(', ');
const whyNot = (answers: readonly Answer[]): string => answers.map(({ name, error }) => `${name}: ${error}`).join('; ');

export function judgeHubs(hubs: readonly Answer[]): Finding {
  const up = hubs.filter(({ error }) => error === null);
  const down = hubs.filter(({ error }) => error !== null);
  if (hubs.length === 0)
    return warn(
      'hubs',
      'No hub in the network record or the configuration: nobody hears of this agent',
      'Add one: nunet-agent config set hubs MULTIADDR,...',
    );
  if (up.length === 0)
    return fail('hubs', `No hub answers. ${whyNot(down)}`, 'Check the connection to the internet and the firewall (outgoing TCP)');
  if (down.length > 0)
    return warn('hubs', `${up.length} of ${hubs.length} hubs answer. ${whyNot(down)}`, 'Nothing, if it lasts a short time: one is enough');
  return pass('hubs', listed(up));
}

/** `k`: how many of them a verdict takes. */
export function judgeOracles(oracles: readonly Answer[], k: number): Finding {
  const up = oracles.filter(({ error }) => error === null);
  const down = oracles.filter(({ error }) => error !== null);
  if (up.length < k)
    return fail(
      'oracles',
      `${up.length} of ${oracles.length} oracles answer, a verdict takes ${k}. ${whyNot(down)}`,
      'Check the connection; a proxy or a firewall may stand in between',
    );
  if (down.length > 0)
    return warn('oracles', `${up.length} of ${oracles.length} oracles answer. ${whyNot(down)}`, 'Nothing, if it lasts a short time');
  return pass('oracles', listed(up));
}

export function judgeChain(sources: readonly Answer[]): Finding {
  const down = sources.filter(({ error }) => error !== null);
  return down.length === 0
    ? pass('chain', listed(sources))
    : fail(
        'chain',
        whyNot(down),
        'No quotes without the chain: check the URL (nunet-agent config set chainUrl URL) and its project id (NUNET_CHAIN_PROJECT_ID)',
      );
}

/** `index`: null when none is configured. */
export function judgePackageIndex(index: Answer | null): Finding {
  if (index === null) return skip('package-index', 'None is configured: scripts with a list of dependencies are refused');
  return index.error === null
    ? pass('package-index', listed([index]))
    : warn('package-index', whyNot([index]), 'Scripts with dependencies fail: nunet-agent config set containers.packageIndex URL');
}

/** `here`: base images of the engine. null: no engine. */
export function judgeBaseImages(wanted: readonly string[], here: readonly string[] | null): Finding[] {
  if (here === null) return [skip('images', 'No engine: no base images')];
  return wanted.map((name) =>
    here.includes(name)
      ? pass('images', `Base image ${name} is here`)
      : warn('images', `Base image ${name} is missing: scripts that want it are refused`, `nunet-agent images build ${name}`),
  );
}
