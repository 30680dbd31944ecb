/** A function to be run in processes of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'aws-lambda';

type Event = { readonly sleepMs?: number; readonly fail?: true; readonly exit?: true };

export const handler = async (event: Event, context: Context): Promise<unknown> => {
  if (event.exit) process.exit(3);
  if (event.fail) throw new RangeError('no');
  await sleep(event.sleepMs ?? 0);
  console.log(`done in ${process.pid}`);
  const { invokedFunctionArn: arn } = context;
  return {
    arn,
    pid: process.pid,
    variables: Object.keys(process.env),
    remainingMs: context.getRemainingTimeInMillis(),
  };
};
