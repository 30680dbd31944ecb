/** SPIN and the C compiler: how a configuration is built, run and read. */
import { execFile, spawnSync } from 'node:child_process';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configuration, Defines } from './configurations.ts';

const model = 'refresh.pml';
const modelFiles = [model, 'provider.pml', 'writes.pml', 'rules.pml', 'mutants.pml'];

export type Tools = { readonly spin: string; readonly compiler: string };

const runs = (command: string, option: string): boolean => spawnSync(command, [option]).status === 0;

export const findTools = (): Tools | undefined => {
  const compiler = ['gcc', 'cc', 'clang'].find(name => runs(name, '--version'));
  return compiler !== undefined && runs('spin', '-V') ? { spin: 'spin', compiler } : undefined;
};

type Output = { readonly code: number; readonly text: string };

/** Runs a program to its end, whatever its exit code. */
const run = (command: string, parameters: readonly string[], folder: string): Promise<Output> =>
  new Promise(resolve => {
    execFile(command, parameters, { cwd: folder, maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code) || 1, text: stdout + stderr });
    });
  });

const mustRun = async (command: string, parameters: readonly string[], folder: string): Promise<void> => {
  const { code, text } = await run(command, parameters, folder);
  if (code !== 0) throw new Error(`${command} ${parameters.join(' ')}\n${text}`);
};

const options = (defines: Defines): string[] =>
  Object.entries(defines).map(([name, value]) => (value === true ? `-D${name}` : `-D${name}=${value}`));

/** `all`: every state; `cycles`: whether anything can go on for ever; `shortest`: breadth first, to the nearest error. */
export type Search = 'all' | 'cycles' | 'shortest';

const compilerOptions: Readonly<Record<Search, readonly string[]>> = {
  all: ['-DSAFETY'],
  cycles: ['-DNP'],
  shortest: ['-DSAFETY', '-DBFS'],
};
const panOptions: Readonly<Record<Search, readonly string[]>> = {
  all: ['-m20000', '-w23'],
  cycles: ['-m20000', '-w23', '-l'],
  shortest: ['-w20'],
};

export type Result = {
  readonly name: string;
  readonly errors: number;
  readonly isComplete: boolean;
  readonly states: number;
  readonly transitions: number;
  readonly memoryMb: number;
  readonly seconds: number;
  /** Lines of the model whose d_step was never taken. */
  readonly unreached: ReadonlySet<number>;
  /** The property that broke, and after how many steps. */
  readonly broken?: { readonly property: string; readonly steps: number };
};

const numberIn = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN);

const cutShort = /max search depth too small|Search not completed|out of memory|MEMLIM|interrupted/;

const propertyAt = async (folder: string, file: string, line: number): Promise<string> => {
  const source = await readFile(join(folder, file), 'utf8');
  return /P: (.*?) \*\//.exec(source.split('\n')[line - 1] ?? '')?.[1] ?? `${file}:${line}`;
};

const readTrail = async (tools: Tools, folder: string, defines: Defines): Promise<Result['broken']> => {
  const trail = await readFile(join(folder, `${model}.trail`), 'utf8').catch(() => undefined);
  if (trail === undefined) return undefined;
  const steps = trail.split('\n').filter(line => /^\d/.test(line)).length;
  const { text } = await run(tools.spin, ['-t', ...preprocessor(tools), ...options(defines), model], folder);
  const [, file, line] = /(\w+\.pml):(\d+), Error: assertion violated/.exec(text) ?? [];
  if (file === undefined) return { property: 'all work comes to an end', steps };
  return { property: await propertyAt(folder, file, Number(line)), steps };
};

const preprocessor = ({ compiler }: Tools): string[] => [`-P${compiler} -E -x c -w`];

/** Builds and runs one configuration in a folder of its own. */
export const check = async (
  tools: Tools,
  { name, defines }: Configuration,
  search: Search,
  folder: string,
): Promise<Result> => {
  await mkdir(folder);
  await Promise.all(modelFiles.map(file => copyFile(join(import.meta.dirname, file), join(folder, file))));
  await mustRun(tools.spin, [...preprocessor(tools), '-a', ...options(defines), model], folder);
  const flags = ['-O2', '-w', '-DCOLLAPSE', '-DMEMLIM=4096', ...compilerOptions[search]];
  await mustRun(tools.compiler, [...flags, '-o', 'pan', 'pan.c'], folder);
  const startedAt = performance.now();
  const { text } = await run('./pan', panOptions[search], folder);
  const broken = await readTrail(tools, folder, defines);
  return {
    name,
    errors: numberIn(text, /errors: (\d+)/),
    isComplete: !cutShort.test(text),
    states: numberIn(text, /([\d.e+]+) states, stored/),
    transitions: numberIn(text, /([\d.e+]+) transitions/),
    memoryMb: numberIn(text, /([\d.]+)\s+total actual memory usage/),
    seconds: (performance.now() - startedAt) / 1000,
    unreached: new Set(
      [...text.matchAll(/refresh\.pml:\d+, state \d+, "D_STEP(\d+)"/g)].map(match => Number(match[1])),
    ),
    ...(broken !== undefined && { broken }),
  };
};
