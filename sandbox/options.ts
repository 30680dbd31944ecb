/** The command lines of `npm start` and `npm run demo`. Pure. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './usage-error.ts';

export type Options = {
  /** Of the API. 0: any free one. */
  readonly port: number;
  /** Where the data is kept; in memory without it. */
  readonly dataFolder?: string;
  readonly realTime: boolean;
};

export type Command = { readonly kind: 'run'; readonly options: Options } | { readonly kind: 'help' };

export const defaultPort = 4000;

export const startHelp = `Ringbearer's local run: the functions that deploy, an embedded DynamoDB and a simulated RingCentral.

Usage: npm start -- [options]

  --port PORT    port of the API on 127.0.0.1 (default ${defaultPort}); the simulated RingCentral takes the next one.
                 0: two free ports, which are printed
  --data DIR     keep grants and the simulator's memory in this folder, so that they survive a restart; in memory without it
  --real-time    real lifetimes: access tokens of an hour, refresh tokens of 7 days. Without it a "week" is about two minutes
  --help         this text

Ctrl-C (or SIGTERM) ends everything and exits 0; a second one does not wait for what is under way. Exit code 2: it could not start.
Colours follow NO_COLOR and whether the output is a terminal.`;

const optionTypes = {
  port: { type: 'string' },
  data: { type: 'string' },
  'real-time': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

export const demoHelp = `Ringbearer's demo: "weeks" of 21 s, readers, crashes, a 429 and a lost answer; a good minute in all.

Usage: npm run demo

Exit code 0: every grant lived through it and RingCentral saw no needless request. 1: not so, or ended before its time.
2: it could not start.`;

const parsePort = (text: string): number => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_534) return port;
  throw new UsageError(`--port must be a whole number from 0 to 65534, not "${text}"`);
};

const parse = <T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
  help: string,
) => {
  try {
    return parseArgs({ args: [...args], options, strict: true, tokens: true });
  } catch (error) {
    const [reason] = (error as Error).message.split(/\.?(?:\n|\. |$)/);
    throw new UsageError(`${reason}. Try ${help}`);
  }
};

/** Throws {@link UsageError}. */
export const parseOptions = (args: readonly string[]): Command => {
  const { values, tokens } = parse(args, optionTypes, 'npm start -- --help');
  if (values.help) return { kind: 'help' };
  const names = tokens.flatMap(token => (token.kind === 'option' ? [token.name] : []));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`--${twice} is given twice`);
  if (values.data === '') throw new UsageError('--data needs the path of a folder');
  return {
    kind: 'run',
    options: {
      port: values.port === undefined ? defaultPort : parsePort(values.port),
      realTime: values['real-time'] ?? false,
      ...(values.data !== undefined && { dataFolder: values.data }),
    },
  };
};

/** Throws {@link UsageError}. */
export const parseDemoOptions = (args: readonly string[]): { readonly kind: 'run' | 'help' } => {
  const { values } = parse(args, { help: optionTypes.help }, 'npm run demo -- --help');
  return { kind: values.help ? 'help' : 'run' };
};
