import { describe, expect, it } from 'vitest';
import { parseDemoOptions, parseOptions } from '../../sandbox/options.ts';
import { UsageError } from '../../sandbox/usage-error.ts';

const runs: [string, string[], object][] = [
  ['nothing: port 4000, in memory, compressed', [], { port: 4000, realTime: false }],
  ['--port 5000', ['--port', '5000'], { port: 5000, realTime: false }],
  ['--port=0', ['--port=0'], { port: 0, realTime: false }],
  ['--data DIR', ['--data', 'some/where'], { port: 4000, realTime: false, dataFolder: 'some/where' }],
  ['--real-time', ['--real-time'], { port: 4000, realTime: true }],
];

const mistakes: [string, string[], RegExp][] = [
  ['an unknown option', ['--prot', '1'], /--prot/],
  ['a stray argument', ['4000'], /4000/],
  ['a port that is no number', ['--port', 'http'], /--port must be a whole number.*"http"/],
  ['a port that leaves none for the simulator', ['--port', '65535'], /--port/],
  ['a negative port', ['--port=-1'], /--port/],
  ['a missing value', ['--port'], /--port/],
  ['an empty folder', ['--data', ''], /--data needs/],
  ['a value where none belongs', ['--real-time=yes'], /--real-time/],
  ['an option given twice', ['--port', '1', '--port', '2'], /--port is given twice/],
];

describe('the options of npm start', () => {
  it.each(runs)('understands %s', (_, args, options) => {
    expect(parseOptions(args)).toEqual({ kind: 'run', options });
  });

  it.each(mistakes)('refuses %s, in one line', (_, args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
    expect(() => parseOptions(args)).toThrow(message);
    expect(() => parseOptions(args)).not.toThrow(/\n/);
  });

  it.each([['--help'], ['-h']])('knows %s', flag => {
    expect(parseOptions([flag])).toEqual({ kind: 'help' });
    expect(parseDemoOptions([flag])).toEqual({ kind: 'help' });
  });

  it('lets the demo have no options', () => {
    expect(parseDemoOptions([])).toEqual({ kind: 'run' });
    expect(() => parseDemoOptions(['--weeks', '9'])).toThrow(UsageError);
  });
});
