import { describe, expect, it } from 'vitest';
import { decideServe, type Request } from '../../functions/domain/serve.ts';
import {
  at,
  day,
  type GrantChange,
  grantWith,
  hour,
  minute,
  second,
  settings,
  start,
  underWay,
  withoutRefreshToken,
} from './grants.ts';

const plain: Request = { minTtlMs: 0 };
const rejected = (rejectedGeneration: number): Request => ({ minTtlMs: 0, rejectedGeneration });
const promiseEnd = 45 * minute;
const skew = settings.maxClockSkewMs;

const decide = (change: GrantChange, time: number, request = plain) =>
  decideServe(grantWith(change), request, at(time));

describe('who asks for a token', () => {
  it.each<[string, GrantChange, number, Request]>([
    ['while the promise lasts', {}, promiseEnd - skew - 1, plain],
    ['and wants no more life than every token has', {}, promiseEnd - skew - 1, { minTtlMs: 15 * minute }],
    ['even during a hold', { holdUntil: start + hour }, minute, plain],
    [
      'even while an old session is being ended',
      { attempt: { id: 'other', endsAt: start + hour } },
      minute,
      plain,
    ],
    ['and reports a generation that was replaced already', { generation: 2 }, minute, rejected(1)],
    ['of a grant that cannot be refreshed, to its end', withoutRefreshToken, hour - skew - 1, plain],
  ])('is served %s', (_, change, time, request) => {
    expect(decide(change, time, request)).toEqual({ kind: 'serve' });
  });

  it.each<[string, GrantChange, number]>([
    ['while a refresh is under way: the stored token may be dead', underWay(start + minute), 90 * second],
    ['while a refresh is under way, though the promise were to last', underWay(start), second],
  ])('waits %s', (_, change, time) => {
    expect(decide(change, time)).toEqual({
      kind: 'wait',
      until: start + (change.attempt?.endsAt ?? 0) - start,
    });
  });

  it('waits out the skew of the clocks when the promise ends, so that no other machine still counts on it', () => {
    expect(decide({}, promiseEnd - skew)).toEqual({ kind: 'wait', until: start + promiseEnd });
    expect(decide({}, promiseEnd)).toMatchObject({ kind: 'refresh' });
  });

  it('takes up a refresh whose outcome is unknown once its lease is over, and is never served meanwhile', () => {
    const change = underWay(start + minute);
    expect(decide(change, minute + settings.leaseMs - 1).kind).toBe('wait');
    expect(decide(change, minute + settings.leaseMs)).toMatchObject({ kind: 'refresh' });
  });

  it('is told when to come back during a hold with nothing to serve', () => {
    const held: GrantChange = { holdUntil: start + 2 * hour, lastError: { code: 'http-503', at: start } };
    expect(decide(held, hour)).toEqual({ kind: 'unavailable', until: start + 2 * hour, code: 'http-503' });
    expect(decide({ ...held, sent: { at: start, by: 'other' } }, minute)).toMatchObject({
      kind: 'unavailable',
    });
  });

  it('waits for the verdict on a refusal, and then has it passed', () => {
    const refused: GrantChange = { refusal: { code: 'OAU-211', at: start } };
    expect(decide(refused, 0)).toEqual({ kind: 'wait', until: start + settings.verdictDelayMs });
    expect(decide(refused, settings.verdictDelayMs)).toEqual({ kind: 'tend' });
  });

  it.each<[string, GrantChange]>([
    ['a new grant has its claim confirmed first', { claimed: false }],
    [
      'a grant without a refresh token is ended with its access token',
      { ...withoutRefreshToken, cacheUntil: 0 },
    ],
  ])('%s', (_, change) => {
    expect(decide(change, hour)).toEqual({ kind: 'tend' });
  });

  it.each<[GrantChange, string]>([
    [{ state: 'revoking' }, 'revoked'],
    [{ state: 'revoked', tokens: undefined }, 'revoked'],
    [{ state: 'reauthorize' }, 'reauthorize'],
  ])('is never served from %j, though its token may still live', (change, kind) => {
    expect(decide(change, second).kind).toBe(kind);
    expect(decide(change, second, rejected(1)).kind).toBe(kind);
  });

  it('is refused life that a token without a refresh token does not have', () => {
    expect(decide(withoutRefreshToken, 50 * minute, { minTtlMs: 11 * minute })).toMatchObject({
      kind: 'reauthorize',
    });
    expect(decide(withoutRefreshToken, 50 * minute, { minTtlMs: 9 * minute })).toEqual({ kind: 'serve' });
    expect(decide(withoutRefreshToken, minute, rejected(1))).toMatchObject({ kind: 'reauthorize' });
  });
});

