/** One thread of the fleet: runs batches of seeds as they are asked for, with a mutant in the product if one is named. */
import { parentPort, workerData } from 'node:worker_threads';
import { emptyCoverage, merge } from '../engine/coverage.ts';
import { loadMutant } from '../mutants/load-mutant.ts';
import { mutantNamed } from '../mutants/mutants.ts';
import type { Batch, BatchResult, ThreadData } from './batch.ts';

// Most errors here are ordinary outcomes, and nobody reads their stacks.
Error.stackTraceLimit = 0;

const { assumptions, mutant } = workerData as ThreadData;
const chosen = mutantNamed(mutant);
if (chosen !== undefined) loadMutant(chosen);
const { runSeed } = await import('../simulation.ts');
const { nothingOmitted } = await import('../world/world.ts');

const runBatch = async ({ from, count }: Batch): Promise<BatchResult> => {
  const coverage = emptyCoverage();
  const failing: { seed: number; invariant: string }[] = [];
  let steps = 0;
  for (let seed = from; seed < from + count; seed += 1) {
    const run = await runSeed({ seed, assumptions, omitted: nothingOmitted, traced: false });
    steps += run.steps;
    merge(coverage, run.coverage);
    if (run.violation !== undefined) failing.push({ seed, invariant: run.violation.invariant });
  }
  return { from, seeds: count, steps, coverage, failing };
};

parentPort?.on('message', async (batch: Batch) => parentPort?.postMessage(await runBatch(batch)));
