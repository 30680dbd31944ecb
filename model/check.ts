/** Checks the model of the refresh protocol with SPIN: `node model/check.ts [--if-present] [--jobs=n]`. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Configuration, configurations, mutants, terminations } from './configurations.ts';
import { check, findTools, type Result, type Search, type Tools } from './spin.ts';

type Job = { readonly configuration: Configuration; readonly search: Search };

const jobsOf = (list: readonly Configuration[], search: Search): Job[] =>
  list.map(configuration => ({ configuration, search }));

/** Runs the jobs, so many at a time, and returns their results in the jobs' order. */
const runAll = async (
  tools: Tools,
  jobs: readonly Job[],
  atATime: number,
  folder: string,
): Promise<Result[]> => {
  const results: Result[] = [];
  const queue = jobs.entries();
  const worker = async () => {
    for (const [index, { configuration, search }] of queue) {
      results[index] = await check(tools, configuration, search, join(folder, `${search}-${index}`));
      await rm(join(folder, `${search}-${index}`), { recursive: true });
    }
  };
  await Promise.all(Array.from({ length: atATime }, worker));
  return results;
};

const print = (rows: readonly (readonly string[])[]): void => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
  const isNumber = (cell: string) => /^[\d,.]+( (s|MB))?$/.test(cell);
  const pad = (cell: string, width: number) => (isNumber(cell) ? cell.padStart(width) : cell.padEnd(width));
  for (const row of rows) console.log(row.map((cell, column) => pad(cell, widths[column] ?? 0)).join('  '));
  console.log('');
};

const count = (value: number): string => (Number.isNaN(value) ? '-' : value.toLocaleString('en'));

const verdict = ({ errors, isComplete, broken }: Result): string => {
  if (broken !== undefined) return `BROKEN: ${broken.property}, after ${broken.steps} steps`;
  if (errors !== 0) return 'FAILED';
  return isComplete ? 'holds' : 'NOT EXHAUSTIVE';
};

const holds = (result: Result): boolean => verdict(result) === 'holds';

const printSearches = (title: string, results: readonly Result[]): void =>
  print([
    [title, 'states', 'transitions', 'memory', 'time', 'verdict'],
    ...results.map(result => [
      result.name,
      count(result.states),
      count(result.transitions),
      `${result.memoryMb.toFixed(0)} MB`,
      `${result.seconds.toFixed(1)} s`,
      verdict(result),
    ]),
  ]);

const printMutants = (results: readonly Result[]): void =>
  print([
    ['mutant', 'steps', 'breaks'],
    ...results.map(({ name, broken }) => [
      name,
      count(broken?.steps ?? Number.NaN),
      broken?.property ?? 'NOTHING: it survives',
    ]),
  ]);

/** Labelled writes that no configuration performs. */
const unreachedWrites = async (results: readonly Result[]): Promise<string[]> => {
  const source = await readFile(join(import.meta.dirname, 'refresh.pml'), 'utf8');
  return source.split('\n').flatMap((text, index) => {
    const write = /\b(W_\w+): d_step/.exec(text)?.[1];
    return write !== undefined && results.every(({ unreached }) => unreached.has(index + 1)) ? [write] : [];
  });
};

const checkAll = async (tools: Tools, atATime: number): Promise<boolean> => {
  const folder = await mkdtemp(join(tmpdir(), 'refresh-model-'));
  try {
    const searches = await runAll(tools, jobsOf(configurations, 'all'), atATime, folder);
    printSearches('every state', searches);
    const unreached = await unreachedWrites(searches);
    console.log(
      unreached.length === 0 ? 'every write is reached\n' : `NOT REACHED: ${unreached.join(', ')}\n`,
    );
    const ends = await runAll(tools, jobsOf(terminations, 'cycles'), atATime, folder);
    printSearches('everything ends', ends);
    const killed = await runAll(tools, jobsOf(mutants, 'shortest'), atATime, folder);
    printMutants(killed);
    return (
      [...searches, ...ends].every(holds) && unreached.length === 0 && killed.every(({ broken }) => broken)
    );
  } finally {
    await rm(folder, { recursive: true });
  }
};

const main = async (parameters: readonly string[]): Promise<number> => {
  const tools = findTools();
  if (tools === undefined) {
    const isOptional = parameters.includes('--if-present');
    console.log(
      isOptional
        ? 'The model was not checked: there is no spin, or no C compiler.'
        : 'To check the model install SPIN and a C compiler: apt-get install spin gcc',
    );
    return isOptional ? 0 : 1;
  }
  const jobs = parameters.find(parameter => parameter.startsWith('--jobs='))?.slice('--jobs='.length);
  const atATime = Number(jobs ?? Math.min(2, availableParallelism()));
  return (await checkAll(tools, atATime)) ? 0 : 1;
};

process.exitCode = await main(process.argv.slice(2));
