/** What happens in one storm: invocations and acts of users, close to each other and close to the moments that matter. */
import { createRandom, type Random } from '../engine/random.ts';
import type { PlannedGrant, Scenario } from './scenario.ts';

export type Act =
  | 'get'
  /** A caller reports its token as rejected. */
  | 'report'
  | 'sweep'
  /** The owner authorises again: by connecting, or the answer is imported. */
  | 'reconnect'
  /** The latest token response is imported once more. */
  | 'import again'
  | 'revoke'
  | 'reinstate'
  /** The owner logs out everywhere. */
  | 'end sessions'
  /** The client secret is changed at the provider, and a little later in Secrets Manager. */
  | 'change secret'
  /** The provider refuses everything for a while. */
  | 'lie'
  /** Somebody else uses up the rate limit: a penalty begins. */
  | 'limit'
  /** The table throttles everything for a while. */
  | 'throttle'
  | 'kill';

export type Step = {
  readonly id: number;
  readonly act: Act;
  readonly grant: PlannedGrant;
  /** `soon`: so long after the step before. `moment`: so long around the next time at which something ends or falls due. */
  readonly when: { readonly kind: 'soon' | 'moment'; readonly ms: number };
  readonly ms: number;
};

const weights: readonly (readonly [Act, number])[] = [
  ['get', 36],
  ['report', 10],
  ['sweep', 14],
  ['reconnect', 9],
  ['import again', 6],
  ['revoke', 4],
  ['reinstate', 5],
  ['end sessions', 3],
  ['change secret', 4],
  ['lie', 3],
  ['limit', 5],
  ['throttle', 3],
  ['kill', 5],
];
const totalWeight = weights.reduce((sum, [, weight]) => sum + weight, 0);

const drawAct = (random: Random): Act => {
  let left = random.between(1, totalWeight);
  for (const [act, weight] of weights) {
    left -= weight;
    if (left <= 0) return act;
  }
  return 'get';
};

const drawWhen = (random: Random): Step['when'] =>
  random.chance(0.7)
    ? {
        kind: 'soon',
        ms: random.pick([0, random.between(0, 300), random.around(3_000), random.around(60_000)]),
      }
    : { kind: 'moment', ms: random.pick([0, 1, random.between(-2_000, 2_000), random.between(0, 30_000)]) };

/** Operations of an episode are numbered from here, so that a number says where it belongs. */
export const firstId = (episode: number): number => episode * 10_000;
/** Sweeps that the schedule starts are numbered from here on, within an episode. */
export const scheduledId = 5_000;
export const isScheduled = (id: number): boolean => id % 10_000 >= scheduledId;

export const planStorm = (seed: number, episode: number, scenario: Scenario): Step[] => {
  const random = createRandom(seed, 3, episode);
  return Array.from({ length: scenario.operationsPerEpisode }, (_, index) => ({
    id: firstId(episode) + 100 + index,
    act: drawAct(random),
    grant: random.pick(scenario.grants),
    when: drawWhen(random),
    ms: random.between(1_000, 120_000),
  }));
};
