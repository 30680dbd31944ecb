/** What a demo does to its grants: each trial injects one fault, and says afterwards whether it happened and was survived. */
import { setTimeout as sleep } from 'node:timers/promises';
import { laneOf } from '../../functions/domain/lane.ts';
import type { FunctionPool } from '../aws/function-pool.ts';
import { type DemoGrant, listGrants } from '../demonstration.ts';
import type { LocalRun } from '../local-run.ts';
import type { Fault } from '../ringcentral/index.ts';
import type { DemoRecord } from './record.ts';

export type TrialResult = {
  readonly name: string;
  readonly grantId: string;
  /** What it did, as observed; undefined: it did not happen. */
  readonly happened: string | undefined;
  readonly survived: boolean;
};

export type Stage = { readonly run: LocalRun; readonly record: DemoRecord };

type Trial = (stage: Stage, grant: DemoGrant) => Promise<TrialResult>;

/** The provider has answered by then, as far as it is concerned; the answer is still on its way. */
const killAfterMs = 300;
/** Shorter than the keeper waits for an answer. */
const answerDelayMs = 1500;

/** Arms a fault for the grant's next refresh and waits until it strikes. */
const strike = async ({ run, record }: Stage, { ownerId }: DemoGrant, fault: Fault): Promise<boolean> => {
  const before = record.provider.length;
  run.simulator.faults.add({ ...fault, ownerId });
  return record.until(
    () =>
      record.provider
        .slice(before)
        .some(event => event.type === 'faulted' && event.fault === fault.kind && event.ownerId === ownerId),
    2 * run.settings.refreshLifetimeMs,
  );
};

/** Whether the grant is refreshed after the first `before` refreshes; `replayed`: by asking for the lost answer again. */
const isRefreshed = (
  { run, record }: Stage,
  { grantId }: DemoGrant,
  before: number,
  replayed: boolean,
): Promise<boolean> =>
  record.until(
    () =>
      record.refreshes.slice(before).some(each => each.grantId === grantId && (each.replayed || !replayed)),
    run.settings.refreshLifetimeMs,
  );

const lossOf =
  (name: string, fault: Fault, replayed: boolean): Trial =>
  async (stage, grant) => {
    const before = stage.record.refreshes.length;
    const struck = await strike(stage, grant, fault);
    const survived = struck && (await isRefreshed(stage, grant, before, replayed));
    return { name, grantId: grant.grantId, happened: struck ? fault.kind : undefined, survived };
  };

const isAbout = (event: unknown, { grantId }: DemoGrant): boolean => {
  const { lanes } = (event ?? {}) as { lanes?: readonly number[] };
  return lanes?.includes(laneOf(grantId)) ?? JSON.stringify(event ?? null).includes(grantId);
};

/** Kills every process that is at work on the grant. */
const killAtWork = (pool: FunctionPool, grant: DemoGrant): number[] => {
  const pids = pool.processes().flatMap(({ pid, event }) => (isAbout(event, grant) ? [pid] : []));
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  return pids;
};

/**
 * A sweep works on several grants at once. If another one's answer had arrived and was not stored yet, the provider would take the
 * next attempt for a careless one, unless it is told of the crash.
 */
const declareCrash = async ({ run }: Stage, grant: DemoGrant): Promise<void> => {
  for (const { grantId, ownerId, refreshing } of await listGrants(run)) {
    if (refreshing && grantId !== grant.grantId) run.simulator.provider.forgiveNext(ownerId);
  }
};

/** SIGKILL in mid-refresh: the provider has rotated the tokens, and nobody has stored them. */
const crashOf =
  (name: string, poolOf: (run: LocalRun) => FunctionPool): Trial =>
  async (stage, grant) => {
    const { run, record } = stage;
    const before = record.refreshes.length;
    const fault = { endpoint: 'token', kind: 'delay', delayMs: answerDelayMs, processed: true } as const;
    const struck = await strike(stage, grant, fault);
    await sleep(killAfterMs);
    const killed = struck ? killAtWork(poolOf(run), grant) : [];
    const died = await record.until(
      () => killed.every(pid => record.deaths.some(death => death.pid === pid && death.signal === 'SIGKILL')),
      5000,
    );
    await declareCrash(stage, grant);
    const happened = killed.length > 0 && died ? `killed ${killed.join(', ')} in mid-refresh` : undefined;
    const survived = happened !== undefined && (await isRefreshed(stage, grant, before, true));
    return { name, grantId: grant.grantId, happened, survived };
  };

export const trials = {
  apiCrash: crashOf('crash of the api', run => run.api),
  sweepCrash: crashOf('crash of the sweep', run => run.sweep),
  rateLimit: lossOf(
    'rate limit (429)',
    { endpoint: 'token', kind: 'rate-limit', retryAfterSeconds: 2 },
    false,
  ),
  lostAnswer: lossOf('lost answer', { endpoint: 'token', kind: 'drop-after' }, true),
} as const satisfies Record<string, Trial>;

/** Its sessions are ended as an administrator would end them; and what mends that is no person. */
export const endOfSession: Trial = async ({ run, record }, { grantId, ownerId }) => {
  const before = record.mints.length;
  const ended = run.simulator.provider.endSessions(ownerId);
  const minted = () => record.mints.slice(before).some(each => each.grantId === grantId);
  const survived = await record.until(minted, run.settings.refreshLifetimeMs);
  const happened = ended > 0 ? `${ended} ended, minted again` : undefined;
  return { name: 'end of a session', grantId, happened, survived };
};
