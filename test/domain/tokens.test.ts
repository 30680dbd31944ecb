import { describe, expect, it } from 'vitest';
import { accessMarginOf, readTokenResponse, schedule, toTokens } from '../../functions/domain/tokens.ts';
import { day, hour, minute, second, settings, start } from './grants.ts';

const documented = {
  access_token: 'access',
  token_type: 'bearer',
  expires_in: 3598,
  refresh_token: 'refresh',
  refresh_token_expires_in: 604799,
  scope: 'ReadCallLog',
  owner_id: '1001',
  endpoint_id: 'endpoint',
};

describe('reading a token response', () => {
  it('takes what RingCentral documents', () => {
    expect(readTokenResponse(documented)).toEqual({
      accessToken: 'access',
      tokenType: 'bearer',
      accessLifetimeMs: 3598 * second,
      refreshToken: 'refresh',
      refreshLifetimeMs: 604799 * second,
      scope: 'ReadCallLog',
      ownerId: '1001',
      endpointId: 'endpoint',
    });
  });

  it.each([
    ['numbers sent as text', { expires_in: '3600' }, { accessLifetimeMs: hour }],
    ['an owner sent as a number', { owner_id: 1001 }, { ownerId: '1001' }],
    ['the end of the session', { session_expires_in: 7200 }, { sessionLifetimeMs: 2 * hour }],
    [
      'the idle timeout where it is shorter',
      { session_expires_in: 7200, session_idle_timeout: 3600 },
      { sessionLifetimeMs: hour },
    ],
    ['an access token with less than nothing left, as over', { expires_in: -1 }, { accessLifetimeMs: 0 }],
    ['a refresh token that expires at once', { refresh_token_expires_in: 0 }, { refreshLifetimeMs: 0 }],
    ['the longest lifetime there is', { expires_in: 1e10 }, { accessLifetimeMs: 1e13 }],
    ['the longest token there is', { access_token: 'x'.repeat(16_384) }, { accessToken: 'x'.repeat(16_384) }],
  ])('takes %s', (_, fields, expected) => {
    expect(readTokenResponse({ ...documented, ...fields })).toMatchObject(expected);
  });

  it.each([
    ['an id token', { id_token: 'not.a.jwt' }],
    ['a scope that is no text', { scope: 7 }],
    ['a lifetime that is no number', { expires_in: 'soon' }],
    ['a negative lifetime', { expires_in: -1 }],
    ['an empty refresh token', { refresh_token: '' }],
    ['a token type that is missing', { token_type: undefined }],
  ])('is not put off by %s: the refresh token that bought it is spent', (_, fields) => {
    expect(readTokenResponse({ ...documented, ...fields })?.accessToken).toBe('access');
  });

  it.each<[unknown]>([
    ['soon'],
    [''],
    ['-60'],
    ['60 s'],
    ['1e5'],
    ['1234567890123'],
    [1e10 + 1],
    [Number.NaN],
    [null],
    [true],
    [[60]],
    [{}],
  ])('takes %j for no lifetime', value => {
    expect(readTokenResponse({ ...documented, expires_in: value })).not.toHaveProperty('accessLifetimeMs');
  });

  it('takes less than nothing for no lifetime of a refresh token', () => {
    expect(readTokenResponse({ ...documented, refresh_token_expires_in: -1 })).not.toHaveProperty(
      'refreshLifetimeMs',
    );
  });

  it.each<[unknown]>([[1.5], [2 ** 60], [''], ['x'.repeat(257)], [null], [{}]])(
    'takes %j for no identifier',
    value => {
      expect(readTokenResponse({ ...documented, owner_id: value })).not.toHaveProperty('ownerId');
    },
  );

  it.each([
    [null],
    ['text'],
    [[]],
    [{}],
    [{ access_token: '' }],
    [{ access_token: 7 }],
    [{ access_token: 'x'.repeat(20_000) }],
  ])('finds none in %j', json => {
    expect(readTokenResponse(json)).toBeUndefined();
  });
});

