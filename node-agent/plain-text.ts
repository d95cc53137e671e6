// Text of strangers on somebody's terminal: no character of it may move the cursor, recolour or hide what stands there.

/** One line: control and format characters become spaces. */
export const plainLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ');

/** The same, but line breaks stay: for messages that we lay out over several lines. */
export const plainLines = (text: string): string => text.replaceAll(/(?!\n)[\p{Cc}\p{Cf}]/gu, ' ');
