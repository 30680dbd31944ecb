/** Runs a range of seeds on several threads, in batches, until the range or the time is over or a seed fails. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Coverage, emptyCoverage, merge } from '../engine/coverage.ts';
import type { Assumptions } from '../world/assumptions.ts';
import type { Batch, BatchResult, ThreadData } from './batch.ts';

export type FleetOptions = {
  readonly firstSeed: number;
  readonly seeds: number;
  /** No batch is begun after so long. */
  readonly maxDurationMs: number;
  readonly threads: number;
  readonly assumptions: Assumptions;
  readonly mutant?: string;
  readonly batchSize: number;
  readonly progress: (seedsDone: number) => void;
};

export type FleetResult = {
  readonly seeds: number;
  readonly steps: number;
  readonly durationMs: number;
  readonly coverage: Coverage;
  /** The first seed that failed, if one did. */
  readonly failing?: { readonly seed: number; readonly invariant: string };
};

function* batches({ firstSeed, seeds, batchSize }: FleetOptions): Generator<Batch> {
  const end = firstSeed + seeds;
  for (let from = firstSeed; from < end; from += batchSize)
    yield { from, count: Math.min(batchSize, end - from) };
}

export const runFleet = async (options: FleetOptions): Promise<FleetResult> => {
  const { threads, assumptions, mutant, maxDurationMs, progress } = options;
  const startedAt = performance.now();
  const queue = batches(options);
  const coverage = emptyCoverage();
  const failing: { seed: number; invariant: string }[] = [];
  let seeds = 0;
  let steps = 0;

  const work = async (): Promise<void> => {
    const workerData: ThreadData = { assumptions, ...(mutant !== undefined && { mutant }) };
    const thread = new Worker(new URL('./seed-thread.ts', import.meta.url), { workerData });
    try {
      for (const batch of queue) {
        thread.postMessage(batch);
        const [result] = (await once(thread, 'message')) as [BatchResult];
        merge(coverage, result.coverage);
        failing.push(...result.failing);
        seeds += result.seeds;
        steps += result.steps;
        progress(seeds);
        if (failing.length > 0 || performance.now() - startedAt > maxDurationMs) return;
      }
    } finally {
      await thread.terminate();
    }
  };

  await Promise.all(Array.from({ length: threads }, work));
  const [first] = failing.sort((a, b) => a.seed - b.seed);
  const durationMs = performance.now() - startedAt;
  return { seeds, steps, durationMs, coverage, ...(first !== undefined && { failing: first }) };
};
