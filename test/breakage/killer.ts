/** SIGKILL at random moments to random processes, and now and then just after the provider rotated the tokens of some grant. */
import { setTimeout as sleep } from 'node:timers/promises';
import { laneOf } from '../../functions/domain/lane.ts';
import type { Random } from './random.ts';
import type { Stage, StagedGrant } from './stage.ts';

export type Kills = {
  total: number;
  /** Of processes that had an invocation to answer. */
  busy: number;
};

/** `events`: what it was at work on. `forgiven`: owners whose next request may repeat the one that it had made. */
export type Kill = {
  readonly at: number;
  readonly events: readonly unknown[];
  readonly forgiven: readonly string[];
};

export type Killer = {
  readonly kills: Kills;
  readonly pids: ReadonlySet<number>;
  readonly log: readonly Kill[];
  /** So many, with a pause before each. */
  kill(count: number, pausesMs: { readonly shortest: number; readonly longest: number }): Promise<void>;
  stop(): void;
};

type Target = { readonly pid: number; readonly event?: unknown };
type Event = { readonly lanes?: readonly number[]; readonly grantId?: string };

/** Of the kills that are not aimed. Most processes are idle most of the time; one that is at work is more of a target. */
const busyShare = 0.8;
const aimedShare = 0.4;
/** The time from the provider's answer to the store's, more or less. */
const longestAimMs = 300;
const longestWaitForRotationMs = 1000;

const isAbout = (event: unknown, { grantId }: StagedGrant): boolean => {
  const { lanes, grantId: asked } = (event ?? {}) as Event;
  return lanes === undefined ? asked === grantId : lanes.includes(laneOf(grantId));
};

export const createKiller = (stage: Stage, random: Random): Killer => {
  const { api, sweep, deaths, grants, simulator, store } = stage;
  const kills: Kills = { total: 0, busy: 0 };
  const pids = new Set<number>();
  const log: Kill[] = [];
  let stopped = false;

  const living = (): Target[] =>
    [...api.processes(), ...sweep.processes()].filter(({ pid }) => !pids.has(pid));

  const anyone = (): Target | undefined => {
    const busy = living().filter(({ event }) => event !== undefined);
    return random.chance(busyShare) && busy.length > 0 ? random.pick(busy) : random.pick(living());
  };

  /** One of those that are at work on a grant whose tokens have just been rotated: perhaps the one that asked for it. */
  const someoneRefreshing = async (): Promise<Target | undefined> => {
    const ownerId = await Promise.race([stage.nextRotation(), sleep(longestWaitForRotationMs)]);
    const grant = grants.find(each => each.ownerId === ownerId);
    if (grant === undefined) return undefined;
    const target = random.pick(living().filter(({ event }) => isAbout(event, grant)));
    // By then it may have answered: what it had told anybody must be stored.
    await sleep(random.between(0, longestAimMs));
    return target;
  };

  const untilDead = async (pid: number): Promise<void> => {
    while (!stopped && !deaths.some(death => death.pid === pid)) await sleep(1);
  };

  /**
   * The provider takes whoever asks again for careless, unless it is told who has died: of a process that may have received an answer
   * which nobody has stored.
   */
  const declare = async ({ grantId, ownerId }: StagedGrant): Promise<string[]> => {
    const stored = await store.grants.get(grantId);
    if (stored?.value.sent === undefined) return [];
    const session = simulator.provider.sessions().find(each => each.ownerId === ownerId);
    const isAhead = session !== undefined && session.refreshes > stored.value.generation - 1;
    if (isAhead) simulator.provider.forgiveNext(ownerId);
    return isAhead ? [ownerId] : [];
  };

  const killOne = async (): Promise<void> => {
    const target = (random.chance(aimedShare) ? await someoneRefreshing() : undefined) ?? anyone();
    if (target === undefined) return;
    const { pid, event: before } = target;
    const current = living().find(each => each.pid === pid);
    if (current === undefined) return;
    pids.add(pid);
    process.kill(pid, 'SIGKILL');
    kills.total += 1;
    const events = [before, current.event].filter(event => event !== undefined);
    if (current.event !== undefined) kills.busy += 1;
    await untilDead(pid);
    const concerned = grants.filter(grant => events.some(event => isAbout(event, grant)));
    const forgiven = await Promise.all(concerned.map(declare));
    log.push({ at: Date.now(), events, forgiven: forgiven.flat() });
  };

  return {
    kills,
    pids,
    log,
    kill: async (count, { shortest, longest }) => {
      for (const until = kills.total + count; !stopped && kills.total < until; ) {
        await sleep(random.between(shortest, longest));
        await killOne();
      }
    },
    stop: () => {
      stopped = true;
    },
  };
};
