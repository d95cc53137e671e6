// When a click on "Sign" counts: not before a person can have read what is shown, not by a script, not through something that covers it. Pure.
import type { Intent, Risk } from './preview.ts';

/** Why the button is inert; the sheet says it. */
export type Hold = 'stop' | 'not-ready' | 'unread' | 'just-shown' | 'word';

/** A click that was meant for what lay there before does not count. The vault enforces the same from when it was asked. */
export const INERT_MS = 600;

export interface Shown {
  nowMs: number;
  /** Since when all of it has been in front of the person without a break; null: it is not now. */
  sinceMs: number | null;
  isReady: boolean;
  /** The end of the risks has been in view. */
  isRead: boolean;
  risks: readonly Risk[];
  intents: readonly Intent[];
  /** What was typed, and what has to be. */
  typed: string;
  word: string;
}

/** An intent that fits no sentence asks for the typed word as a grave risk does. */
export const wantsWord = ({ risks, intents }: Pick<Shown, 'risks' | 'intents'>): boolean =>
  risks.some(({ level }) => level === 'confirm') || intents.some(({ kind }) => kind === 'unrecognised');

export const isStopped = ({ risks }: Pick<Shown, 'risks'>): boolean => risks.some(({ level }) => level === 'stop');

/** Null: the button can be used. */
export function holdOf(shown: Shown): Hold | null {
  if (isStopped(shown)) return 'stop';
  if (!shown.isReady) return 'not-ready';
  if (!shown.isRead) return 'unread';
  if (wantsWord(shown) && shown.typed.trim().toLowerCase() !== shown.word) return 'word';
  if (shown.sinceMs === null || shown.nowMs - shown.sinceMs < INERT_MS) return 'just-shown';
  return null;
}

/** A click as far as it matters here. */
export interface Click {
  isTrusted: boolean;
  /** A pointer's, not a key's. */
  isPointer: boolean;
  /** The button is the topmost thing where it happened. */
  isOnTop: boolean;
  /** When the button was pressed down, by pointer or key; null: it was not. */
  pressedAtMs: number | null;
  /** Since when the button could be used. */
  usableSinceMs: number;
}

/** A press that began before the button could be used was meant for something else. */
export const doesCount = ({ isTrusted, isPointer, isOnTop, pressedAtMs, usableSinceMs }: Click): boolean =>
  isTrusted && (!isPointer || isOnTop) && pressedAtMs !== null && pressedAtMs >= usableSinceMs;

/** Whether the vault should ask for the password again: most of what there is would leave. */
export const isLarge = (risks: readonly Risk[]): boolean => risks.some(({ code }) => code === 'large-part' || code === 'empties-wallet');