describe('the tokens of a response', () => {
  const previous = toTokens(
    { accessToken: 'a', tokenType: 'bearer', refreshToken: 'old', refreshLifetimeMs: 7 * day, scope: 's' },
    start,
    undefined,
    settings,
  );
  const answer = { accessToken: 'new', tokenType: 'bearer' };

  it('keep the previous refresh token where the answer has none (RFC 6749 §6)', () => {
    expect(toTokens(answer, start + day, previous, settings)).toMatchObject({
      refreshToken: 'old',
      refreshExpiresAt: start + 7 * day,
      scope: 's',
    });
  });

  it('have no refresh token where its lifetime is 0', () => {
    expect(
      toTokens({ ...answer, refreshToken: 'new', refreshLifetimeMs: 0 }, start, previous, settings),
    ).not.toHaveProperty('refreshToken');
    expect(toTokens({ ...answer, refreshLifetimeMs: 0 }, start, previous, settings)).not.toHaveProperty(
      'refreshToken',
    );
  });

  it('live as long as is usual where the answer does not say', () => {
    expect(toTokens({ ...answer, refreshToken: 'r' }, start, undefined, settings)).toMatchObject({
      accessExpiresAt: start + settings.accessLifetimeMs,
      refreshExpiresAt: start + settings.refreshLifetimeMs,
    });
  });

  it('die with their session', () => {
    expect(
      toTokens({ ...answer, refreshToken: 'r', sessionLifetimeMs: 10 * minute }, start, undefined, settings),
    ).toMatchObject({
      accessExpiresAt: start + 10 * minute,
      refreshExpiresAt: start + 10 * minute,
    });
  });
});

describe('the schedule of a token set', () => {
  const tokensOf = (accessLifetimeMs: number, refreshLifetimeMs: number | undefined) =>
    toTokens(
      {
        accessToken: 'a',
        tokenType: 'bearer',
        accessLifetimeMs,
        ...(refreshLifetimeMs !== undefined && { refreshToken: 'r', refreshLifetimeMs }),
      },
      start,
      undefined,
      settings,
    );
  const skew = settings.maxClockSkewMs;

  it.each([
    [
      'weekly: refreshed two days before the refresh token dies',
      'weekly',
      hour,
      7 * day,
      5 * day,
      45 * minute,
    ],
    [
      'hourly: refreshed a quarter of an hour before the access token dies',
      'hourly',
      hour,
      7 * day,
      45 * minute,
      45 * minute,
    ],
    [
      'a 600 s access token is promised for two thirds of its life',
      'weekly',
      600 * second,
      7 * day,
      5 * day,
      400 * second,
    ],
    [
      'a 600 s access token is refreshed hourly after two thirds of its life',
      'hourly',
      600 * second,
      7 * day,
      400 * second,
      400 * second,
    ],
    [
      'a refresh token of one day is refreshed after two thirds of it',
      'weekly',
      hour,
      day,
      16 * hour,
      45 * minute,
    ],
    [
      'a refresh token that dies first decides, hourly or not',
      'hourly',
      hour,
      30 * minute,
      20 * minute,
      20 * minute,
    ],
    [
      'a minute of life is used for two thirds, like any other',
      'weekly',
      minute,
      minute,
      40 * second,
      40 * second,
    ],
  ] as const)('%s', (_, strategy, access, refresh, refreshAfter, promisedFor) => {
    expect(schedule(tokensOf(access, refresh), start, { strategy }, 0, settings)).toEqual({
      refreshAt: start + refreshAfter,
      cacheUntil: start + promisedFor - skew,
    });
  });

  it('without a refresh token has no refresh, and promises the token to its end', () => {
    expect(schedule(tokensOf(hour, undefined), start, { strategy: 'weekly' }, 0, settings)).toEqual({
      refreshAt: undefined,
      cacheUntil: start + hour - skew,
    });
  });

  it.each(['weekly', 'hourly'] as const)(
    'brings a %s refresh forward by up to a tenth, never back',
    strategy => {
      const refreshAt = (jitter: number) =>
        schedule(tokensOf(hour, 7 * day), start, { strategy }, jitter, settings).refreshAt ?? 0;
      const latest = refreshAt(0) - start;
      expect(refreshAt(0.5) - start).toBe(latest * 0.95);
      expect(refreshAt(0.999999) - start).toBeGreaterThanOrEqual(latest * 0.9);
    },
  );

  it('never promises a token beyond its own refresh', () => {
    const { refreshAt = 0, cacheUntil } = schedule(
      tokensOf(hour, 7 * day),
      start,
      { strategy: 'hourly' },
      0.9,
      settings,
    );
    expect(cacheUntil).toBe(refreshAt - skew);
  });

  it('lets a caller ask for no more life than the margin leaves', () => {
    expect(accessMarginOf(tokensOf(600 * second, 7 * day), settings)).toBe(200 * second);
    expect(accessMarginOf(tokensOf(hour, 7 * day), settings)).toBe(15 * minute);
  });

  it('counts on the usual life of a refresh token where its end is not known', () => {
    const { refreshExpiresAt: _, ...endless } = tokensOf(hour, 7 * day);
    expect(schedule(endless, start, { strategy: 'weekly' }, 0, settings).refreshAt).toBe(start + 5 * day);
  });
});
