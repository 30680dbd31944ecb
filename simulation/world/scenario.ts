/** The world of one seed: its provider, its store, its settings and its grants. Each seed turns other things on and off. */
import type { Strategy } from '../../functions/domain/grant.ts';
import { laneOf } from '../../functions/domain/lane.ts';
import { checkSettings, defaultSettings, type Settings } from '../../functions/domain/settings.ts';
import { createRandom, type Random } from '../engine/random.ts';
import type { Assumptions } from './assumptions.ts';
import { drawFaultRates, type FaultRates } from './faults.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `replay`: RingCentral, as documented. `strict`: a refresh token works once, and presenting it again ends the session. */
export type ProviderKind = 'replay' | 'strict';

export type ProviderRules = {
  readonly kind: ProviderKind;
  readonly replayWindowMs: number;
  readonly replayAfterUseMs: number;
  readonly accessLifetimeMs: number;
  readonly refreshLifetimeMs: number;
  /** What an answer says of its session: without either, two sessions of an owner cannot be told apart. */
  readonly identifies: 'session' | 'endpoint' | 'nothing';
  /** A new access token ends those of the owner's other sessions of the same app. */
  readonly oneAccessTokenPerOwner: boolean;
  readonly maxSessions: number;
  readonly rateLimitScope: 'off' | 'grant' | 'app';
  readonly rateLimitRequests: number;
  readonly rateLimitWindowMs: number;
  readonly penaltyMs: number;
  /** How a 429 says when to come back. */
  readonly retryAfter: 'seconds' | 'date' | 'absent';
};

export type PlannedGrant = {
  readonly grantId: string;
  readonly ownerId: string;
  readonly app: string;
  readonly strategy: Strategy;
  /** How long before the start its session began. */
  readonly ageMs: number;
  /** Whether the app issues refresh tokens to it at all. */
  readonly refreshable: boolean;
  /** Nobody authorises it: it is minted from a JWT credential. */
  readonly minted: boolean;
};

export type Scenario = {
  readonly settings: Settings;
  readonly provider: ProviderRules;
  readonly assumptions: Assumptions;
  readonly allOld: boolean;
  readonly indexLagMs: number;
  readonly duePageSize: number;
  readonly latencyMs: number;
  readonly faults: FaultRates;
  readonly grants: readonly PlannedGrant[];
  /** Owners who authorise again do it by connecting, with a code; otherwise their token response is imported. */
  readonly connects: boolean;
  readonly lanes: readonly (readonly number[])[];
  readonly episodes: number;
  readonly operationsPerEpisode: number;
  readonly stormMs: number;
};

const drawProvider = (random: Random, assumptions: Assumptions): ProviderRules => ({
  kind: random.chance(0.7) ? 'replay' : 'strict',
  replayWindowMs: assumptions.replayWindowMs,
  replayAfterUseMs: 10 * SECOND,
  accessLifetimeMs: random.pick([HOUR, HOUR, HOUR, 3598 * SECOND, 600 * SECOND]),
  refreshLifetimeMs: random.pick([7 * DAY, 7 * DAY, 7 * DAY, 604_799 * SECOND, 30 * DAY]),
  identifies: random.pick(['session', 'session', 'endpoint', 'nothing']),
  oneAccessTokenPerOwner: random.chance(0.5),
  maxSessions: 5,
  rateLimitScope: random.pick(['off', 'grant', 'grant', 'app']),
  rateLimitRequests: random.pick([4, 5, 5]),
  rateLimitWindowMs: MINUTE,
  penaltyMs: Math.min(random.pick([MINUTE, MINUTE, 30 * SECOND, 5 * MINUTE]), assumptions.longestPenaltyMs),
  retryAfter: random.pick(['seconds', 'seconds', 'date', 'absent']),
});

const drawSettings = (random: Random, provider: ProviderRules, assumptions: Assumptions): Settings => {
  const leaseMs = random.pick([60, 60, 45, 90]) * SECOND;
  return {
    ...defaultSettings,
    replayWindowMs: assumptions.replayWindowMs,
    maxClockSkewMs: assumptions.clockSkewMs,
    sweepIntervalMs: random.pick([5, 5, 1, 3]) * MINUTE,
    leaseMs,
    providerTimeoutMs: random.pick([10, 10, 5]) * SECOND,
    holdStepsMs: random.pick([defaultSettings.holdStepsMs, [5 * SECOND, 30 * SECOND, 5 * MINUTE], [MINUTE]]),
    penaltyMs: provider.retryAfter === 'absent' ? provider.penaltyMs : MINUTE,
    rateLimitScope: provider.rateLimitScope === 'app' ? 'app' : 'grant',
    minTokenAgeMs: random.pick([60, 10, 0]) * SECOND,
    maxReportsPerHour: random.pick([4, 4, 2]),
    verdictDelayMs: random.pick([5, 5, 0]) * SECOND,
    refusalsToHoldApp: random.pick([5, 3, 2]),
    appHoldCacheMs: random.pick([5, 5, 0]) * SECOND,
    sweepConcurrency: random.pick([10, 2, 1]),
    refreshedEvents: random.chance(0.2),
  };
};

/** From a stream of its own, so that seeds found before tell the same story. */
const drawMinted = (seed: number, count: number): boolean[] => {
  const random = createRandom(seed, 17);
  const some = random.chance(0.35);
  return Array.from({ length: count }, () => some && random.chance(0.6));
};

const drawGrants = (random: Random, seed: number): PlannedGrant[] => {
  const count = random.pick([1, 1, 2, 2, 3, 4]);
  const apps = random.chance(0.2) ? ['main', 'other'] : ['main'];
  const minted = drawMinted(seed, count);
  return Array.from({ length: count }, (_, index) => ({
    grantId: `grant-${index + 1}`,
    // Sometimes two grants contend for one owner.
    ownerId: String(101 + (random.chance(0.2) ? 0 : index)),
    app: random.pick(apps),
    strategy: random.pick<Strategy>(['weekly', 'hourly']),
    ageMs: random.pick([0, random.between(30, 60) * MINUTE, Math.round((4 + random.fraction()) * DAY)]),
    refreshable: !random.chance(0.05),
    minted: minted[index] === true,
  }));
};

/** Every lane that has a grant in it, on one schedule or on one each. A sweep of empty lanes would show nothing. */
const drawLanes = (random: Random, grants: readonly PlannedGrant[]): number[][] => {
  const lanes = [...new Set(grants.map(({ grantId }) => laneOf(grantId)))];
  return random.chance(0.7) ? [lanes] : lanes.map(lane => [lane]);
};

export const drawScenario = (seed: number, assumptions: Assumptions): Scenario => {
  const random = createRandom(seed, 1);
  const provider = drawProvider(random, assumptions);
  const settings = drawSettings(random, provider, assumptions);
  const [problem] = checkSettings(settings);
  if (problem !== undefined)
    throw new Error(`the simulation drew settings that are refused: ${problem.message}`);
  const grants = drawGrants(random, seed);
  return {
    settings,
    provider,
    assumptions,
    grants,
    connects: createRandom(seed, 12).chance(0.4),
    lanes: drawLanes(random, grants),
    faults: drawFaultRates(random),
    allOld: random.chance(0.5),
    indexLagMs: random.pick([0, 200, 2 * SECOND, 30 * SECOND]),
    duePageSize: random.pick([100, 2, 1]),
    latencyMs: random.pick([5, 50, 300]),
    episodes: random.pick([1, 2, 2, 3]),
    operationsPerEpisode: random.between(6, 24),
    stormMs: random.between(Math.min(MINUTE, assumptions.stormMs), assumptions.stormMs),
  };
};
