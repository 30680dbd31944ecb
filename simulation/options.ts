/** The command line of the simulation. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type Assumptions, defaultAssumptions } from './world/assumptions.ts';
import type { Omitted } from './world/world.ts';

export const help = `npm run simulate -- [options]

  --seeds N            how many seeds to run (default 10000)
  --seed S             the first of them (default: a fresh one, printed)
  --seconds T          stop after so long, however many seeds are left
  --threads N          default: one per core
  --timeline           run only the first seed and print what happens in it
  --omit IDS           leave out these operations and faults, as printed for a shrunken seed ("10101,10104.3")
  --mutants            break the protocol on purpose, one rule at a time, and show how many seeds it takes to notice
  --mutant NAME        with this mutant in the product

Assumptions, in milliseconds:
  --clock-skew-ms      largest difference between two clocks, as the keeper is told (${defaultAssumptions.clockSkewMs})
  --actual-skew-ms     how far they really differ (as the keeper is told)
  --replay-window-ms   how long the provider replays an answer (${defaultAssumptions.replayWindowMs})
  --storm-ms           longest time in which faults happen (${defaultAssumptions.stormMs})
  --longest-penalty-ms longest Retry-After (${defaultAssumptions.longestPenaltyMs})
`;

export type Options = {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly maxDurationMs: number;
  readonly threads: number;
  readonly timeline: boolean;
  readonly omitted: Omitted;
  readonly mutants: boolean;
  readonly mutant: string | undefined;
  readonly assumptions: Assumptions;
  readonly help: boolean;
};

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const number = (values: Record<string, unknown>, name: string, otherwise: number): number => {
  const text = values[name];
  if (text === undefined) return otherwise;
  if (typeof text !== 'string' || !/^\d{1,16}$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new UsageError(`--${name} takes a whole number`);
  return Number(text);
};

const parseOmitted = (text: string): Omitted => {
  const parts = text.split(',').filter(part => part !== '');
  const wrong = parts.find(part => !/^\d+(\.\d+)?$/.test(part));
  if (wrong !== undefined) throw new UsageError(`--omit takes numbers like 10101 or 10104.3, not ${wrong}`);
  return {
    operations: new Set(parts.filter(part => !part.includes('.')).map(Number)),
    faults: new Set(parts.filter(part => part.includes('.'))),
  };
};

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const known = {
  ...{ seeds: text, seed: text, seconds: text, threads: text, omit: text, mutant: text },
  ...{ timeline: flag, mutants: flag, help: flag },
  ...{ 'clock-skew-ms': text, 'actual-skew-ms': text, 'replay-window-ms': text },
  ...{ 'storm-ms': text, 'longest-penalty-ms': text },
};

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: known }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
};

/** A million seeds a second: whoever starts another second has others. */
export const freshSeed = (now: number): number => Math.floor(now / 1000) * 1_000_000;

/** `otherwise`: the first seed where none is given. Throws {@link UsageError}. */
export const parseOptions = (args: readonly string[], otherwise: number): Options => {
  const values = parse(args);
  const clockSkewMs = number(values, 'clock-skew-ms', defaultAssumptions.clockSkewMs);
  return {
    firstSeed: number(values, 'seed', otherwise),
    seeds: number(values, 'seeds', values.seconds === undefined ? 10_000 : Number.MAX_SAFE_INTEGER / 4),
    maxDurationMs: number(values, 'seconds', Number.MAX_SAFE_INTEGER / 1000) * 1000,
    threads: Math.max(1, number(values, 'threads', availableParallelism())),
    timeline: values.timeline,
    omitted: parseOmitted(values.omit ?? ''),
    mutants: values.mutants,
    mutant: values.mutant,
    help: values.help,
    assumptions: {
      clockSkewMs,
      actualSkewMs: number(values, 'actual-skew-ms', clockSkewMs),
      replayWindowMs: number(values, 'replay-window-ms', defaultAssumptions.replayWindowMs),
      stormMs: number(values, 'storm-ms', defaultAssumptions.stormMs),
      longestPenaltyMs: number(values, 'longest-penalty-ms', defaultAssumptions.longestPenaltyMs),
    },
  };
};
