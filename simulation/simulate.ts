/** `npm run simulate`: seeds without number against the protocol, or mutants of the protocol against the simulation. */

import { type FleetOptions, runFleet } from './fleet/fleet.ts';
import { loadMutant } from './mutants/load-mutant.ts';
import { type Mutant, mended, mutantNamed, mutants } from './mutants/mutants.ts';
import { freshSeed, help, type Options, parseOptions, UsageError } from './options.ts';
import { describeCoverage, describeFailure, describeFigures } from './report.ts';

const batchSize = 250;
/** A mutant that so many seeds do not notice has survived: as many as the protocol itself withstands. */
const seedsPerMutant = 1_000_000;

const fleetOptions = ({ mutant, ...options }: Options): FleetOptions => ({
  ...options,
  ...(mutant !== undefined && { mutant }),
  batchSize,
  progress: done => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done.toLocaleString('en-US')} seeds `);
  },
});

const assumptionArguments = ({ assumptions, mutant }: Options): string =>
  ` --clock-skew-ms ${assumptions.clockSkewMs} --actual-skew-ms ${assumptions.actualSkewMs} --replay-window-ms ${assumptions.replayWindowMs}` +
  ` --storm-ms ${assumptions.stormMs} --longest-penalty-ms ${assumptions.longestPenaltyMs}${mutant === undefined ? '' : ` --mutant '${mutant}'`}`;

/** Tells the story of one seed, shrunken if it fails. The product is loaded only now, since a mutant may have to be put in first. */
const tellSeed = async (seed: number, options: Options): Promise<boolean> => {
  const { assumptions, mutant } = options;
  const chosen = mutantNamed(mutant);
  if (chosen !== undefined) loadMutant(chosen);
  const { runSeed } = await import('./simulation.ts');
  const { shrink } = await import('./shrink.ts');
  const run = await runSeed({ seed, assumptions, omitted: options.omitted, traced: false });
  const isWhole = options.omitted.operations.size + options.omitted.faults.size === 0;
  const shrinks = run.violation !== undefined && isWhole;
  const omitted = shrinks ? await shrink({ seed, assumptions }, run) : options.omitted;
  const told = await runSeed({ seed, assumptions, omitted, traced: true });
  console.log(
    told.violation === undefined
      ? told.timeline.join('\n')
      : describeFailure(seed, told, omitted, assumptionArguments(options)),
  );
  return told.violation === undefined;
};

const simulate = async (options: Options): Promise<boolean> => {
  console.log(
    `Seeds from ${options.firstSeed}, ${options.threads} threads, assumptions ${JSON.stringify(options.assumptions)}`,
  );
  const result = await runFleet(fleetOptions(options));
  if (result.failing !== undefined) {
    console.log(describeFigures(result));
    return tellSeed(result.failing.seed, options);
  }
  console.log(`${describeCoverage(result.coverage)}\n\n${describeFigures(result)}: no violation`);
  return true;
};

/** What fails without the mutant as well says nothing of it. */
const failsAnyway = async (seed: number, { assumptions }: Options): Promise<boolean> => {
  const { runSeed } = await import('./simulation.ts');
  const { nothingOmitted } = await import('./world/world.ts');
  return (
    (await runSeed({ seed, assumptions, omitted: nothingOmitted, traced: false })).violation !== undefined
  );
};

/** Prints how many seeds it took, or which seed it was. Undefined: what fails is not the mutant. */
const isNoticed = async ({ name, seed }: Mutant, options: Options): Promise<boolean | undefined> => {
  const firstSeed = seed ?? options.firstSeed;
  const seeds = seed === undefined ? seedsPerMutant : 1;
  const { failing } = await runFleet({ ...fleetOptions(options), mutant: name, firstSeed, seeds });
  if (failing === undefined) {
    console.log(`SURVIVED  ${name}`);
    return false;
  }
  if (await failsAnyway(failing.seed, options)) {
    console.log(`Seed ${failing.seed} fails without any mutant: mend that first.`);
    return undefined;
  }
  const took = seed === undefined ? `${failing.seed - firstSeed + 1} seeds` : `seed ${seed}`;
  console.log(`${took.padStart(14)}  ${name}  (violates "${failing.invariant}")`);
  return true;
};

const tryMutants = async (options: Options): Promise<boolean> => {
  console.log(
    `Seeds from ${options.firstSeed}, up to ${seedsPerMutant} for each of ${mutants.length} mutants`,
  );
  const survivors: string[] = [];
  for (const mutant of [...mutants, ...mended]) {
    const noticed = await isNoticed(mutant, options);
    if (noticed === undefined) return false;
    if (!noticed) survivors.push(mutant.name);
  }
  console.log(survivors.length === 0 ? 'Every mutant was noticed.' : `${survivors.length} mutants survived.`);
  return survivors.length === 0;
};

const main = async (): Promise<boolean> => {
  const options = parseOptions(process.argv.slice(2), freshSeed(Date.now()));
  if (options.help) {
    console.log(help);
    return true;
  }
  if (options.mutant !== undefined && mutantNamed(options.mutant) === undefined) {
    const names = [...mutants, ...mended].map(({ name }) => name);
    throw new UsageError(`There is no mutant "${options.mutant}". There are: ${names.join('; ')}.`);
  }
  if (options.mutants) return tryMutants(options);
  return options.timeline ? tellSeed(options.firstSeed, options) : simulate(options);
};

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${help}`);
  process.exitCode = 2;
}
