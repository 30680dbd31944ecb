import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { runFleet } from '../../simulation/fleet/fleet.ts';
import { mended } from '../../simulation/mutants/mutants.ts';
import { defaultAssumptions } from '../../simulation/world/assumptions.ts';

const run = (firstSeed: number, mutant?: string) =>
  runFleet({
    firstSeed,
    seeds: 1,
    batchSize: 1,
    threads: 1,
    maxDurationMs: Number.POSITIVE_INFINITY,
    assumptions: defaultAssumptions,
    progress: () => {},
    ...(mutant !== undefined && { mutant }),
  });

describe.each(mended)('the defect "$name"', ({ name, seed = 0 }) => {
  it.concurrent(`would be found by seed ${seed} again`, async () => {
    expect((await run(seed, name)).failing?.seed).toBe(seed);
  });

  it.concurrent('is mended', async () => {
    expect((await run(seed)).failing).toBeUndefined();
  });
});

it('the fleet runs every seed once, however many threads there are', async () => {
  const { seeds } = await runFleet({
    firstSeed: 1,
    seeds: 95,
    batchSize: 10,
    threads: Math.max(2, availableParallelism()),
    maxDurationMs: Number.POSITIVE_INFINITY,
    assumptions: defaultAssumptions,
    progress: () => {},
  });
  expect(seeds).toBe(95);
});
