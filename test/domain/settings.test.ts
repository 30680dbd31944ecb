import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSettings, defaultSettings, type Settings } from '../../functions/domain/settings.ts';
import { day, hour, minute, second } from './grants.ts';

type Change = Partial<Settings>;

const check = (change: Change) => checkSettings({ ...defaultSettings, ...change });

/** The breach; the severity, the setting to change and the words that the message must have; the change that mends it. */
type Row = {
  readonly that: string;
  readonly breach: Change;
  readonly severity: 'error' | 'warning';
  readonly setting: keyof Settings;
  readonly message: string;
  readonly mend: Change;
};

const reaction = 2 * defaultSettings.sweepIntervalMs + defaultSettings.leaseMs;
const thirdOfWeek = Math.floor((7 * day) / 3);

const rows: Row[] = [
  {
    that: 'a refresh margin beyond a third of the lifetime is too large',
    breach: { refreshMarginMs: 3 * day },
    severity: 'error',
    setting: 'refreshMarginMs',
    message:
      'refreshMarginMs (259200 s) is more than a third of refreshLifetimeMs (604800 s): lower it to 201600 s',
    mend: { refreshMarginMs: thirdOfWeek },
  },
  {
    that: 'so is the default margin for a shorter lifetime',
    breach: { refreshLifetimeMs: 5 * day },
    severity: 'error',
    setting: 'refreshMarginMs',
    message:
      'refreshMarginMs (172800 s) is more than a third of refreshLifetimeMs (432000 s): lower it to 144000 s',
    mend: { refreshMarginMs: 144_000 * second },
  },
  {
    that: 'an access margin that two rounds do not fit into lets hourly grants lapse',
    breach: { accessMarginMs: 10 * minute },
    severity: 'warning',
    setting: 'accessMarginMs',
    message: `raise accessMarginMs (600 s) to ${reaction / 1000} s or sweep more often`,
    mend: { accessMarginMs: reaction },
  },
  {
    that: 'an access margin beyond a third of the lifetime is too large',
    breach: { accessMarginMs: 21 * minute },
    severity: 'error',
    setting: 'accessMarginMs',
    message: 'accessMarginMs (1260 s) is more than a third of accessLifetimeMs (3600 s): lower it to 1200 s',
    mend: { accessMarginMs: 1200 * second },
  },
  {
    that: 'a lease shorter than a call and its commit makes two workers call',
    breach: { leaseMs: 20 * second },
    severity: 'error',
    setting: 'leaseMs',
    message:
      'two workers would call the provider for one grant: raise leaseMs (20 s) to providerTimeoutMs + commitBudgetMs + 2 × maxClockSkewMs = 24 s',
    mend: { leaseMs: 24 * second },
  },
  {
    that: 'so does a timeout that the lease does not cover',
    breach: { providerTimeoutMs: 50 * second },
    severity: 'error',
    setting: 'leaseMs',
    message: '= 64 s',
    mend: { leaseMs: 64 * second },
  },
  {
    that: 'a lease and a first hold beyond half of the replay window come too late for it',
    breach: { replayWindowMs: 2 * minute, sweepIntervalMs: 10 * second },
    severity: 'error',
    setting: 'leaseMs',
    message:
      'leaseMs (60 s) plus the first of holdStepsMs (30 s) must be at most half of replayWindowMs (120 s): lower leaseMs',
    mend: { leaseMs: 30 * second },
  },
  {
    that: 'a hold that outlasts the refresh margin could let a token die',
    breach: { maxHoldMs: 2 * day },
    severity: 'error',
    setting: 'maxHoldMs',
    message:
      'maxHoldMs (172800 s) plus two rounds and a lease must fit into refreshMarginMs (172800 s): lower maxHoldMs',
    mend: { maxHoldMs: 2 * day - reaction },
  },
  {
    that: 'there must be a hold step',
    breach: { holdStepsMs: [] },
    severity: 'error',
    setting: 'holdStepsMs',
    message: 'holdStepsMs must be one or more whole numbers of milliseconds above 0, in rising order',
    mend: { holdStepsMs: [30 * second] },
  },
  {
    that: 'hold steps must rise',
    breach: { holdStepsMs: [minute, 30 * second] },
    severity: 'error',
    setting: 'holdStepsMs',
    message: 'holdStepsMs must be one or more whole numbers of milliseconds above 0, in rising order',
    mend: { holdStepsMs: [30 * second, minute] },
  },
  {
    that: 'a hold step of nothing is none',
    breach: { holdStepsMs: [0, minute] },
    severity: 'error',
    setting: 'holdStepsMs',
    message: 'holdStepsMs must be one or more whole numbers of milliseconds above 0, in rising order',
    mend: { holdStepsMs: [1, minute] },
  },
  {
    that: 'a hold step is a whole number',
    breach: { holdStepsMs: [0.5, minute] },
    severity: 'error',
    setting: 'holdStepsMs',
    message: 'holdStepsMs must be one or more whole numbers of milliseconds above 0, in rising order',
    mend: { holdStepsMs: [1, minute] },
  },
  {
    that: 'a hold step is a number at all',
    breach: { holdStepsMs: [Number.NaN] },
    severity: 'error',
    setting: 'holdStepsMs',
    message: 'holdStepsMs must be one or more whole numbers of milliseconds above 0, in rising order',
    mend: { holdStepsMs: [minute] },
  },
  {
    that: 'one refused grant does not hold its app',
    breach: { refusalsToHoldApp: 1 },
    severity: 'error',
    setting: 'refusalsToHoldApp',
    message: 'one grant that is refused must not hold its app: raise refusalsToHoldApp (1) to 2 or more',
    mend: { refusalsToHoldApp: 2 },
  },
  {
    that: 'a getter can wait out the skew of clocks',
    breach: { waitBudgetMs: 2 * second },
    severity: 'warning',
    setting: 'waitBudgetMs',
    message: 'raise waitBudgetMs (2 s) above maxClockSkewMs (2 s)',
    mend: { waitBudgetMs: 2 * second + 1 },
  },
  {
    that: 'the last hold step is no longer than the longest hold',
    breach: { holdStepsMs: [minute, 2 * hour] },
    severity: 'error',
    setting: 'holdStepsMs',
    message: 'the last of holdStepsMs (7200 s) is longer than maxHoldMs (3600 s): lower it',
    mend: { holdStepsMs: [minute, hour] },
  },
  {
    that: 'whichever it is',
    breach: { holdStepsMs: [second, minute, 2 * hour] },
    severity: 'error',
    setting: 'holdStepsMs',
    message: 'the last of holdStepsMs (7200 s) is longer than maxHoldMs (3600 s): lower it',
    mend: { holdStepsMs: [second, minute, minute] },
  },
  {
    that: 'the penalty is no longer than the longest hold',
    breach: { penaltyMs: 2 * hour },
    severity: 'error',
    setting: 'penaltyMs',
    message: 'penaltyMs (7200 s) is longer than maxHoldMs (3600 s): lower it',
    mend: { penaltyMs: hour },
  },
  {
    that: 'the skew of clocks is small against the access margin',
    breach: {
      maxClockSkewMs: 4 * minute,
      leaseMs: 10 * minute,
      waitBudgetMs: 5 * minute,
      accessMarginMs: 15 * minute,
      sweepIntervalMs: minute,
    },
    severity: 'error',
    setting: 'maxClockSkewMs',
    message: 'maxClockSkewMs (240 s) must be at most a quarter of accessMarginMs (900 s): lower it',
    mend: { maxClockSkewMs: 225 * second },
  },
  {
    that: 'a sweep slower than the replay window may come too late for an interrupted refresh',
    breach: { replayWindowMs: 10 * minute },
    severity: 'warning',
    setting: 'sweepIntervalMs',
    message:
      'waits longer than the replay window (600 s) and its grant is then lost: lower sweepIntervalMs (300 s)',
    mend: { sweepIntervalMs: 4.5 * minute },
  },
];

