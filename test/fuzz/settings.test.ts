/** Whatever the settings, and whatever the environment says of them: those that pass their check keep what it promises. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Grant, strategies } from '../../functions/domain/grant.ts';
import { holdEnd, penaltyEnd } from '../../functions/domain/hold.ts';
import { checkSettings, defaultSettings, type Settings } from '../../functions/domain/settings.ts';
import { schedule, toTokens } from '../../functions/domain/tokens.ts';
import {
  readEnvironment,
  readSettings,
  settingsToVariables,
  variableOf,
} from '../../functions/environment.ts';
import { start } from '../domain/grants.ts';
import { hostileTexts, isPrintable, secret } from './arbitraries.ts';
import { runs } from './runs.ts';

const names = Object.keys(defaultSettings) as (keyof Settings)[];

/** Settings around the defaults, out of which a good part fits together. */
const scaled = (value: number): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(value) },
    {
      weight: 3,
      arbitrary: fc.double({ min: 0.1, max: 8, noNaN: true }).map(factor => Math.round(value * factor)),
    },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 1e6 }) },
    { weight: 1, arbitrary: fc.maxSafeNat() },
  );
const steps = fc
  .array(fc.integer({ min: 1, max: 4e6 }), { minLength: 1, maxLength: 8 })
  .map(list => list.sort((a, b) => a - b));
const settingsAround = fc.record(
  Object.fromEntries(
    names.map(name => {
      const value = defaultSettings[name];
      if (typeof value === 'number') return [name, scaled(value)];
      if (typeof value === 'boolean') return [name, fc.boolean()];
      return [
        name,
        Array.isArray(value) ? fc.oneof(fc.constant(value), steps) : fc.constantFrom('grant', 'app'),
      ];
    }),
  ),
) as unknown as fc.Arbitrary<Settings>;
const goodSettings = settingsAround.filter(settings =>
  checkSettings(settings).every(({ severity }) => severity === 'warning'),
);

const reaction = ({ sweepIntervalMs, leaseMs }: Settings): number => 2 * sweepIntervalMs + leaseMs;

describe('settings that pass their check', () => {
  it('are the same after a way through the environment', () => {
    fc.assert(
      fc.property(goodSettings, settings => {
        expect(readSettings(settingsToVariables(settings))).toEqual(settings);
      }),
      runs(300),
    );
  });

  const responses = fc.record(
    {
      accessLifetimeMs: fc.nat({ max: 1e8 }),
      refreshLifetimeMs: fc.nat({ max: 3e9 }),
      sessionLifetimeMs: fc.nat({ max: 1e9 }),
    },
    { requiredKeys: [] },
  );
  const jitters = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('promise no token beyond its life, and refresh before anything dies', () => {
    fc.assert(
      fc.property(
        goodSettings,
        responses,
        jitters,
        fc.constantFrom(...strategies),
        (settings, lifetimes, jitter, strategy) => {
          const response = { accessToken: 'a', tokenType: 'bearer', refreshToken: 'r', ...lifetimes };
          const tokens = toTokens(response, start, undefined, settings);
          const { cacheUntil, refreshAt = 0 } = schedule(tokens, start, { strategy }, jitter, settings);
          expect([cacheUntil, tokens.accessExpiresAt].every(Number.isSafeInteger)).toBe(true);
          expect(cacheUntil + settings.maxClockSkewMs).toBeLessThanOrEqual(tokens.accessExpiresAt);
          if (tokens.refreshExpiresAt === undefined) return;
          expect(refreshAt >= start && refreshAt <= tokens.refreshExpiresAt).toBe(true);
          const asConfigured =
            lifetimes.refreshLifetimeMs === undefined && lifetimes.sessionLifetimeMs === undefined;
          if (asConfigured)
            expect(refreshAt + reaction(settings)).toBeLessThanOrEqual(tokens.refreshExpiresAt);
        },
      ),
      runs(500),
    );
  });

  it('keep no silence beyond their own limits, and none of their own beyond the replay window', () => {
    fc.assert(
      fc.property(
        goodSettings,
        fc.nat({ max: 50 }),
        fc.option(fc.maxSafeNat(), { nil: undefined }),
        (settings, failures, retryAfterMs) => {
          const most = start + settings.maxHoldMs + settings.maxClockSkewMs;
          const penalty = penaltyEnd(retryAfterMs, start, settings);
          expect(penalty > start && penalty <= Math.max(most, start + 1000 + settings.maxClockSkewMs)).toBe(
            true,
          );
          const sent: Grant['sent'] = { at: start - settings.leaseMs, by: 'x' };
          const end = holdEnd({ kind: 'unknown', code: 'timeout' }, failures, { sent }, start, settings);
          expect(Number.isSafeInteger(end) && end >= start).toBe(true);
          expect(end).toBeLessThanOrEqual(Math.min(most, sent.at + settings.replayWindowMs));
        },
      ),
      runs(500),
    );
  });
});

describe('the environment', () => {
  const required = { RINGBEARER_TABLE: 'table', RINGBEARER_APPS_SECRET: 'secret' };
  const texts = fc.oneof(
    hostileTexts,
    fc.nat().map(String),
    fc.array(fc.nat()).map(String),
    fc.constantFrom('true', 'false', 'app'),
  );
  const variables = fc.dictionary(
    fc.constantFrom(...names.map(variableOf), ...Object.keys(required), 'PATH'),
    texts,
    { maxKeys: 4 },
  );

  it('of any kind is good settings, or an error that names the variables and quotes nothing', () => {
    fc.assert(
      fc.property(variables, given => {
        try {
          const { settings, tableName, appsSecretId } = readEnvironment({ ...required, ...given });
          expect(checkSettings(settings).filter(({ severity }) => severity === 'error')).toEqual([]);
          expect(tableName !== '' && appsSecretId !== '').toBe(true);
        } catch (error) {
          const { name, message } = error as Error;
          expect(name).toBe('ConfigurationError');
          expect(message).toMatch(/^RINGBEARER_[A-Z_]+/);
          expect(message).not.toContain(secret);
          expect(isPrintable(message)).toBe(true);
        }
      }),
      runs(1000),
    );
  });
});
