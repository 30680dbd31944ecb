import { describe, expect, it } from 'vitest';
import { defaultSettings, type Settings } from '../../functions/domain/settings.ts';
import {
  ConfigurationError,
  readEnvironment,
  readSettings,
  settingsToVariables,
  variableOf,
} from '../../functions/environment.ts';

const required = { RINGBEARER_TABLE: 'table', RINGBEARER_APPS_SECRET: 'secret' };
const settingNames = Object.keys(defaultSettings) as (keyof Settings)[];

const failure = (variables: Record<string, string>): Error => {
  try {
    readSettings(variables);
  } catch (error) {
    return error as Error;
  }
  return expect.unreachable('they were accepted');
};

/** Each setting's variable, and a value other than the default that fits the other defaults. */
const table: Record<keyof Settings, readonly [variable: string, text: string, value: unknown]> = {
  accessLifetimeMs: ['RINGBEARER_ACCESS_LIFETIME_MS', '7200000', 7_200_000],
  refreshLifetimeMs: ['RINGBEARER_REFRESH_LIFETIME_MS', '2592000000', 2_592_000_000],
  replayWindowMs: ['RINGBEARER_REPLAY_WINDOW_MS', '3000000', 3_000_000],
  refreshMarginMs: ['RINGBEARER_REFRESH_MARGIN_MS', '86400000', 86_400_000],
  accessMarginMs: ['RINGBEARER_ACCESS_MARGIN_MS', '1200000', 1_200_000],
  sweepIntervalMs: ['RINGBEARER_SWEEP_INTERVAL_MS', '60000', 60_000],
  leaseMs: ['RINGBEARER_LEASE_MS', '45000', 45_000],
  providerTimeoutMs: ['RINGBEARER_PROVIDER_TIMEOUT_MS', '5000', 5000],
  commitBudgetMs: ['RINGBEARER_COMMIT_BUDGET_MS', '12000', 12_000],
  maxClockSkewMs: ['RINGBEARER_MAX_CLOCK_SKEW_MS', '0', 0],
  holdStepsMs: ['RINGBEARER_HOLD_STEPS_MS', '1000,2000,60000', [1000, 2000, 60_000]],
  penaltyMs: ['RINGBEARER_PENALTY_MS', '30000', 30_000],
  maxHoldMs: ['RINGBEARER_MAX_HOLD_MS', '7200000', 7_200_000],
  rateLimitScope: ['RINGBEARER_RATE_LIMIT_SCOPE', 'app', 'app'],
  minTokenAgeMs: ['RINGBEARER_MIN_TOKEN_AGE_MS', '0', 0],
  maxReportsPerHour: ['RINGBEARER_MAX_REPORTS_PER_HOUR', '10', 10],
  verdictDelayMs: ['RINGBEARER_VERDICT_DELAY_MS', '0', 0],
  refusalsToHoldApp: ['RINGBEARER_REFUSALS_TO_HOLD_APP', '3', 3],
  waitBudgetMs: ['RINGBEARER_WAIT_BUDGET_MS', '2000', 2000],
  appHoldCacheMs: ['RINGBEARER_APP_HOLD_CACHE_MS', '0', 0],
  appsCacheMs: ['RINGBEARER_APPS_CACHE_MS', '0', 0],
  revokedRetentionMs: ['RINGBEARER_REVOKED_RETENTION_MS', '86400000', 86_400_000],
  sweepConcurrency: ['RINGBEARER_SWEEP_CONCURRENCY', '50', 50],
  refreshedEvents: ['RINGBEARER_REFRESHED_EVENTS', 'true', true],
};