it('a limit holds a grant, as RingCentral documents it, where a deployment does not say otherwise', () => {
  expect(defaultSettings.rateLimitScope).toBe('grant');
});

it('the defaults fit together', () => {
  expect(checkSettings(defaultSettings)).toEqual([]);
});

describe('each rule, broken alone, is the only thing said, and its number mends it', () => {
  it.each(rows)('$that', ({ breach, severity, setting, message, mend }) => {
    expect(check(breach)).toEqual([{ severity, setting, message: expect.stringContaining(message) }]);
    expect(check({ ...breach, ...mend })).toEqual([]);
  });

  it.each(rows.filter(({ message }) => /(?:to|=) (\d+) s/.test(message)))(
    'just short of that number it is broken still: $that',
    ({ breach, setting, mend }) => {
      const number = mend[setting] as number;
      const toward = number > ((breach[setting] ?? defaultSettings[setting]) as number) ? -1 : 1;
      expect(check({ ...breach, [setting]: number + toward })).toMatchObject([{ setting }]);
    },
  );
});

it('a refresh margin that two rounds do not fit into could let a token die, and no hold fits into it either', () => {
  const problems = check({ refreshMarginMs: 10 * minute });
  expect(problems).toEqual([
    {
      severity: 'error',
      setting: 'refreshMarginMs',
      message:
        'a refresh token could die between two sweeps: refreshMarginMs (600 s) must cover two rounds (sweepIntervalMs 300 s) ' +
        'and one lease (leaseMs 60 s): raise refreshMarginMs to 660 s or sweep more often',
    },
    { severity: 'error', setting: 'maxHoldMs', message: expect.stringContaining('lower maxHoldMs') },
  ]);
  const raised = check({ refreshMarginMs: reaction });
  expect(raised.map(({ setting }) => setting)).toEqual(['maxHoldMs']);
});

