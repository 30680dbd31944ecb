/** What the seeds have seen: counts by name, added up over seeds and threads. */

export type Counts = Record<string, number>;

export type Coverage = {
  /** Every await, by name. */
  readonly awaits: Counts;
  /** `await|fault`. */
  readonly faults: Counts;
  /** `write that missed|write that had landed before it`. */
  readonly races: Counts;
  /** Allowed, and counted. */
  readonly exceptions: Counts;
  /** What the keeper reported. */
  readonly facts: Counts;
  /** How operations ended. */
  readonly outcomes: Counts;
};

export const emptyCoverage = (): Coverage => ({
  awaits: {},
  faults: {},
  races: {},
  exceptions: {},
  facts: {},
  outcomes: {},
});

export const add = (counts: Counts, name: string, by = 1): void => {
  counts[name] = (counts[name] ?? 0) + by;
};

export const merge = (into: Coverage, other: Coverage): void => {
  for (const part of Object.keys(into) as (keyof Coverage)[]) {
    for (const [name, count] of Object.entries(other[part])) add(into[part], name, count);
  }
};
