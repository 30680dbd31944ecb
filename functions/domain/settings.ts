/**
 * Every duration and bound that the protocol uses, and the arithmetic that says whether they fit together.
 * Read once when a function starts and once more at synth, by the same check.
 */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Which record a 429 holds: RingCentral documents its Auth limit per user and app; a later notice says per app. */
export type RateLimitScope = 'grant' | 'app';

export type Settings = {
  /** Lifetime of an access token, used where a response does not say. */
  readonly accessLifetimeMs: number;
  /** Lifetime of a refresh token, used where a response does not say. */
  readonly refreshLifetimeMs: number;
  /** How long the provider answers a spent refresh token with the same new tokens. */
  readonly replayWindowMs: number;
  /** `weekly`: a refresh falls due this long before the refresh token expires. */
  readonly refreshMarginMs: number;
  /** `hourly`: a refresh falls due this long before the access token expires; no token with less left is served. */
  readonly accessMarginMs: number;
  /** Time between two rounds of the sweep. */
  readonly sweepIntervalMs: number;
  /** Length of an attempt: how long one worker alone may call the provider for a grant. */
  readonly leaseMs: number;
  /** How long one request to the provider may take. */
  readonly providerTimeoutMs: number;
  /** Time kept free after the provider's answer for storing it, retries included. */
  readonly commitBudgetMs: number;
  /** Largest difference between the clocks of any two machines that hold or serve tokens. */
  readonly maxClockSkewMs: number;
  /** Holds after consecutive failures; the last one repeats. */
  readonly holdStepsMs: readonly number[];
  /** Hold after a 429 that does not say how long. */
  readonly penaltyMs: number;
  /** No hold is longer than this, whatever `Retry-After` says. */
  readonly maxHoldMs: number;
  readonly rateLimitScope: RateLimitScope;
  /** A token reported as rejected is not replaced before it is this old. */
  readonly minTokenAgeMs: number;
  /** How many reported tokens of one grant are replaced in an hour. */
  readonly maxReportsPerHour: number;
  /** A refused grant is condemned only after this long, so that a refusal of many is seen as such first. */
  readonly verdictDelayMs: number;
  /** This many different grants of an app refused in a row hold the app. */
  readonly refusalsToHoldApp: number;
  /** How long a getter waits for a refresh that somebody else has under way. */
  readonly waitBudgetMs: number;
  /** How old a cached app hold may be when it is relied on. */
  readonly appHoldCacheMs: number;
  /** How long apps read from Secrets Manager are kept. */
  readonly appsCacheMs: number;
  /** How long a revoked grant stays readable. */
  readonly revokedRetentionMs: number;
  /** How many grants one sweep works on at once. */
  readonly sweepConcurrency: number;
  /** Whether each refresh sends `Grant Refreshed`. */
  readonly refreshedEvents: boolean;
};

export const defaultSettings: Settings = {
  accessLifetimeMs: HOUR,
  refreshLifetimeMs: 7 * DAY,
  replayWindowMs: HOUR,
  refreshMarginMs: 2 * DAY,
  accessMarginMs: 15 * MINUTE,
  sweepIntervalMs: 5 * MINUTE,
  leaseMs: 60 * SECOND,
  providerTimeoutMs: 10 * SECOND,
  commitBudgetMs: 10 * SECOND,
  maxClockSkewMs: 2 * SECOND,
  holdStepsMs: [30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE],
  penaltyMs: MINUTE,
  maxHoldMs: HOUR,
  rateLimitScope: 'grant',
  minTokenAgeMs: MINUTE,
  maxReportsPerHour: 4,
  verdictDelayMs: 5 * SECOND,
  refusalsToHoldApp: 5,
  waitBudgetMs: 8 * SECOND,
  appHoldCacheMs: 5 * SECOND,
  appsCacheMs: 5 * MINUTE,
  revokedRetentionMs: 30 * DAY,
  sweepConcurrency: 10,
  refreshedEvents: false,
};

/** A margin never takes more than this part of the lifetime that was actually granted. */
export const marginShare = 1 / 3;

