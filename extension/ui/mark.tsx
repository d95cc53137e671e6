// The mark: three nodes that hold one another.
import type { JSX } from 'preact';
import './mark.css';

export const Mark = ({ size = 28 }: { size?: number }): JSX.Element => (
  <svg class="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="8" />
    <path d="M10 22V10l12 12V10" />
    <circle cx="10" cy="22" r="2.600" />
    <circle cx="10" cy="10" r="2.600" />
    <circle cx="22" cy="22" r="2.600" />
    <circle cx="22" cy="10" r="2.600" />
  </svg>
);
