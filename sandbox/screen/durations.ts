/** Times for people: `1 min 20 s`, two units at most. */

const units = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

export const duration = (ms: number): string => {
  let seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds === 0) return ms > 0 ? `${Math.ceil(ms)} ms` : '0 s';
  const parts: string[] = [];
  for (const [unit, size] of units) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
    // The second unit is the one below the first, or none: `1 h 0 s` says more than it knows.
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(' ');
};

/** `in 20 s`, `5 s ago`, `now`. */
export const relative = (atMs: number, nowMs: number): string => {
  const distance = atMs - nowMs;
  if (Math.abs(distance) < 500) return 'now';
  return distance > 0 ? `in ${duration(distance)}` : `${duration(-distance)} ago`;
};