/** Due times are brought forward by up to this part of the time until then, so that they spread. */
export const jitterShare = 0.1;

export type SettingsProblem = {
  readonly severity: 'error' | 'warning';
  /** The setting to change. */
  readonly setting: keyof Settings;
  readonly message: string;
};

type Rule = {
  readonly severity: 'error' | 'warning';
  readonly setting: keyof Settings;
  readonly broken: (s: Settings) => boolean;
  readonly message: (s: Settings) => string;
};

const seconds = (ms: number): string => `${ms / 1000} s`;
const lastHold = (s: Settings): number => s.holdStepsMs.at(-1) ?? 0;
const firstHold = (s: Settings): number => s.holdStepsMs[0] ?? 0;
/** The longest that a due grant waits for the sweep to come round twice and for a dead worker's attempt to end. */
const reactionMs = (s: Settings): number => 2 * s.sweepIntervalMs + s.leaseMs;

const rules: readonly Rule[] = [
  {
    severity: 'error',
    setting: 'refreshMarginMs',
    broken: s => s.refreshMarginMs < reactionMs(s),
    message: s =>
      `a refresh token could die between two sweeps: refreshMarginMs (${seconds(s.refreshMarginMs)}) must cover two rounds ` +
      `(sweepIntervalMs ${seconds(s.sweepIntervalMs)}) and one lease (leaseMs ${seconds(s.leaseMs)}): raise refreshMarginMs to ${seconds(reactionMs(s))} or sweep more often`,
  },
  {
    severity: 'error',
    setting: 'refreshMarginMs',
    broken: s => s.refreshMarginMs > s.refreshLifetimeMs * marginShare,
    message: s =>
      `refreshMarginMs (${seconds(s.refreshMarginMs)}) is more than a third of refreshLifetimeMs (${seconds(s.refreshLifetimeMs)}): lower it to ${seconds(Math.floor(s.refreshLifetimeMs * marginShare))}`,
  },
  {
    severity: 'warning',
    setting: 'accessMarginMs',
    broken: s => s.accessMarginMs < reactionMs(s),
    message: s =>
      `an hourly grant's access token can lapse between two sweeps (it is then refreshed on demand): raise accessMarginMs (${seconds(s.accessMarginMs)}) to ${seconds(reactionMs(s))} or sweep more often`,
  },
  {
    severity: 'error',
    setting: 'accessMarginMs',
    broken: s => s.accessMarginMs > s.accessLifetimeMs * marginShare,
    message: s =>
      `accessMarginMs (${seconds(s.accessMarginMs)}) is more than a third of accessLifetimeMs (${seconds(s.accessLifetimeMs)}): lower it to ${seconds(Math.floor(s.accessLifetimeMs * marginShare))}`,
  },
  {
    severity: 'error',
    setting: 'leaseMs',
    broken: s => s.leaseMs < s.providerTimeoutMs + s.commitBudgetMs + 2 * s.maxClockSkewMs,
    message: s =>
      `two workers would call the provider for one grant: raise leaseMs (${seconds(s.leaseMs)}) to providerTimeoutMs + commitBudgetMs + 2 × maxClockSkewMs = ${seconds(s.providerTimeoutMs + s.commitBudgetMs + 2 * s.maxClockSkewMs)}`,
  },
  {
    severity: 'error',
    setting: 'leaseMs',
    broken: s => 2 * (s.leaseMs + firstHold(s)) > s.replayWindowMs,
    message: s =>
      `an interrupted refresh could not be taken up inside the replay window: leaseMs (${seconds(s.leaseMs)}) plus the first of holdStepsMs (${seconds(firstHold(s))}) must be at most half of replayWindowMs (${seconds(s.replayWindowMs)}): lower leaseMs`,
  },
  {
    severity: 'error',
    setting: 'maxHoldMs',
    broken: s => s.maxHoldMs + reactionMs(s) > s.refreshMarginMs,
    message: s =>
      `a held grant's refresh token could die: maxHoldMs (${seconds(s.maxHoldMs)}) plus two rounds and a lease must fit into refreshMarginMs (${seconds(s.refreshMarginMs)}): lower maxHoldMs`,
  },
  {
    severity: 'error',
    setting: 'holdStepsMs',
    broken: s =>
      s.holdStepsMs.length === 0 ||
      s.holdStepsMs.some(
        (step, i) => !Number.isSafeInteger(step) || step <= 0 || step < (s.holdStepsMs[i - 1] ?? 0),
      ),
    message: () => 'holdStepsMs must be one or more whole numbers of milliseconds above 0, in rising order',
  },
  {
    severity: 'error',
    setting: 'holdStepsMs',
    broken: s => lastHold(s) > s.maxHoldMs,
    message: s =>
      `the last of holdStepsMs (${seconds(lastHold(s))}) is longer than maxHoldMs (${seconds(s.maxHoldMs)}): lower it`,
  },
  {
    severity: 'error',
    setting: 'penaltyMs',
    broken: s => s.penaltyMs > s.maxHoldMs,
    message: s =>
      `penaltyMs (${seconds(s.penaltyMs)}) is longer than maxHoldMs (${seconds(s.maxHoldMs)}): lower it`,
  },
  {
    severity: 'error',
    setting: 'maxClockSkewMs',
    broken: s => 4 * s.maxClockSkewMs > s.accessMarginMs,
    message: s =>
      `maxClockSkewMs (${seconds(s.maxClockSkewMs)}) must be at most a quarter of accessMarginMs (${seconds(s.accessMarginMs)}): lower it`,
  },
  {
    severity: 'error',
    setting: 'refusalsToHoldApp',
    broken: s => s.refusalsToHoldApp < 2,
    message: s =>
      `one grant that is refused must not hold its app: raise refusalsToHoldApp (${s.refusalsToHoldApp}) to 2 or more`,
  },
  {
    severity: 'warning',
    setting: 'waitBudgetMs',
    broken: s => s.waitBudgetMs <= s.maxClockSkewMs,
    message: s =>
      `getters cannot wait out the clock skew at the end of a promise: raise waitBudgetMs (${seconds(s.waitBudgetMs)}) above maxClockSkewMs (${seconds(s.maxClockSkewMs)})`,
  },
  {
    severity: 'warning',
    setting: 'sweepIntervalMs',
    broken: s => reactionMs(s) > s.replayWindowMs,
    message: s =>
      `an interrupted refresh that no getter takes up waits longer than the replay window (${seconds(s.replayWindowMs)}) and its grant is then lost: lower sweepIntervalMs (${seconds(s.sweepIntervalMs)})`,
  },
];

