// Text of strangers on somebody's terminal: no character of it may move the cursor, recolour or hide what stands there.

/** One line: control and format characters become spaces. */
export const plainLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ');

/** JSON text with these characters escaped: it means the same, and a terminal that it is printed on does nothing. */
export const plainJson = (json: string): string =>
  json.replaceAll(/[\p{Cc}\p{Cf}]/gu, (text) =>
    [...Array(text.length).keys()].map((at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );

/** As `plainLine`, but line breaks stay: for messages that we lay out over several lines. */
export const plainLines = (text: string): string => text.replaceAll(/(?!\n)[\p{Cc}\p{Cf}]/gu, ' ');
