/** Head-room against the Auth rate limit. */
import { describe, expect, it } from 'vitest';
import { allowedPerHour, needOf } from '../../../cli/doctor/rate-checks.ts';
import { defaultSettings } from '../../../functions/domain/settings.ts';
import { day, hour, minute, start } from '../../domain/grants.ts';
import { iso, viewWith } from '../grant-views.ts';
import { found, withGrants } from './facts.ts';

const many = (count: number, change: object = {}) =>
  Array.from({ length: count }, (_, n) => viewWith({ grantId: `g${n}`, ...change }));

describe('what a grant needs', () => {
  it.each([
    ['a weekly one: every five days, or every 45 minutes', {}, 5 * 24, 0.75],
    ['an hourly one: every 45 minutes', { strategy: 'hourly' as const }, 0.75, 0.75],
    [
      'a short access token: a third of its life is kept as margin',
      { strategy: 'hourly' as const, accessExpiresAt: iso(start + 10 * minute) },
      10 / 60 - 10 / 180,
      10 / 60 - 10 / 180,
    ],
    ['a short refresh token', { refreshExpiresAt: iso(start + 3 * day) }, 2 * 24, 0.75],
  ])('%s', (_, change, leastHours, mostHours) => {
    const { least, most } = needOf(viewWith(change), defaultSettings);
    expect(1 / least).toBeCloseTo(leastHours, 5);
    // Brought forward by a tenth at most.
    expect(1 / most).toBeCloseTo(mostHours * 0.9, 5);
  });
});

describe('the head-room', () => {
  it('is that of each grant where the limit counts per user and app', () => {
    expect(allowedPerHour).toBe(300);
    expect(found('rate-limit', withGrants(...many(100)))).toMatchObject([
      {
        severity: 'ok',
        what: '100 grants need 0.84 to 149 refreshes an hour, at most 1.49 each; 300 are allowed per user and app.',
      },
    ]);
  });

  it('comes with a note where it would not do for an app', () => {
    const [, note] = found('rate-limit', withGrants(...many(300)));
    expect(note).toMatchObject({ severity: 'note', what: expect.stringContaining('--rate-limit-scope app') });
  });

  it.each([
    ['the option', { rateLimitScope: 'app' as const }],
    [
      'the setting',
      { settings: { known: true as const, value: { ...defaultSettings, rateLimitScope: 'app' as const } } },
    ],
  ])('is that of each app where %s says so', (_, change) => {
    const grants = [...many(10), viewWith({ grantId: 'x', app: 'second' })];
    expect(found('rate-limit', { ...withGrants(...grants), ...change })).toMatchObject([
      {
        severity: 'ok',
        what: expect.stringMatching(/^10 grants need .*\(main\); 300 are allowed per app\.$/),
      },
      { severity: 'ok', what: expect.stringMatching(/^1 grant needs .*\(second\)/) },
    ]);
  });

  it('may be too small when all are in use, and is too small when even the least is too much', () => {
    const scope = { rateLimitScope: 'app' as const };
    expect(found('rate-limit', { ...withGrants(...many(300)), ...scope })).toMatchObject([
      { severity: 'warning' },
    ]);
    const hourly = many(300, { strategy: 'hourly' });
    expect(found('rate-limit', { ...withGrants(...hourly), ...scope })).toMatchObject([
      { severity: 'problem' },
    ]);
  });

  it('the option outweighs the setting', () => {
    const settings = { known: true as const, value: { ...defaultSettings, rateLimitScope: 'app' as const } };
    const [finding] = found('rate-limit', { settings, rateLimitScope: 'grant' });
    expect(finding?.what).toContain('per user and app');
  });

  it('counts only what is refreshed', () => {
    const idle = [
      viewWith({ state: 'reauthorize' }),
      viewWith({ state: 'revoked' }),
      viewWith({ refreshExpiresAt: undefined }),
    ];
    expect(found('rate-limit', withGrants(...idle))[0]?.what).toMatch(/^0 grants need 0 to 0 /);
  });

  it('is too small for one grant whose tokens live for seconds', () => {
    const hasty = viewWith({ strategy: 'hourly', accessExpiresAt: iso(start + 10_000) });
    expect(found('rate-limit', withGrants(hasty))).toMatchObject([
      { severity: 'problem', todo: expect.stringContaining('access_token_ttl') },
    ]);
    expect(found('rate-limit', withGrants(viewWith({ accessExpiresAt: iso(start + hour) })))).toMatchObject([
      { severity: 'ok' },
    ]);
  });
});
