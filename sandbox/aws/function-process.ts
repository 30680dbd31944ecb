/** One process of one function: it does one job at a time, is killed when that takes too long, and may die at any moment. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Invocation, InvocationResult } from './function-host.ts';

export type FunctionOptions = {
  readonly name: string;
  readonly module: URL;
  readonly variables: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** A line that the function wrote. */
  readonly onLine: (line: string) => void;
};

/** `type`: as Lambda names what went wrong, or the name of the error that the handler threw. */
export class FunctionError extends Error {
  override readonly name = 'FunctionError';
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

export type Job = {
  readonly invocation: Invocation;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: FunctionError) => void;
};

export type Ending = { readonly pid: number; readonly signal: NodeJS.Signals | null };

export type FunctionProcess = {
  readonly pid: number;
  /** What it is at work on. */
  readonly job: () => Job | undefined;
  readonly isFree: () => boolean;
  readonly run: (job: Job) => void;
  /** Kills it if it does not end by itself in time. */
  readonly end: () => Promise<void>;
};

type Listeners = { readonly onFree: () => void; readonly onEnd: (ending: Ending) => void };

const hostPath = fileURLToPath(new URL('./function-host.ts', import.meta.url));
const endingMs = 2000;

const readLines = (stream: Readable | null, onLine: (line: string) => void): void => {
  if (stream !== null) createInterface({ input: stream }).on('line', onLine);
};

const forkHost = ({ name, module, variables, onLine }: FunctionOptions): ChildProcess => {
  const child = fork(hostPath, [module.href, name], {
    env: { ...variables },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  readLines(child.stdout, onLine);
  readLines(child.stderr, onLine);
  return child;
};

const endChild = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  const late = setTimeout(() => child.kill('SIGKILL'), endingMs);
  await exited;
  clearTimeout(late);
};

export const startFunctionProcess = (options: FunctionOptions, listeners: Listeners): FunctionProcess => {
  const { name, timeoutMs } = options;
  const child = forkHost(options);
  let current: { readonly job: Job; readonly timer: NodeJS.Timeout } | undefined;
  let ended = false;

  const finish = (): Job | undefined => {
    clearTimeout(current?.timer);
    const job = current?.job;
    current = undefined;
    return job;
  };

  const answered = (message: InvocationResult): void => {
    if (current?.job.invocation.id !== message.id) return;
    const job = finish();
    if (message.ok) job?.resolve(message.result);
    else job?.reject(new FunctionError(message.errorType, message.errorMessage));
    listeners.onFree();
  };

  const died = (): void => {
    if (ended) return;
    ended = true;
    const how = child.signalCode ?? `exit code ${child.exitCode}`;
    finish()?.reject(new FunctionError('Runtime.ExitError', `${name} ended before it answered (${how})`));
    listeners.onEnd({ pid: child.pid ?? 0, signal: child.signalCode });
  };

  const timeOut = (): void => {
    finish()?.reject(new FunctionError('Sandbox.Timedout', `${name} timed out after ${timeoutMs / 1000} s`));
    child.kill('SIGKILL');
  };

  child.on('message', message => answered(message as InvocationResult));
  child.on('exit', died);
  // It could not be started at all, or its channel broke: then it is of no use any more.
  child.on('error', () => child.kill('SIGKILL') || died());
  return {
    pid: child.pid ?? 0,
    job: () => current?.job,
    isFree: () => current === undefined && child.connected && !child.killed,
    run: job => {
      current = { job, timer: setTimeout(timeOut, timeoutMs) };
      child.send(job.invocation);
    },
    end: () => endChild(child),
  };
};
