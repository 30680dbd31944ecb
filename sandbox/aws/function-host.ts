/**
 * One execution environment of one function: a process that loads a handler and calls it, one invocation at a time, as Lambda's runtime
 * does. Arguments: the handler's module, and a title for `ps`. It sees nothing but the environment it was given.
 */
import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';

export type Invocation = {
  readonly id: number;
  readonly event: unknown;
  readonly functionArn: string;
  readonly timeoutMs: number;
};

export type InvocationResult = { readonly id: number } & (
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly errorType: string; readonly errorMessage: string }
);

type Handler = (event: unknown, context: Context) => Promise<unknown>;

const [modulePath = '', title = ''] = process.argv.slice(2);
process.title = title;
// Ctrl-C reaches the whole process group; when this process ends is for its parent to say.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));

const contextOf = ({ functionArn, timeoutMs }: Invocation, endsAt: number): Context => ({
  callbackWaitsForEmptyEventLoop: false,
  functionName: functionArn.split(':')[6] ?? '',
  functionVersion: '$LATEST',
  invokedFunctionArn: functionArn,
  memoryLimitInMB: '256',
  awsRequestId: randomUUID(),
  logGroupName: 'local',
  logStreamName: String(process.pid),
  getRemainingTimeInMillis: () => Math.min(timeoutMs, Math.max(0, Math.ceil(endsAt - performance.now()))),
  done: () => {},
  fail: () => {},
  succeed: () => {},
});

// Messages that arrive while this loads wait in the channel.
const { handler } = (await import(modulePath)) as { handler: Handler };

const invoke = async (invocation: Invocation): Promise<InvocationResult> => {
  const { id, event, timeoutMs } = invocation;
  try {
    const result = await handler(event, contextOf(invocation, performance.now() + timeoutMs));
    return { id, ok: true, result };
  } catch (error) {
    const { name: errorType, message: errorMessage } = error as Error;
    return { id, ok: false, errorType, errorMessage };
  }
};

process.on('message', async message => {
  const result = await invoke(message as Invocation);
  if (process.connected) process.send?.(result);
});
