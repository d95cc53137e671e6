// What the page stands on (runner, host, network, chain) as one pill and a few lines, each failure with what to do about it.
import type { AppState, ShownTarget } from '../messages.ts';
import { errorText } from '../ui/error-text.ts';
import type { Catalog } from '../ui/i18n.ts';
import { durationText } from '../ui/quantity-text.ts';

export type Tone = 'ok' | 'wait' | 'bad' | 'off';

export interface ConnectionLine {
  part: 'network' | 'peers' | 'chain' | 'runner';
  says: string;
  tone: Tone;
}

export interface ConnectionView {
  tone: Tone;
  label: string;
  lines: ConnectionLine[];
}

type Words = Catalog['shell']['connection'];

/** Where a network is looked at, as a person wrote it. */
const targetText = (target: ShownTarget): string => (target.network === 'devnet' ? target.url : `${target.network} (${target.source})`);

/** A devnet makes a block a second, and a public network one in 20: a tip this old means that it stands still. */
const OLD_TIP_MS = { devnet: 15_000, preview: 300_000, preprod: 300_000 } as const;

function networkLine({ network }: AppState, words: Words['network']): ConnectionLine {
  const line = (says: string, tone: Tone): ConnectionLine => ({ part: 'network', says, tone });
  switch (network.state) {
    case 'none':
      return line(words.none, 'off');
    case 'connecting':
      return line(words.reading(targetText(network.target)), 'wait');
    case 'failed':
      // Without a target it was not the network that failed.
      return line(network.target === null ? errorText(network) : words.failed(targetText(network.target), errorText(network)), 'bad');
    case 'ready':
      return line(
        network.record === null
          ? words.noRecord(targetText(network.target))
          : words.ready(network.record.k, network.record.oracles, network.record.hubs),
        'ok',
      );
  }
}

function peersLine({ host, frame, network }: AppState, words: Words['peers']): ConnectionLine {
  const line = (says: string, tone: Tone): ConnectionLine => ({ part: 'peers', says, tone });
  if (network.state === 'none') return line(words.off, 'off');
  const again = frame.remounts === 0 ? '' : words.again(frame.remounts);
  if (host === 'missing') return line(words.noHost, 'wait');
  if (frame.state === 'starting') return line(words.starting + again, 'wait');
  return frame.state === 'gone' ? line(words.gone + again, 'wait') : line(words.ready(frame.connections.length) + again, 'ok');
}

function chainLine({ chain, network }: AppState, nowMs: number, words: Words['chain']): ConnectionLine {
  const line = (says: string, tone: Tone): ConnectionLine => ({ part: 'chain', says, tone });
  const age = chain.seenAtMs === null ? null : Math.max(0, nowMs - chain.seenAtMs);
  if (chain.error !== null) return line(words.failing(age === null ? null : durationText(age), chain.error.message), 'bad');
  if (age === null) return network.state === 'ready' ? line(words.notSeen, 'wait') : line(words.notRead, 'off');
  const old = OLD_TIP_MS[network.state === 'ready' ? network.target.network : 'devnet'];
  return age > old ? line(words.old(durationText(age)), 'wait') : line(words.seen(durationText(age)), 'ok');
}

const ORDER: readonly Tone[] = ['bad', 'wait', 'off', 'ok'];

function labelOf(tone: Tone, app: AppState | null, words: Words): string {
  if (tone !== 'ok') return words.labels[tone];
  return app?.network.state === 'ready' ? words.networks[app.network.target.network] : words.labels.off;
}

/** `app` is null until the runner has said anything; `isSilent` when it has stopped answering. */
export function connectionOf(app: AppState | null, isSilent: boolean, nowMs: number, words: Words): ConnectionView {
  const runner: ConnectionLine = {
    part: 'runner',
    says: isSilent ? words.runner.silent : app === null ? words.runner.starting : words.runner.ready,
    tone: isSilent || app === null ? 'wait' : 'ok',
  };
  if (app === null) return { tone: 'wait', label: words.labels.wait, lines: [runner] };
  const lines = [networkLine(app, words.network), peersLine(app, words.peers), chainLine(app, nowMs, words.chain), runner];
  // Without a network the rest has nothing to do, and its waiting is no news.
  const tone = app.network.state === 'none' ? 'off' : (ORDER.find((one) => lines.some((line) => line.tone === one)) ?? 'ok');
  return { tone, label: labelOf(tone, app, words), lines };
}
