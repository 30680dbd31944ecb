/** What the fleet and its threads say to each other. */
import type { Coverage } from '../engine/coverage.ts';
import type { Assumptions } from '../world/assumptions.ts';

export type ThreadData = { readonly assumptions: Assumptions; readonly mutant?: string };
export type Batch = { readonly from: number; readonly count: number };
export type BatchResult = {
  readonly from: number;
  readonly seeds: number;
  readonly steps: number;
  readonly coverage: Coverage;
  readonly failing: readonly { readonly seed: number; readonly invariant: string }[];
};
