// The learning curve: uPlot on a canvas, an axis for each of the first two metrics, a legend of our own (text nodes, newest values).
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { LiveState } from '../messages.ts';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/i18n.ts';
import { metricText } from '../ui/quantity-text.ts';
import { Stranger } from '../ui/stranger.tsx';
import { theme } from '../ui/theme.ts';
import './curve.css';
import { seriesOf, type Series } from './curve-series.ts';

const HEIGHT = 240;
/** uPlot declares its sides as a const enum, which this build cannot read. */
const [RIGHT, LEFT] = [1, 3] as unknown as [uPlot.Axis.Side, uPlot.Axis.Side];
const COLORS = ['--series-1', '--series-2', '--series-3', '--series-4'];

function optionsFor(place: HTMLElement, series: readonly Series[]): uPlot.Options {
  // A canvas knows no light-dark(): the colour that a style has come to is read from an element that wears it.
  const probe = place.appendChild(document.createElement('span'));
  const color = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const line = { stroke: color('--line'), width: 1 };
  const axis = { stroke: color('--text-2'), ticks: line, font: '11px system-ui, sans-serif' };
  const options: uPlot.Options = {
    width: place.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    padding: [12, 8, 0, 0],
    scales: { x: { time: false }, ...Object.fromEntries(series.map((_, i) => [`s${i}`, { auto: true }])) },
    axes: [
      { ...axis, grid: { show: false }, values: (_, splits) => splits.map((epoch) => (Number.isInteger(epoch) ? String(epoch) : '')) },
      ...series.slice(0, 2).map((_, i) => ({
        ...axis,
        scale: `s${i}`,
        side: i === 0 ? LEFT : RIGHT,
        size: 52,
        stroke: color(COLORS[i] ?? '--text-2'),
        grid: i === 0 ? line : { show: false },
        values: (_plot: uPlot, splits: number[]) => splits.map((value) => metricText(value)),
      })),
    ],
    series: [
      {},
      ...series.map((_, i) => ({
        scale: `s${i}`,
        stroke: color(COLORS[i] ?? '--text-2'),
        width: 2,
        spanGaps: true,
        points: { show: series[0]?.values.length === 1, size: 7 },
      })),
    ],
  };
  probe.remove();
  return options;
}

function Plot({ epochs, series }: { epochs: readonly number[]; series: readonly Series[] }): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = [epochs, ...series.map(({ values }) => values)] as uPlot.AlignedData;
  const newest = useRef(data);
  newest.current = data;
  const names = series.map(({ name }) => name).join('\n');
  const isSingle = epochs.length === 1;
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsFor(element, series), newest.current, element);
    };
    const resize = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resize.observe(element);
    // Colours are drawn, not styled: another scheme is another drawing.
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    const stop = theme.subscribe(draw);
    return () => {
      stop();
      scheme.removeEventListener('change', draw);
      resize.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [names, isSingle]);
  useEffect(() => plot.current?.setData(data));
  return <div ref={place} class="plot" style={{ height: `${HEIGHT}px` }} aria-hidden="true" />;
}

export function Curve({ live, wanted, isOver }: { live: LiveState; wanted: readonly string[]; isOver: boolean }): JSX.Element {
  const { epochs, series } = seriesOf(live.curve, wanted);
  const words = t().jobs.curve;
  const metrics = series
    .map(({ name }) => name)
    .join(' ')
    .slice(0, 200);
  return (
    <div data-testid="curve" data-points={epochs.length} data-metrics={metrics}>
      <Card
        title={words.title}
        actions={
          <ul class="legend">
            {series.map(({ name, last }, i) => (
              <li key={name}>
                <span class={`key s${i + 1}`} aria-hidden="true" />
                <Stranger text={name} length={24} /> <strong>{last === null ? '' : metricText(last)}</strong>
              </li>
            ))}
            {epochs.length > 0 && <li class="epoch">{words.epoch(epochs.at(-1) ?? 0)}</li>}
          </ul>
        }
      >
        {series.length > 0 ? <Plot epochs={epochs} series={series} /> : <div class="plot none">{isOver ? words.none : words.later}</div>}
      </Card>
    </div>
  );
}
