// ConfigSet: one field of the configuration by its dotted name and a text, as a person types it. Pure; the configuration's own check decides.
import { NunetError } from '@nunet/shared/errors.ts';
import type { ConfigChange } from '@nunet/shared/owner-command.ts';
import { parseConfig, type AgentConfig } from './config.ts';

/** Bound to signatures, files or other commands. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  version: 'the program writes it',
  network: 'an agent stays on its network; onboard another data folder',
  address: 'the wallet signs it: nunet-agent payout change --address ADDRESS',
};
const HOURS = /^(\d\d:\d\d)-(\d\d:\d\d)$/;

/** Every field that can be named, dotted. */
export function configKeys(value: unknown, prefix = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return prefix === '' ? [] : [prefix];
  // Hours are one thing, from and to together.
  if (prefix === 'hours') return [prefix];
  return Object.entries(value).flatMap(([name, inner]) => configKeys(inner, prefix === '' ? name : `${prefix}.${name}`));
}

/** "none", "always" and "off" are no value; a list has commas; numbers and switches are read where the field has one now. */
function read(key: string, text: string, now: unknown): unknown {
  if (key === 'hours') {
    const match = HOURS.exec(text);
    return text === 'always' ? null : match === null ? text : { from: match[1], to: match[2] };
  }
  if (Array.isArray(now)) return text === '' || text === 'none' ? [] : text.split(',').map((one) => one.trim());
  if (typeof now === 'number' || key === 'telemetry.prometheusPort') return text === 'off' || text === 'none' ? null : Number(text);
  if (typeof now === 'boolean') return text === 'true' || text === 'yes' ? true : text === 'false' || text === 'no' ? false : text;
  // "off" of an engine is a value of its own.
  if (key !== 'containers.engine' && (text === 'none' || text === 'off')) return null;
  return text;
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, name) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[name] : undefined),
    value,
  );
}

function put(value: unknown, [name, ...rest]: readonly string[], next: unknown): unknown {
  if (name === undefined) return next;
  const inner = (value ?? {}) as Record<string, unknown>;
  const changed = put(inner[name], rest, next);
  if (changed === null && (name === 'chain2Url' || name === 'compareAbove')) {
    const { [name]: _, ...others } = inner;
    return others;
  }
  return { ...inner, [name]: changed };
}

/** Optional fields, which a configuration may lack. */
const OPTIONAL = ['chain2Url', 'compareAbove'];

/** The configuration with this field set. Throws `config-key-unknown`, `config-key-elsewhere`, `config-invalid`. */
export function configWith(config: AgentConfig, key: string, text: string): AgentConfig {
  const elsewhere = Object.hasOwn(ELSEWHERE, key) ? ELSEWHERE[key] : undefined;
  if (elsewhere !== undefined) throw new NunetError('config-key-elsewhere', `Cannot set ${key}: ${elsewhere}`);
  const keys = [...configKeys(config), ...OPTIONAL];
  if (!keys.includes(key)) {
    const near = keys.filter((one) => one.startsWith(key.split('.')[0] ?? '')).slice(0, 12);
    throw new NunetError(
      'config-key-unknown',
      `Cannot set "${key.slice(0, 60)}": there is no such field, want one of ${(near.length > 0 ? near : keys).join(', ')}`,
    );
  }
  const path = key.split('.');
  return parseConfig(put(config, path, read(key, text, at(config, path))), `with ${key} set`);
}

/** The same as an order for a running agent; null: the field is read at the start alone. */
export function liveChange(key: string, next: AgentConfig): ConfigChange | null {
  const [part] = key.split('.');
  if (part === 'prices') return { prices: next.prices };
  if (part === 'share') return { share: next.share };
  if (part === 'hours') return { hours: next.hours };
  if (key === 'policy.kinds') return { kinds: next.policy.kinds };
  if (key === 'limits.maxTimeLimitMs') return { maxTimeLimitMs: next.limits.maxTimeLimitMs };
  if (key === 'telemetry.toOperators') return { telemetry: next.telemetry.toOperators };
  return null;
}
