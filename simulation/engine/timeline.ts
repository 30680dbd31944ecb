/** What happened in one seed, line by line. Costs nothing unless somebody wants to read it. */

export type Timeline = {
  readonly lines: readonly string[];
  note(line: () => string): void;
};

const clockTime = (ms: number): string => {
  const total = Math.max(0, Math.round(ms));
  const pad = (value: number, length = 2) => String(value).padStart(length, '0');
  const hours = Math.floor(total / 3_600_000);
  return `${pad(hours, 3)}:${pad(Math.floor(total / 60_000) % 60)}:${pad(Math.floor(total / 1000) % 60)}.${pad(total % 1000, 3)}`;
};

export const silent: Timeline = { lines: [], note: () => {} };

export const createTimeline = (now: () => number, startAt: number): Timeline => {
  const lines: string[] = [];
  return { lines, note: line => lines.push(`${clockTime(now() - startAt)}  ${line()}`) };
};

export const since = (ms: number, startAt: number): string => clockTime(ms - startAt);
