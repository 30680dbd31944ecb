/** The live output: one line per happening, with the time since the start. */
import pc from 'picocolors';
import { functionNames } from '../aws/environment.ts';
import type { LocalEvent } from '../aws/services.ts';
import { users } from '../demonstration.ts';
import type { Observer } from '../local-run.ts';
import { readLogLine } from './log-lines.ts';
import {
  type Line,
  narrateEvent,
  narrateFact,
  narrateProvider,
  narrateServed,
  narrateSignIn,
  type Tone,
} from './narrate.ts';

export type Screen = Observer & {
  print(line: Line): void;
  /** Text that stands by itself, between empty lines. */
  block(lines: readonly string[]): void;
};

const sourceWidth = 16;
const subjectWidth = 14;

const tones: Record<Tone, (text: string) => string> = {
  good: text => text,
  notice: pc.yellow,
  bad: pc.red,
  quiet: pc.dim,
};

const nameOf = (ownerId: string): string => users.find(user => user.ownerId === ownerId)?.name ?? ownerId;

const elapsed = (ms: number): string => `${(ms / 1000).toFixed(1)} s`.padStart(9);

/** `isShown`: says whether a happening is worth a line just now. */
export const createScreen = (isShown: (line: Line) => boolean): Screen => {
  const write = (text: string) => process.stdout.write(text);
  const startedAt = performance.now();
  const print = (line: Line): void => {
    if (!isShown(line)) return;
    const { source, subject, text, tone } = line;
    const time = pc.dim(elapsed(performance.now() - startedAt));
    write(
      `${time}  ${pc.cyan(source.padEnd(sourceWidth))}  ${pc.bold(subject.padEnd(subjectWidth))}  ${tones[tone](text)}\n`,
    );
  };
  const printLog = (source: string, text: string): void => {
    const line = readLogLine(text);
    if (line.kind === 'fact') {
      const isSignIn = source === functionNames.connect;
      print(isSignIn ? narrateSignIn(source, line.fact) : narrateFact(source, line.fact, Date.now()));
    }
    if (line.kind === 'text') print({ source, subject: '', text: line.text, tone: 'bad' });
  };
  return {
    print,
    block: lines => void write(`\n${lines.join('\n')}\n\n`),
    onLine: printLog,
    onDeath: (source, { pid, signal }) =>
      print({
        source,
        subject: `process ${pid}`,
        text: `died${signal === null ? '' : ` (${signal})`}; the next invocation starts a new one`,
        tone: 'bad',
      }),
    onServed: served => print(narrateServed(served)),
    onEvent: (event: LocalEvent) => print(narrateEvent(event)),
    onProvider: event => {
      const line = narrateProvider(event, nameOf);
      if (line !== undefined) print(line);
    },
  };
};
