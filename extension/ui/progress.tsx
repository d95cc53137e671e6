// Progress of something with a known end: what is going on, how far it is, and the bar.
import type { ComponentChildren, JSX } from 'preact';
import './progress.css';

export interface ProgressProps {
  label: string;
  done: number;
  total: number;
  /** What is going on. */
  says?: ComponentChildren | undefined;
  /** How far, in the thing's own unit. */
  figure?: ComponentChildren | undefined;
}

export const Progress = ({ label, done, total, says, figure }: ProgressProps): JSX.Element => (
  <div class="progress-line">
    {says !== undefined && <span>{says}</span>}
    {figure !== undefined && <span>{figure}</span>}
    <progress value={done} max={Math.max(1, total)} aria-label={label} />
  </div>
);
