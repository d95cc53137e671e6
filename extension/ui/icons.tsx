// The icons: strokes on a 24 grid, drawn here, decoration only (the text beside them says what they mean).
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
  eye: 'M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 15a3 3 0 100-6 3 3 0 000 6z',
  'eye-off':
    'M4 4l16 16M9.500 5.800A9 9 0 0112 5.500c6 0 9.500 6.500 9.500 6.500a17 17 0 01-2.600 3.400M6.500 7.500A16 16 0 002.500 12S6 18.500 12 18.500a9 9 0 004.500-1.200M10 10a3 3 0 004 4',
  info: 'M12 21a9 9 0 100-18 9 9 0 000 18zM12 11v5m0-8v.01',
  forward: 'M10 6l6 6-6 6',
  unfold: 'M7 10l5-5 5 5M7 14l5 5 5-5',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  menu: 'M4 7h16M4 12h16M4 17h16',
  home: 'M4 11l8-7 8 7v9h-6v-5h-4v5H4z',
  send: 'M5 19L19 5M9 5h10v10',
  receive: 'M19 5L5 19M5 9v10h10',
  wallet: 'M4 7h14a2 2 0 012 2v9a2 2 0 01-2 2H6a2 2 0 01-2-2zM4 7V6a2 2 0 012-2h10v3M16 13.500v.01',
  settings: 'M4 7h8m6 0h2M4 17h2m6 0h8M15 9.500a2.500 2.500 0 100-5 2.500 2.500 0 000 5zM9 19.500a2.500 2.500 0 100-5 2.500 2.500 0 000 5z',
  activity: 'M4 12h4l2-6 4 12 2-6h4',
  rocket: 'M12 3c4 2.500 5 7 4 12H8C7 10 8 5.500 12 3zM8 12l-3 4 3 1m8-5l3 4-3 1M10 19l2 2 2-2M12 9v.01',
  nodes:
    'M6 8.500a2.500 2.500 0 100-5 2.500 2.500 0 000 5zM18 8.500a2.500 2.500 0 100-5 2.500 2.500 0 000 5zM12 20.500a2.500 2.500 0 100-5 2.500 2.500 0 000 5zM7.500 8l3.300 7.700M16.500 8l-3.300 7.700M8.500 6h7',
  vault: 'M12 3l8 3v6c0 5-3.500 8-8 9-4.500-1-8-4-8-9V6zM12 10v4',
  unlock: 'M7 11V8a5 5 0 019.500-2M6 11h12v9H6z',
  user: 'M12 12a4 4 0 100-8 4 4 0 000 8zM4.500 20c.8-4 4-5.500 7.500-5.500s6.700 1.500 7.500 5.500',
  globe: 'M12 21a9 9 0 100-18 9 9 0 000 18zM3 12h18M12 3c3 3 3.500 6 3.500 9s-.5 6-3.500 9c-3-3-3.500-6-3.500-9s.5-6 3.500-9z',
  sun: 'M12 16a4 4 0 100-8 4 4 0 000 8zM12 2.500v2m0 15v2M2.500 12h2m15 0h2M5.300 5.300l1.400 1.400m10.600 10.600l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400',
  trash: 'M5 7h14M10 4h4M7 7l1 13h8l1-13M10.500 11v5m3-5v5',
  edit: 'M5 19l1-4L16 5l3 3L9 18zM14 7l3 3',
  book: 'M6 4h12v16H6zM6 8H4m2 4H4m2 4H4M10 9h4',
  link: 'M10 14a4 4 0 006 0l3-3a4 4 0 00-6-6l-1 1M14 10a4 4 0 00-6 0l-3 3a4 4 0 006 6l1-1',
  panel: 'M4 5h16v14H4zM14.500 5v14',
} as const;

export type IconName = keyof typeof PATHS;
export const ICON_NAMES: readonly IconName[] = Object.keys(PATHS) as IconName[];

export const Icon = ({ name, size = 18 }: { name: IconName; size?: number }): JSX.Element => (
  <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
    <path d={PATHS[name]} />
  </svg>
);
