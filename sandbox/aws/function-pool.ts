/**
 * One function, as Lambda runs it: each invocation has a process to itself, processes are kept for the next one, and one that has died
 * is replaced at the next invocation.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Ending,
  FunctionError,
  type FunctionOptions,
  type FunctionProcess,
  type Job,
  startFunctionProcess,
} from './function-process.ts';

export type PoolOptions = FunctionOptions & {
  readonly maxProcesses: number;
  /** So many are started beforehand, and one that was killed is replaced at once. Default 0: at the next invocation that needs it. */
  readonly minProcesses?: number;
  /** A process ended, and nobody here had asked it to. */
  readonly onDeath: (ending: Ending) => void;
};

export type FunctionPool = {
  readonly name: string;
  /** Throws {@link FunctionError}. */
  invoke(event: unknown, alias?: string): Promise<unknown>;
  /** `event`: what the process is at work on. */
  processes(): readonly { readonly pid: number; readonly event?: unknown }[];
  /** Lets invocations under way finish for so long, and ends every process. */
  close(graceMs: number): Promise<void>;
};

const maxWaiting = 1000;

export const functionArnOf = (name: string, alias: string | undefined): string =>
  `arn:aws:lambda:us-east-1:000000000000:function:${name}${alias === undefined ? '' : `:${alias}`}`;

export const createFunctionPool = (options: PoolOptions): FunctionPool => {
  const { name, timeoutMs, maxProcesses, minProcesses = 0, onDeath } = options;
  const processes = new Set<FunctionProcess>();
  const waiting: Job[] = [];
  let lastId = 0;
  let closing = false;

  const start = (): FunctionProcess => {
    const started = startFunctionProcess(options, {
      onFree: () => dispatch(),
      onEnd: ending => {
        processes.delete(started);
        if (!closing) onDeath(ending);
        // One that ends by itself may do so at every start.
        if (ending.signal !== null) startAhead();
        dispatch();
      },
    });
    processes.add(started);
    return started;
  };

  const startAhead = (): void => {
    while (!closing && processes.size < minProcesses) start();
  };

  const dispatch = (): void => {
    while (waiting.length > 0) {
      const idle = [...processes].find(each => each.isFree());
      const free = idle ?? (processes.size < maxProcesses ? start() : undefined);
      const job = free && waiting.shift();
      if (job === undefined) return;
      free?.run(job);
    }
  };

  const refusal = (): FunctionError | undefined => {
    if (closing) return new FunctionError('ServiceException', `${name} is being ended`);
    return waiting.length < maxWaiting
      ? undefined
      : new FunctionError('TooManyRequestsException', `${name} has too many invocations waiting`);
  };

  startAhead();
  return {
    name,
    invoke: (event, alias) =>
      new Promise((resolve, reject) => {
        const refused = refusal();
        if (refused !== undefined) return reject(refused);
        lastId += 1;
        const functionArn = functionArnOf(name, alias);
        waiting.push({ invocation: { id: lastId, event, functionArn, timeoutMs }, resolve, reject });
        dispatch();
      }),
    processes: () =>
      [...processes].map(each => {
        const job = each.job();
        return { pid: each.pid, ...(job && { event: job.invocation.event }) };
      }),
    close: async graceMs => {
      closing = true;
      const over = new FunctionError('ServiceException', `${name} is being ended`);
      for (const job of waiting.splice(0)) job.reject(over);
      const endsAt = performance.now() + graceMs;
      while ([...processes].some(each => each.job() !== undefined) && performance.now() < endsAt)
        await sleep(20);
      await Promise.all([...processes].map(each => each.end()));
    },
  };
};
