// The icons of the dashboard: 20 strokes on a 24 grid, drawn here, decoration only (the text beside them says what they mean).
import type { JSX } from 'preact';

const PATHS = {
  check: 'M5 12.5l4.5 4.5L19 7.5',
  cross: 'M6 6l12 12M18 6L6 18',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  save: 'M12 4v11m-4.5-4.5L12 15l4.5-4.5M5 20h14',
  clock: 'M12 7.5V12l3 2M12 21a9 9 0 100-18 9 9 0 000 18z',
  lock: 'M7 11V8a5 5 0 0110 0v3M6 11h12v9H6z',
  alert: 'M12 4l9 16H3zM12 10v4m0 3v.01',
  plus: 'M12 5v14M5 12h14',
  back: 'M14 6l-6 6 6 6',
  again: 'M19 12a7 7 0 11-2-5m2-3v4h-4',
  out: 'M9 5H5v14h14v-4M13 4h7v7M20 4l-9 9',
  down: 'M12 5v14m-6-6l6 6 6-6',
  digit: 'M8 6.5C9 5 15 4.500 15 8c0 3-4 3-4 3s5 0 5 4c0 4-7 4-8.500 1.500',
  wave: 'M3 12h2l2-6 3 13 3-16 3 14 2-5h3',
  folder: 'M3 7h6l2 2h10v10H3z',
  node: 'M4 5h16v6H4zM4 13h16v6H4zM7.500 8v.01M7.500 16v.01',
  coin: 'M12 21a9 9 0 100-18 9 9 0 000 18zM9 15V9l6 6V9',
  list: 'M8 6h12M8 12h12M8 18h12M4 6v.01M4 12v.01M4 18v.01',
} as const;

export type IconName = keyof typeof PATHS;

export const Icon = ({ name, size = 18 }: { name: IconName; size?: number }): JSX.Element => (
  <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
    <path d={PATHS[name]} />
  </svg>
);

/** The mark: three nodes that hold one another. */
export const Mark = ({ size = 26 }: { size?: number }): JSX.Element => (
  <svg class="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="8" />
    <path d="M10 22V10l12 12V10" />
    <circle cx="10" cy="22" r="2.600" />
    <circle cx="10" cy="10" r="2.600" />
    <circle cx="22" cy="22" r="2.600" />
    <circle cx="22" cy="10" r="2.600" />
  </svg>
);