const mayBeZero: ReadonlySet<keyof Settings> = new Set([
  'maxClockSkewMs',
  'verdictDelayMs',
  'appHoldCacheMs',
  'appsCacheMs',
  'waitBudgetMs',
  'minTokenAgeMs',
]);

/** Some thirty years: times that follow from it can still be shown. */
const largestNumber = 1e12;
/** No invocation lives longer. */
const longestTimeoutMs = 15 * MINUTE;

const outOfRange = (settings: Settings): SettingsProblem[] =>
  (Object.keys(settings) as (keyof Settings)[]).flatMap(setting => {
    const value = settings[setting];
    if (typeof value !== 'number') return [];
    const least = mayBeZero.has(setting) ? 0 : 1;
    const most = setting === 'providerTimeoutMs' ? longestTimeoutMs : largestNumber;
    if (Number.isSafeInteger(value) && value >= least && value <= most) return [];
    if (Number.isSafeInteger(value) && value > most)
      return [{ severity: 'error', setting, message: `${setting} must be at most ${most}, not ${value}` }];
    return [
      {
        severity: 'error',
        setting,
        message: `${setting} must be a whole number of at least ${least}, not ${value}`,
      },
    ];
  });

/** Total: every way in which these settings could lose a token (`error`) or leave one at risk (`warning`). */
export const checkSettings = (settings: Settings): SettingsProblem[] => {
  const problems = outOfRange(settings);
  if (problems.length > 0) return problems;
  return rules
    .filter(rule => rule.broken(settings))
    .map(({ severity, setting, message }) => ({ severity, setting, message: message(settings) }));
};
