/** What every command works with: the terminal, the deployment, its keeper and the clock. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Deployment, findDeployment } from './deployment.ts';
import { createKeeper, type Keeper } from './keeper.ts';
import type { TargetOptions } from './target.ts';
import { targetOf } from './target.ts';
import { createTerminal, type Terminal } from './terminal.ts';

export type GlobalOptions = TargetOptions & { readonly json?: boolean };

export type Session = {
  readonly terminal: Terminal;
  readonly deployment: Deployment;
  readonly keeper: Keeper;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
};

/** Throws {@link Failure} where there is no such deployment. */
export const openSession = async (options: GlobalOptions): Promise<Session> => {
  const terminal = createTerminal(process, process.env, options.json ?? false);
  const target = targetOf(options, process.env);
  if (target.kind === 'stack') terminal.progress(`Looking for the stack ${target.stack}`);
  const deployment = await findDeployment(target);
  return { terminal, deployment, keeper: createKeeper(deployment), now: Date.now, sleep: ms => sleep(ms) };
};
