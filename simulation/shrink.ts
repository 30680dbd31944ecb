/** Makes a failing seed short: leaves out operations and faults as long as the same invariant is still violated. */
import { type Run, type RunOptions, runSeed } from './simulation.ts';
import { isScheduled } from './world/workload.ts';
import type { Omitted } from './world/world.ts';

type Shrinkable = Omit<RunOptions, 'traced' | 'omitted'>;

const without = (omitted: Omitted, part: keyof Omitted, names: readonly (number | string)[]): Omitted => ({
  ...omitted,
  [part]: new Set([...omitted[part], ...names]),
});

/** Leaves out what can be left out: halves first, then smaller and smaller pieces. */
const leaveOut = async (
  omitted: Omitted,
  part: keyof Omitted,
  all: readonly (number | string)[],
  stillFails: (candidate: Omitted) => Promise<boolean>,
): Promise<Omitted> => {
  let current = omitted;
  let left = [...all];
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < left.length; ) {
      const piece = left.slice(from, from + size);
      const candidate = without(current, part, piece);
      if (await stillFails(candidate)) {
        current = candidate;
        left = left.filter(name => !piece.includes(name));
      } else from += size;
    }
  }
  return current;
};

const maxRounds = 4;

export const shrink = async (options: Shrinkable, failing: Run): Promise<Omitted> => {
  const invariant = failing.violation?.invariant;
  const run = (omitted: Omitted) => runSeed({ ...options, omitted, traced: false });
  const stillFails = async (omitted: Omitted): Promise<boolean> =>
    (await run(omitted)).violation?.invariant === invariant;
  let omitted: Omitted = { operations: new Set(), faults: new Set() };
  for (let round = 0; round < maxRounds; round += 1) {
    const before = omitted.operations.size + omitted.faults.size;
    const { operations } = await run(omitted);
    // Without the schedule nothing would be dealt with at all.
    const dispensable = operations.filter(id => !isScheduled(id));
    omitted = await leaveOut(omitted, 'operations', dispensable, stillFails);
    const { faults } = await run(omitted);
    omitted = await leaveOut(omitted, 'faults', faults, stillFails);
    if (omitted.operations.size + omitted.faults.size === before) break;
  }
  return omitted;
};
