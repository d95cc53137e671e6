// A moment as people read it: this machine's time, with UTC for whoever points at it.
import type { JSX } from 'preact';
import { timeText, utcText } from './quantity-text.ts';

export const Moment = ({ atMs, nowMs }: { atMs: number; nowMs: number }): JSX.Element => (
  <time class="moment" dateTime={Number.isNaN(new Date(atMs).getTime()) ? '' : new Date(atMs).toISOString()} title={utcText(atMs)}>
    {timeText(atMs, nowMs)}
  </time>
);