describe('a setting', () => {
  it.each(Object.entries(table))('%s has its variable', (setting, [variable, text, value]) => {
    expect(variableOf(setting)).toBe(variable);
    expect(value).not.toEqual(defaultSettings[setting as keyof Settings]);
    expect(readSettings({ [variable]: text })).toStrictEqual({ ...defaultSettings, [setting]: value });
  });

  it.each(settingNames)('%s has its default where the variable is missing or empty', setting => {
    expect(readSettings({ [variableOf(setting)]: '' })).toStrictEqual(defaultSettings);
  });

  it('false is a value of its own', () => {
    expect(readSettings({ RINGBEARER_REFRESHED_EVENTS: 'false' }).refreshedEvents).toBe(false);
  });

  it('of another name changes nothing', () => {
    expect(readSettings({ RINGBEARER_LEASE: '1', LEASE_MS: '1', leaseMs: '1' })).toStrictEqual(
      defaultSettings,
    );
  });

  const whole = 'must be a whole number';
  const bad = (setting: keyof Settings): [string, string[]] => {
    const common = [' ', 'SECRET', 'null', '{}', '\n'];
    switch (typeof defaultSettings[setting]) {
      case 'number':
        return [
          whole,
          [...common, '-1', '1.5', '1e3', '0x10', ' 60000', '60 s', '60000ms', '1,2', '9'.repeat(16)],
        ];
      case 'boolean':
        return ['must be true or false', [...common, 'TRUE', 'yes', '1', 'on']];
      case 'string':
        return ['must be grant or app', [...common, 'user', 'App', 'off']];
      default:
        return [
          'must be whole numbers separated by commas',
          [...common, '1,', ',1', '1,,2', '1, 2', '[1,2]', '-1', '1.5'],
        ];
    }
  };

  it.each(settingNames)('%s that cannot be read is named by its variable, and not quoted', setting => {
    const [rule, values] = bad(setting);
    for (const value of values) {
      const error = failure({ [variableOf(setting)]: value });
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error.message).toBe(`${variableOf(setting)} ${rule}`);
    }
  });

  it('that is out of range is named by its variable', () => {
    const error = failure({ RINGBEARER_SWEEP_CONCURRENCY: '0' });
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toBe(
      'RINGBEARER_SWEEP_CONCURRENCY: sweepConcurrency must be a whole number of at least 1, not 0',
    );
  });
});

describe('a combination that could lose a token', () => {
  it.each([
    ['a lease too short', { leaseMs: 20_000 }, 'RINGBEARER_LEASE_MS: two workers would call'],
    [
      'a week between two sweeps',
      { sweepIntervalMs: 604_800_000 },
      'RINGBEARER_REFRESH_MARGIN_MS: a refresh token could die',
    ],
    [
      'holds without end',
      { maxHoldMs: 604_800_000 },
      "RINGBEARER_MAX_HOLD_MS: a held grant's refresh token could die",
    ],
    [
      'hold steps that fall',
      { holdStepsMs: [60_000, 30_000] },
      'RINGBEARER_HOLD_STEPS_MS: holdStepsMs must be',
    ],
    [
      'a replay window that is over too soon',
      { replayWindowMs: 60_000 },
      'RINGBEARER_LEASE_MS: an interrupted refresh',
    ],
  ])('is refused: %s', (_, settings, message) => {
    const error = failure(settingsToVariables(settings));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toContain(message);
  });

  it('is refused with everything that is wrong, each with its variable', () => {
    const { message } = failure(settingsToVariables({ leaseMs: 1000, penaltyMs: 7_200_000 }));
    expect(message).toContain('RINGBEARER_LEASE_MS: ');
    expect(message).toContain('; RINGBEARER_PENALTY_MS: ');
  });

  it('is accepted where it is only a warning', () => {
    expect(readSettings(settingsToVariables({ accessMarginMs: 600_000 })).accessMarginMs).toBe(600_000);
  });
});

describe('the environment', () => {
  it('is the table, the secret and the settings', () => {
    expect(readEnvironment({ ...required, RINGBEARER_PENALTY_MS: '30000', PATH: '/bin' })).toStrictEqual({
      tableName: 'table',
      appsSecretId: 'secret',
      settings: { ...defaultSettings, penaltyMs: 30_000 },
    });
  });

  it('names the JWT secret where there is one', () => {
    const read = (id: string) => readEnvironment({ ...required, RINGBEARER_JWT_SECRET: id });
    expect(read('jwt').jwtSecretId).toBe('jwt');
    expect(read('')).not.toHaveProperty('jwtSecretId');
  });

  it.each(Object.keys(required))('lacks %s: it says so', variable => {
    for (const value of [undefined, '']) {
      const read = () => readEnvironment({ ...required, [variable]: value });
      expect(read).toThrow(ConfigurationError);
      expect(read).toThrow(`${variable} is not set`);
    }
  });
});

it('settings become variables and settings again', () => {
  const changed = Object.fromEntries(
    Object.entries(table).map(([setting, [, , value]]) => [setting, value]),
  ) as unknown as Settings;
  expect(readSettings(settingsToVariables(changed))).toStrictEqual(changed);
  expect(readSettings(settingsToVariables(defaultSettings))).toStrictEqual(defaultSettings);
  expect(settingsToVariables({})).toEqual({});
});
