// A skeleton stands where something is being read, in its shape, so that nothing jumps when it comes.
import type { JSX } from 'preact';
import './skeleton.css';

export interface SkeletonProps {
  /** What is being read, for a screen reader. */
  label: string;
  shape?: 'text' | 'rows' | 'title' | undefined;
  count?: number | undefined;
}

export const Skeleton = ({ label, shape = 'text', count = 3 }: SkeletonProps): JSX.Element => (
  <div class={`skeleton ${shape}`} role="status" aria-busy="true" aria-label={label}>
    {Array.from({ length: count }, (_, i) => (
      <span key={i} />
    ))}
  </div>
);
