/** Starts the commands as a person would, and reads what they print. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));

export type Command = {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly errors: () => string;
  /** Until it has printed this. */
  readonly printed: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Until it has ended; its exit code. */
  readonly exited: () => Promise<number | null>;
};

export const run = (script: 'start' | 'demo', args: readonly string[]): Command => {
  const child = spawn(node, [`sandbox/${script}.ts`, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { output: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', chunk => {
    text.output += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', chunk => {
    text.errors += chunk;
  });
  const closed = once(child, 'close');
  return {
    child,
    output: () => text.output,
    errors: () => text.errors,
    printed: async pattern => {
      for (;;) {
        const match = pattern.exec(text.output);
        if (match !== null) return match;
        if (child.exitCode !== null)
          throw new Error(`ended before: ${pattern}\n${text.output}${text.errors}`);
        await Promise.race([once(child.stdout, 'data'), closed]);
      }
    },
    exited: async () => {
      await closed;
      return child.exitCode;
    },
  };
};

/** Of all processes, those that this one started and that still run. */
export const childrenOf = (pid: number): number[] => {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,stat=']).toString().trim().split('\n');
  return rows
    .map(row => row.trim().split(/\s+/))
    .filter(([, parent, state]) => parent === String(pid) && !state?.startsWith('Z'))
    .map(([child]) => Number(child));
};

export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