describe('a token without a refresh token', () => {
  const ends = hour - skew;

  it('is promised to its end, less the skew of the clocks', () => {
    expect(decide(withoutRefreshToken, ends - 1)).toEqual({ kind: 'serve' });
    expect(decide(withoutRefreshToken, ends)).toEqual({ kind: 'reauthorize', code: 'no-refresh-token' });
  });

  it('is served to who wants exactly what is left of it', () => {
    const left = { minTtlMs: 10 * minute };
    expect(decide(withoutRefreshToken, 50 * minute, left)).toEqual({ kind: 'serve' });
    expect(decide(withoutRefreshToken, 50 * minute + 1, left)).toMatchObject({ kind: 'reauthorize' });
  });
});

describe('a promise that a penalty has prolonged', () => {
  const prolonged: GrantChange = { cacheUntil: start + 59 * minute, holdUntil: start + hour };

  it('serves who wants no more life than is left', () => {
    expect(decide(prolonged, 50 * minute)).toEqual({ kind: 'serve' });
    expect(decide(prolonged, 50 * minute, { minTtlMs: 10 * minute })).toEqual({ kind: 'serve' });
    expect(decide(prolonged, 50 * minute + 1, { minTtlMs: 10 * minute })).toMatchObject({
      kind: 'unavailable',
    });
  });
});

describe('who must authorise again', () => {
  it('is told why, where that is known', () => {
    const lastError = { code: 'OAU-211', at: start };
    expect(decide({ state: 'reauthorize', lastError }, 0)).toStrictEqual({
      kind: 'reauthorize',
      code: 'OAU-211',
    });
    expect(decide({ state: 'reauthorize' }, 0)).toStrictEqual({ kind: 'reauthorize' });
  });
});

describe('a record without tokens, however it came about', () => {
  it('serves nobody, and is nothing that a refresh could mend', () => {
    expect(decide({ tokens: undefined }, 0)).toEqual({ kind: 'tend' });
  });
});

describe('who reports a token as rejected', () => {
  const old = settings.minTokenAgeMs;

  it('has it refreshed once it is old enough', () => {
    expect(decide({}, old, rejected(1))).toEqual({
      kind: 'refresh',
      reason: { kind: 'reported', rejectedGeneration: 1 },
    });
    expect(decide({}, old - 1, rejected(1))).toEqual({ kind: 'limited', until: start + old });
  });

  it('is limited after a few reports an hour, until that hour is over', () => {
    const reports = { since: start, count: settings.maxReportsPerHour };
    expect(decide({ reports }, minute, rejected(1))).toEqual({ kind: 'limited', until: start + hour });
    expect(decide({ reports: { ...reports, count: reports.count - 1 } }, minute, rejected(1))).toMatchObject({
      kind: 'refresh',
    });
    expect(decide({ reports, cacheUntil: start + day }, hour, rejected(1))).toMatchObject({
      kind: 'refresh',
    });
  });

  it('is kept waiting by a penalty like everyone else', () => {
    expect(decide({ holdUntil: start + 2 * hour }, hour, rejected(1))).toMatchObject({ kind: 'unavailable' });
  });
});