it('a schedule of every 7 days is refused: it could lose tokens', () => {
  const errors = check({ sweepIntervalMs: 7 * day }).filter(({ severity }) => severity === 'error');
  expect(errors.map(({ setting }) => setting)).toEqual(['refreshMarginMs', 'maxHoldMs']);
});

describe('a number', () => {
  const numbers = Object.entries(defaultSettings).flatMap(([setting, value]) =>
    typeof value === 'number' ? [setting as keyof Settings] : [],
  );
  const mayBeZero = [
    ...['maxClockSkewMs', 'verdictDelayMs', 'appHoldCacheMs', 'appsCacheMs', 'waitBudgetMs', 'minTokenAgeMs'],
  ];

  it.each(
    numbers.flatMap(setting =>
      [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53].map(n => [setting, n] as const),
    ),
  )('%s must not be %d', (setting, value) => {
    const least = mayBeZero.includes(setting) ? 0 : 1;
    expect(check({ [setting]: value })).toEqual([
      {
        severity: 'error',
        setting,
        message: `${setting} must be a whole number of at least ${least}, not ${value}`,
      },
    ]);
  });

  const most = (setting: keyof Settings) => (setting === 'providerTimeoutMs' ? 15 * minute : 1e12);

  it.each(numbers)('%s must not be beyond what can come to pass', setting => {
    const value = most(setting) + 1;
    expect(check({ [setting]: value })).toEqual([
      { severity: 'error', setting, message: `${setting} must be at most ${most(setting)}, not ${value}` },
    ]);
  });

  it.each(numbers)('%s may be as large as that, if the others fit', setting => {
    const said = check({ [setting]: most(setting) }).map(({ message }) => message);
    expect(said.join()).not.toContain(`${setting} must be at most ${most(setting)}, not`);
    expect(said.join()).not.toContain('whole number');
  });

  it.each(numbers)('%s may be 0 where that means something', setting => {
    const said = check({ [setting]: 0 }).map(({ message }) => message);
    if (mayBeZero.includes(setting)) expect(said.join()).not.toContain('whole number');
    else expect(said).toEqual([`${setting} must be a whole number of at least 1, not 0`]);
  });
});

it('whatever the settings, the check answers, names a setting that exists and has a sentence to say', () => {
  const numbers = fc.oneof(fc.integer(), fc.double(), fc.nat());
  const any = fc.record(
    Object.fromEntries(
      Object.entries(defaultSettings).map(([setting, value]) => [
        setting,
        fc.oneof(
          fc.constant(value),
          Array.isArray(value) ? fc.array(numbers) : typeof value === 'number' ? numbers : fc.constant(value),
        ),
      ]),
    ),
  ) as unknown as fc.Arbitrary<Settings>;
  fc.assert(
    fc.property(any, settings => {
      for (const { severity, setting, message } of checkSettings(settings)) {
        expect(['error', 'warning']).toContain(severity);
        expect(Object.keys(defaultSettings)).toContain(setting);
        expect(message).toContain(setting);
      }
    }),
  );
});
