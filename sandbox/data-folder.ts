/** The folder of `--data`: the database, the simulator's memory, and what a restart must do the same way again. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Pace, realTime } from './pace.ts';
import { UsageError } from './usage-error.ts';

/** Grants name the server that issued them, so the simulator must come back at the same address. */
type Remembered = { readonly simulatorPort: number; readonly pace: Pace['name'] };

export type DataFolder = {
  readonly path: string;
  readonly databasePath: string;
  readonly simulatorFile: string;
  readonly remembered: Remembered | undefined;
  remember(run: Remembered): void;
};

const reasonOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? (error as Error).name;

const isPort = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;

const readRemembered = (file: string): Remembered | undefined => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UsageError(`--data: ${file} cannot be read (${reasonOf(error)})`);
  }
  try {
    const { simulatorPort, pace } = JSON.parse(text) as Partial<Remembered>;
    if (isPort(simulatorPort) && typeof pace === 'string') return { simulatorPort, pace };
  } catch {
    // Said below: whatever it is, it is not ours.
  }
  throw new UsageError(`--data: ${file} is damaged. Remove the folder to start afresh`);
};

/** Not `recursive`: Node tries that for ever where the system says that a parent that exists does not, as in /proc. */
const makeFolder = (path: string): void => {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
};

const checkWritable = (path: string): void => {
  const probe = join(path, '.probe');
  try {
    makeFolder(path);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    throw new UsageError(`--data: the folder ${path} cannot be written (${reasonOf(error)})`);
  }
};

const checkPace = ({ path, remembered }: Pick<DataFolder, 'path' | 'remembered'>, pace: Pace): void => {
  if (remembered === undefined || remembered.pace === pace.name) return;
  const advice = remembered.pace === realTime.name ? 'add --real-time' : 'leave out --real-time';
  throw new UsageError(
    `--data: the tokens in ${path} have ${remembered.pace} lifetimes: ${advice}, or use another folder`,
  );
};

/** Throws {@link UsageError} where the folder cannot be used. */
export const openDataFolder = (folder: string, pace: Pace): DataFolder => {
  const path = resolve(folder);
  const databasePath = join(path, 'dynamodb');
  checkWritable(path);
  checkWritable(databasePath);
  const file = join(path, 'local-run.json');
  const remembered = readRemembered(file);
  checkPace({ path, remembered }, pace);
  return {
    path,
    databasePath,
    simulatorFile: join(path, 'ringcentral.json'),
    remembered,
    remember: run => {
      writeFileSync(`${file}.new`, JSON.stringify(run));
      renameSync(`${file}.new`, file);
    },
  };
};
