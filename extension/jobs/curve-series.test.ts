import { expect, test } from 'vitest';
import { MAX_SERIES, seriesOf } from './curve-series.ts';

const point = (epoch: number, values: Record<string, number>) => ({
  epoch,
  metrics: Object.entries(values).map(([name, value]) => ({ name, value })),
});

test('series keep the order of the spec and leave gaps where nothing was told', () => {
  const curve = [point(1, { accuracy: 0.5, loss: 2 }), point(2, { loss: 1 }), point(4, { accuracy: 0.9, loss: 0.5 })];
  expect(seriesOf(curve, ['loss', 'accuracy'])).toEqual({
    epochs: [1, 2, 4],
    series: [
      { name: 'loss', values: [2, 1, 0.5], last: 0.5 },
      { name: 'accuracy', values: [0.5, null, 0.9], last: 0.9 },
    ],
  });
});

test('nothing told is nothing drawn', () => {
  expect(seriesOf([], ['loss']).series).toEqual([]);
});

test('cannot be made to draw thousands of series', () => {
  const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`metric ${i}`, i]));
  expect(seriesOf([point(1, many)], ['loss']).series.length).toBeLessThanOrEqual(MAX_SERIES);
});
