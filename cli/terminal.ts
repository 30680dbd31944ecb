/** Where output goes: results to stdout, everything about them to stderr. */
import { createInterface } from 'node:readline';
import type { WriteStream } from 'node:tty';
import pc from 'picocolors';
import { exitCodes, Failure, usage } from './failure.ts';
import { toJsonLine, visible } from './text.ts';

export type Colors = ReturnType<typeof pc.createColors>;

type Stream = NodeJS.WritableStream & Pick<Partial<WriteStream>, 'isTTY' | 'columns' | 'rows'>;

export type Streams = {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: Stream;
  readonly stderr: Stream;
};

export type Terminal = {
  readonly json: boolean;
  /** Of stdout, where that is a terminal; it may change. */
  readonly size: { readonly columns: number; readonly rows: number } | undefined;
  readonly colors: Colors;
  readonly errorColors: Colors;
  readonly stdin: Streams['stdin'];
  /** As it is, without a newline. */
  write(text: string): void;
  print(lines: readonly string[]): void;
  /** One line. */
  printJson(value: unknown): void;
  /** A line on stderr. */
  note(text: string): void;
  /** What is going on, on stderr and only where that is a terminal; the next one takes its place. */
  progress(text: string): void;
  /** Whether somebody is there to answer. */
  readonly canAsk: boolean;
  /** Throws a usage error where nobody can be asked, with `instead` as what to do. */
  confirm(question: string, instead: string): Promise<boolean>;
};

/** https://no-color.org and https://force-color.org; a `dumb` terminal has none. */
export const wantsColor = (stream: { readonly isTTY?: boolean }, variables: NodeJS.ProcessEnv): boolean => {
  const { NO_COLOR: no = '', FORCE_COLOR: force = '', TERM: term } = variables;
  if (no !== '') return false;
  if (force !== '') return force !== '0' && force !== 'false';
  return stream.isTTY === true && term !== 'dumb';
};

const ask = (streams: Streams, question: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const lines = createInterface({ input: streams.stdin, output: streams.stderr });
    lines.once('SIGINT', () => {
      reject(new Failure('interrupted', 'Nothing was done.', { exitCode: exitCodes.interrupted }));
      streams.stderr.write('\n');
      lines.close();
    });
    lines.once('close', () => resolve(''));
    lines.question(`${question} [y/N] `, answer => {
      resolve(answer);
      lines.close();
    });
  });

export const createTerminal = (streams: Streams, variables: NodeJS.ProcessEnv, json: boolean): Terminal => {
  const { stdin, stdout, stderr } = streams;
  const canAsk = stdin.isTTY === true && stderr.isTTY === true;
  let shown = false;
  const clear = (): void => {
    if (shown) stderr.write('\r\u001b[K');
    shown = false;
  };
  const write = (text: string): void => {
    clear();
    stdout.write(text);
  };
  return {
    json,
    get size() {
      // `script` and some containers give a terminal without a size.
      return stdout.isTTY === true ? { columns: stdout.columns || 80, rows: stdout.rows || 24 } : undefined;
    },
    colors: pc.createColors(wantsColor(stdout, variables)),
    errorColors: pc.createColors(wantsColor(stderr, variables)),
    stdin,
    write,
    print: lines => write(lines.map(line => `${line}\n`).join('')),
    printJson: value => write(`${toJsonLine(value)}\n`),
    note: text => {
      clear();
      stderr.write(`${visible(text)}\n`);
    },
    progress: text => {
      if (stderr.isTTY !== true) return;
      clear();
      stderr.write(`${visible(text)} …`);
      shown = true;
    },
    canAsk,
    confirm: async (question, instead) => {
      clear();
      if (!canAsk) throw usage('Nobody can be asked here.', instead);
      return /^y(es)?$/i.test((await ask(streams, visible(question))).trim());
    },
  };
};
