// A machine in figures: what is free of what it lends, its jobs, and what it earned.
import type { OwnerStatus } from '@nunet/shared/owner-views.ts';
import type { JSX } from 'preact';
import { routeHash } from '../dashboard/route.ts';
import '../dashboard/summary.css';
import { Ntx } from '../ui/amount.tsx';
import { t } from '../ui/i18n.ts';
import { bytesText, countText, ntxText } from '../ui/quantity-text.ts';

export function MachineFigures({ status }: { status: OwnerStatus }): JSX.Element {
  const words = t().lend.figures;
  const { total, free } = status.capacity;
  const unclaimed = BigInt(status.unclaimedBaseUnits);
  const figures: { name: string; value: JSX.Element | string; hint?: JSX.Element | string; id: string }[] = [
    {
      id: 'cpus',
      name: words.cpus,
      value: countText(free.cpus),
      hint: `${words.of(countText(total.cpus))}${total.gpus === 0 ? '' : ` ${words.gpus(total.gpus)}`}`,
    },
    { id: 'memory', name: words.memory, value: bytesText(free.memoryBytes), hint: words.of(bytesText(total.memoryBytes)) },
    { id: 'disk', name: words.disk, value: bytesText(free.diskBytes), hint: words.of(bytesText(total.diskBytes)) },
    { id: 'running', name: words.running, value: countText(status.jobs.running), hint: words.ended(status.jobs.ended) },
    {
      id: 'earned',
      name: words.earned,
      value: <Ntx quantity={BigInt(status.earnedBaseUnits)} />,
      ...(unclaimed === 0n
        ? {}
        : {
            hint: (
              <>
                {words.unclaimed(ntxText(unclaimed))}. <a href={routeHash({ view: 'escrow' })}>{words.claim}</a>
              </>
            ),
          }),
    },
    ...(status.temperatureC === null
      ? []
      : [{ id: 'temperature', name: words.temperature, value: `${Math.round(status.temperatureC)} °C` }]),
  ];
  return (
    <dl class="figures">
      {figures.map(({ id, name, value, hint }) => (
        <div key={id} class="figure" data-testid={`machine-figure-${id}`}>
          <dt>{name}</dt>
          <dd>{value}</dd>
          {hint !== undefined && <dd class="hint">{hint}</dd>}
        </div>
      ))}
    </dl>
  );
}
