/** Runs a command to its exit code: what `main` returns; 2 where it could not start, with one line that says why; 1 on a bug. */
import { UsageError } from './usage-error.ts';

export const runCommand = async (main: () => Promise<number>): Promise<never> => {
  try {
    return process.exit(await main());
  } catch (error) {
    const isUsage = error instanceof UsageError;
    process.stderr.write(isUsage ? `${error.message}\n` : `${(error as Error).stack}\n`);
    return process.exit(isUsage ? 2 : 1);
  }
};
