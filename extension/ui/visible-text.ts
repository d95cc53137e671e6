// Text from strangers as it may be shown: cut to a length, and nothing in it that moves, hides or reverses what stands around it.

/** Controls, line separators, bidi marks and overrides, zero-width and tag characters, lone surrogates: whatever a reader cannot see. */
const UNSEEN = /(?!\ufe0f)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/** What stands for an unseen character: the one sign that says "something was here" and is in every font. */
const PICTURE = '\ufffd';

/** At most `length` characters of a text, with a visible mark for everything unseen and "…" where it was cut. */
export function visibleText(text: string, length: number): string {
  // Twice the length in code units holds any `length` characters, so that a text of 1 MB costs no more than a short one.
  const characters = Array.from(text.slice(0, length * 2 + 2));
  const isCut = characters.length > length;
  const shown = characters.slice(0, isCut ? length - 1 : length).join('');
  return shown.replace(UNSEEN, PICTURE) + (isCut ? '…' : '');
}

/** The two ends of an id that are enough to tell it from others on a screen. */
export const shortId = (id: string, head = 8, tail = 6): string =>
  id.length <= head + tail + 1 ? visibleText(id, 200) : visibleText(`${id.slice(0, head)}…${id.slice(-tail)}`, 200);
