// Text from a stranger: a text node, cut, with its unseen characters shown, and isolated so that its direction stays its own.
import type { JSX } from 'preact';
import { visibleText } from './visible-text.ts';

export const Stranger = ({ text, length = 200 }: { text: string; length?: number }): JSX.Element => <bdi>{visibleText(text, length)}</bdi>;
