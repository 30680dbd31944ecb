/** Columns and lists for people. Pure. */
import { clip, visible, widthOf } from './text.ts';

export type Paint = (text: string) => string;

/** Text from elsewhere, and how it is painted. */
export type Cell = { readonly text: string; readonly paint?: Paint };

export const cell = (text: string, paint?: Paint): Cell => ({ text, ...(paint && { paint }) });

const gap = '  ';

const renderRow = (row: readonly Cell[], widths: readonly number[], columns: number): string => {
  let left = columns;
  const cells = row.map(({ text, paint = (plain: string) => plain }, index) => {
    const width = Math.max(0, Math.min(widths[index] ?? 0, left));
    const shown = clip(text, width);
    left -= width + gap.length;
    return (shown === '' ? '' : paint(shown)) + ' '.repeat(width - widthOf(shown));
  });
  return cells.join(gap).trimEnd();
};

/** Lines in columns, the headings first. `columns`: no line is longer; by default they are as long as they need to be. */
export const table = (
  headings: readonly Cell[],
  rows: readonly (readonly Cell[])[],
  columns = Number.POSITIVE_INFINITY,
): string[] => {
  const safe = [headings, ...rows].map(row => row.map(each => ({ ...each, text: visible(each.text) })));
  const widths = headings.map((_, column) => Math.max(...safe.map(row => widthOf(row[column]?.text ?? ''))));
  return safe.map(row => renderRow(row, widths, columns));
};

/** `name  value` lines; what has no value is left out. */
export const properties = (entries: readonly (readonly [string, Cell | undefined])[]): string[] => {
  const present = entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const width = Math.max(0, ...present.map(([name]) => name.length));
  return present.map(([name, { text, paint = (plain: string) => plain }]) =>
    `${name.padEnd(width)}${gap}${paint(visible(text))}`.trimEnd(),
  );
};
