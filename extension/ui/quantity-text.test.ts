import { describe, expect, test } from 'vitest';
import { chooseLanguage } from './i18n.ts';
import { bytesText, countdownText, durationText, metricText, ntxText, timeText, utcText } from './quantity-text.ts';

describe('quantities', () => {
  test('amounts are never rounded and grouped by thousands', () => {
    expect(ntxText(0n)).toBe('0 NTX');
    expect(ntxText(1n)).toBe('0.000001 NTX');
    expect(ntxText(1_234_567_890_100n)).toBe('1,234,567.8901 NTX');
  });

  test('sizes keep three to four digits', () => {
    expect([0, 999, 1000, 7_058_480, 12_345_678, 999_999_999, 2 ** 50].map(bytesText)).toEqual([
      '0 B',
      '999 B',
      '1.00 kB',
      '7.06 MB',
      '12.3 MB',
      '1.00 GB',
      '1.13 PB',
    ]);
  });

  test('durations name their two largest units', () => {
    expect([0, 800, 9_949, 9_960, 59_400, 185_000, 7_800_000, 273_600_000].map(durationText)).toEqual([
      '0.0 s',
      '0.8 s',
      '9.9 s',
      '10 s',
      '59 s',
      '3 min 05 s',
      '2 h 10 min',
      '3 d 4 h',
    ]);
  });

  test('a countdown ends at nothing and never below', () => {
    expect([-5_000, 0, 1, 42_000, 185_000, 7_800_000].map(countdownText)).toEqual(['0:00', '0:00', '0:01', '0:42', '3:05', '2:10:00']);
  });

  test('a time of another day says its day, and UTC in full', () => {
    const now = new Date(2026, 0, 2, 14, 2, 11).getTime();
    expect(timeText(now, now)).toBe('14:02:11');
    expect(timeText(now - 86_400_000, now)).toBe('2026-01-01 14:02:11');
    expect(utcText(1_767_225_600_000)).toBe('2026-01-01 00:00:00.000 UTC');
    expect(utcText(Number.NaN)).toBe('unknown time');
  });

  test('metrics are short and honest about the very small', () => {
    expect([0.971234, 20, 0, 1.23e-7, 2.302585].map(metricText)).toEqual(['0.97123', '20', '0', '1.23e-7', '2.3026']);
  });
});

test('Spanish writes its own marks, which are never taken for the other language’s', () => {
  chooseLanguage('es', { setItem: () => undefined });
  try {
    expect(ntxText(1_234_567_890_100n)).toBe('1\u202f234\u202f567,8901 NTX');
    expect(ntxText(1_234_000_000n)).toBe('1234 NTX');
    expect([bytesText(7_058_480), durationText(800), metricText(0.97123)]).toEqual(['7,06 MB', '0,8 s', '0,97123']);
  } finally {
    chooseLanguage('en', { setItem: () => undefined });
  }
});
