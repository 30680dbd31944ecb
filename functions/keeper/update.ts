/** Read, decide, write, and on a conflict again: the only way in which the keeper changes a record. */
import type { Stored } from '../domain/grant.ts';
import { KeeperError } from './errors.ts';
import type { Clock, Records } from './ports.ts';

export type Updated<T> =
  | { readonly written: true; readonly stored: Stored<T> }
  /** The decision was to write nothing; `stored` is what it was made on. */
  | { readonly written: false; readonly stored: Stored<T> | undefined };

/** Each conflict means that somebody else's write landed; this many in a row means that something is wrong. */
const maxConflicts = 25;

/** `start`: the version to decide on first, where the caller has just read it. */
export const update = async <T>(
  records: Records<T>,
  id: string,
  decide: (current: T | undefined) => T | undefined,
  start?: Stored<T>,
): Promise<Updated<T>> => {
  let current = start ?? (await records.get(id));
  for (let conflicts = 0; conflicts < maxConflicts; conflicts += 1) {
    const next = decide(current?.value);
    if (next === undefined) return { written: false, stored: current };
    const result = await records.write(id, current, next);
    if (result.ok) return { written: true, stored: result.stored };
    current = result.current;
  }
  throw new Error(`gave up on a record after ${maxConflicts} conflicting writes`);
};

/** As `update`, for decisions that presume an existing record. */
export const updateExisting = <T>(
  records: Records<T>,
  id: string,
  decide: (current: T) => T | undefined,
  start?: Stored<T>,
): Promise<Updated<T>> =>
  update(records, id, current => (current === undefined ? undefined : decide(current)), start);

const firstPauseMs = 50;
const longestPauseMs = 1000;

/** Tries again after every error but a decision until the deadline: for what must not be lost while there is time left. */
export const persist = async <T>(
  operation: () => Promise<T>,
  deadlineAt: number,
  clock: Clock,
): Promise<T> => {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      return await operation();
    } catch (error) {
      if (error instanceof KeeperError || clock.now() + pauseMs >= deadlineAt) throw error;
      await clock.sleep(pauseMs);
    }
  }
};
