/** Runs one command line to its exit code. */
import { CommanderError } from 'commander';
import { type ExitCode, exitCodes, Failure } from './failure.ts';
import { createProgram } from './program.ts';
import { fillLocal } from './target.ts';
import { wantsColor } from './terminal.ts';
import { toJsonLine, visible } from './text.ts';

const describe = (failure: Failure, color: boolean): string => {
  const red = (text: string) => (color ? `\u001b[31m${text}\u001b[39m` : text);
  const { code, message, advice } = failure;
  const lines = [
    `${red(`${visible(code)}:`)} ${visible(message)}`,
    ...(advice === undefined ? [] : [visible(advice)]),
  ];
  return `${lines.join('\n')}\n`;
};

const describeJson = ({ code, message, advice, retryAfterSeconds }: Failure): string =>
  `${toJsonLine({ error: { code, detail: message, advice, retryAfterSeconds } })}\n`;

/** A fault of this program. Its message may quote anything, so only its name is shown, and where it was. */
const faultOf = (error: unknown): Failure => {
  const { name = 'Error', stack = '' } = error as Error;
  const at = /\n\s+at [^\n]*/.exec(stack)?.[0].trim() ?? '';
  return new Failure('fault', `This command failed in itself (${name} ${at}).`, {
    advice: 'Please report it.',
  });
};

/** Starts a new line where a progress message was left standing. */
const clearLine = (): void => {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
};

const report = (error: unknown, args: readonly string[]): ExitCode => {
  // Its message is out already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const failure = error instanceof Failure ? error : faultOf(error);
  clearLine();
  const color = wantsColor(process.stderr, process.env);
  process.stderr.write(args.includes('--json') ? describeJson(failure) : describe(failure, color));
  return failure.exitCode;
};

/** `args`: without the program's own path. */
export const runCli = async (args: readonly string[]): Promise<ExitCode> => {
  const { command, exitCode } = createProgram(text => process.stdout.write(text));
  try {
    await command.parseAsync(fillLocal(args), { from: 'user' });
    clearLine();
    return exitCode();
  } catch (error) {
    return report(error, args);
  }
};
