/** Text from elsewhere, made fit for a terminal. Pure. */

/** Controls of C0 and C1, what turns the direction of text, and line separators: a label must not be able to steer a terminal. */
const unsafe = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

const escaped = (character: string): string =>
  `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;

/** Shows what cannot be shown: `\u001b` in place of an escape. */
export const visible = (text: string): string => text.replace(unsafe, escaped);

/** JSON in one line; what could steer a terminal is escaped, and reads back as it was. */
export const toJsonLine = (value: unknown): string => JSON.stringify(value).replace(unsafe, escaped);

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const narrow = /[\p{Mn}\p{Me}]|\u200b|\u200c|\u200d/u;

const columnsOf = (character: string): number => {
  if (narrow.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
};

/** How many columns a text without escape sequences takes. */
export const widthOf = (text: string): number =>
  [...text].reduce((columns, character) => columns + columnsOf(character), 0);

/** At most so many columns, the last one a `…` where something was cut off. */
export const clip = (text: string, columns: number): string => {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  let left = columns - 1;
  for (const character of text) {
    left -= columnsOf(character);
    if (left < 0) break;
    kept += character;
  }
  return columns < 1 ? '' : `${kept}…`;
};
