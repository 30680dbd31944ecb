/**
 * How fast a local run lives. Everything follows from two lifetimes, those of the access token (its "hour") and of the refresh token
 * (its "week"): the functions' settings and the simulator's rules are the deployed ones, scaled. Pure.
 */
import { defaultSettings, type Settings } from '../functions/domain/settings.ts';
import type { Rules } from './ringcentral/index.ts';

export type Pace = {
  readonly name: 'compressed' | 'real-time' | 'demo';
  readonly accessLifetimeMs: number;
  readonly refreshLifetimeMs: number;
};

const SECOND = 1000;

/** A "week" of 126 s: a "day" is 18 s. An "hour" in proportion would be 0.75 s, too short to watch or to be safe; it is 36 s. */
export const compressed: Pace = {
  name: 'compressed',
  accessLifetimeMs: 36 * SECOND,
  refreshLifetimeMs: 126 * SECOND,
};

export const realTime: Pace = {
  name: 'real-time',
  accessLifetimeMs: defaultSettings.accessLifetimeMs,
  refreshLifetimeMs: defaultSettings.refreshLifetimeMs,
};

/** A "day" is 3 s. Shorter, and what a call of the provider may take no longer fits into the margins. */
export const hurried: Pace = { name: 'demo', accessLifetimeMs: 14 * SECOND, refreshLifetimeMs: 21 * SECOND };

/** What cannot be compressed: a local call takes as long as it takes, however short a "week" is. */
const floors = {
  providerTimeoutMs: 2 * SECOND,
  commitBudgetMs: 500,
  maxClockSkewMs: 50,
  holdStepMs: 500,
  /** `Retry-After` comes in whole seconds. */
  penaltyMs: 2 * SECOND,
  minTokenAgeMs: SECOND,
  verdictDelayMs: 500,
  appHoldCacheMs: 100,
  appsCacheMs: SECOND,
} as const;

/** As the construct deploys them: behind API Gateway a wait, a provider's timeout and a commit have 29 s together. */
const deployedWaitBudgetMs = 8 * SECOND;

/** The deployed settings, compressed in proportion as far as local calls allow. At real lifetimes: the deployed settings. */
export const settingsFor = ({ accessLifetimeMs, refreshLifetimeMs }: Pace): Settings => {
  const d = defaultSettings;
  const hours = accessLifetimeMs / d.accessLifetimeMs;
  const weeks = refreshLifetimeMs / d.refreshLifetimeMs;
  const inHours = (ms: number, leastMs = 0) => Math.max(Math.floor(ms * hours), leastMs);

  const providerTimeoutMs = inHours(d.providerTimeoutMs, floors.providerTimeoutMs);
  const commitBudgetMs = inHours(d.commitBudgetMs, floors.commitBudgetMs);
  const maxClockSkewMs = inHours(d.maxClockSkewMs, floors.maxClockSkewMs);
  const leaseMs = inHours(d.leaseMs, providerTimeoutMs + commitBudgetMs + 2 * maxClockSkewMs);
  const accessMarginMs = inHours(d.accessMarginMs);
  const sweepIntervalMs = Math.min(inHours(d.sweepIntervalMs), Math.floor((accessMarginMs - leaseMs) / 2));
  const refreshMarginMs = Math.floor(d.refreshMarginMs * weeks);
  const maxHoldMs = Math.min(inHours(d.maxHoldMs), refreshMarginMs - 2 * sweepIntervalMs - leaseMs);
  const holdStepsMs = d.holdStepsMs.map(step => Math.min(inHours(step, floors.holdStepMs), maxHoldMs));
  return {
    ...d,
    accessLifetimeMs,
    refreshLifetimeMs,
    replayWindowMs: inHours(d.replayWindowMs),
    refreshMarginMs,
    accessMarginMs,
    sweepIntervalMs,
    leaseMs,
    providerTimeoutMs,
    commitBudgetMs,
    maxClockSkewMs,
    holdStepsMs: [...new Set(holdStepsMs)],
    penaltyMs: Math.min(inHours(d.penaltyMs, floors.penaltyMs), maxHoldMs),
    maxHoldMs,
    minTokenAgeMs: inHours(d.minTokenAgeMs, floors.minTokenAgeMs),
    // The hour of this limit is a real one, in which so many more "hours" pass.
    maxReportsPerHour: Math.ceil(d.maxReportsPerHour / hours),
    verdictDelayMs: inHours(d.verdictDelayMs, floors.verdictDelayMs),
    waitBudgetMs: Math.min(deployedWaitBudgetMs, 2 * leaseMs),
    appHoldCacheMs: inHours(d.appHoldCacheMs, floors.appHoldCacheMs),
    appsCacheMs: inHours(d.appsCacheMs, floors.appsCacheMs),
    revokedRetentionMs: Math.floor(d.revokedRetentionMs * weeks),
  };
};

/** The simulated RingCentral of the same pace. */
export const rulesFor = (settings: Settings): Partial<Rules> => {
  const hours = settings.accessLifetimeMs / defaultSettings.accessLifetimeMs;
  return {
    accessTokenMs: settings.accessLifetimeMs,
    refreshTokenMs: settings.refreshLifetimeMs,
    replayWindowMs: settings.replayWindowMs,
    replayAfterUseMs: Math.max(Math.floor(10 * SECOND * hours), SECOND),
    rateLimitWindowMs: Math.max(Math.floor(60 * SECOND * hours), floors.penaltyMs),
    penaltyMs: settings.penaltyMs,
  };
};

/** API Gateway's limit; EventBridge Scheduler waits for nothing, so a sweep has a minute or its interval. */
export const apiTimeoutMs = 29 * SECOND;
export const sweepTimeoutFor = ({ sweepIntervalMs }: Settings): number =>
  Math.min(Math.max(sweepIntervalMs, 60 * SECOND), 300 * SECOND);
