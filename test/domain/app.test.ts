import { describe, expect, it } from 'vitest';
import {
  type AppStanding,
  concernsApp,
  doubtsApp,
  goodStanding,
  holdApp,
  isAppOf,
  isHeld,
  probe,
  recordRefusal,
  recordSuccess,
} from '../../functions/domain/app.ts';
import { livesByClaim } from '../../functions/domain/claim.ts';
import { laneCount, laneOf } from '../../functions/domain/lane.ts';
import { activeGrant, grantWith, minute, second, settings, start } from './grants.ts';

const good = goodStanding('main');
const refuse = (standing: AppStanding, ...grantIds: string[]): AppStanding =>
  grantIds.reduce((before, grantId) => recordRefusal(before, { grantId }, start, settings), standing);
const many = Array.from({ length: settings.refusalsToHoldApp }, (_, i) => `grant-${i}`);

describe("an app's standing", () => {
  it('is held by wrong credentials, longer each time, and says so', () => {
    const once = holdApp(good, { kind: 'misconfigured', code: 'OAU-153' }, start, settings);
    expect(once).toMatchObject({ holdUntil: start + 30 * second, holdReason: 'OAU-153', failures: 1 });
    expect(
      holdApp(once, { kind: 'misconfigured', code: 'OAU-153' }, start + minute, settings).holdUntil,
    ).toBe(start + 2 * minute);
  });

  it('is held by its rate limit for as long as the provider says', () => {
    const held = holdApp(
      good,
      { kind: 'limited', code: 'CMN-301', retryAfterMs: 90 * second },
      start,
      settings,
    );
    expect(isHeld(held, start + 90 * second)).toBe(true);
    expect(isHeld(held, start + 90 * second + settings.maxClockSkewMs)).toBe(false);
  });

  it('is never held shorter by a second failure', () => {
    const long = holdApp(
      good,
      { kind: 'limited', code: 'CMN-301', retryAfterMs: 30 * minute },
      start,
      settings,
    );
    expect(
      holdApp(long, { kind: 'limited', code: 'CMN-301', retryAfterMs: second }, start, settings).holdUntil,
    ).toBe(long.holdUntil);
  });

  it('is in doubt when many different grants are refused in a row', () => {
    const almost = refuse(good, ...many.slice(1));
    expect(doubtsApp(almost, settings)).toBe(false);
    expect(isHeld(almost, start)).toBe(false);
    const tripped = refuse(good, ...many);
    expect(doubtsApp(tripped, settings)).toBe(true);
    expect(isHeld(tripped, start)).toBe(true);
  });

  it('is not in doubt when one grant is refused many times', () => {
    expect(doubtsApp(refuse(good, ...many.map(() => 'the-same')), settings)).toBe(false);
  });

  it('is not put in doubt by a suspect that is refused again after the app has proved itself', () => {
    const cleared = recordSuccess(refuse(good, ...many), start + 1);
    const suspect = { grantId: 'grant-0', absolvedAt: start };
    expect(recordRefusal(cleared, suspect, start + 2, settings)).toBe(cleared);
    const later = { grantId: 'grant-0', absolvedAt: start + 1 };
    expect(recordRefusal(cleared, later, start + 2, settings).refused).toEqual(['grant-0']);
  });

  it('in doubt is asked about by one suspect at a time', () => {
    const tripped = refuse(good, ...many);
    const holdUntil = tripped.holdUntil ?? 0;
    expect(probe(tripped, holdUntil - 1, settings)).toBeUndefined();
    const probing = probe(tripped, holdUntil, settings);
    expect(probing?.probeUntil).toBe(holdUntil + settings.leaseMs);
    expect(probe(probing ?? good, holdUntil + 1, settings)).toBeUndefined();
    expect(recordRefusal(probing ?? good, { grantId: 'grant-0' }, holdUntil + 1, settings).failures).toBe(2);
  });

  it('is cleared by a success, but a hold is not: only time ends it', () => {
    const after = recordSuccess(refuse(good, ...many), start);
    expect(after).toMatchObject({ refused: [], failures: 0 });
    expect(isHeld(after, start)).toBe(true);
    expect(recordSuccess(good, start)).toBe(good);
  });

  it('is good where nothing is known of it', () => {
    expect(isHeld(undefined, start)).toBe(false);
    expect(doubtsApp(undefined, settings)).toBe(false);
  });

  it('is held longer, and no failure more is counted, where a longer penalty comes inside a hold', () => {
    const held = holdApp(good, { kind: 'misconfigured', code: 'OAU-153' }, start, settings);
    const penalty = { kind: 'limited', code: 'CMN-301', retryAfterMs: 10 * minute } as const;
    expect(holdApp(held, penalty, start + second, settings)).toEqual({
      ...held,
      holdUntil: start + second + 10 * minute + settings.maxClockSkewMs,
    });
  });

  it('needs no write for a penalty that says nearly the same', () => {
    const penalty = { kind: 'limited', code: 'CMN-301', retryAfterMs: minute } as const;
    const held = holdApp(good, penalty, start, settings);
    const half = settings.maxClockSkewMs / 2;
    expect(holdApp(held, penalty, start + half, settings)).toBe(held);
    expect(holdApp(held, penalty, start + half + 1, settings).holdUntil).toBe(
      (held.holdUntil ?? 0) + half + 1,
    );
  });

  it('counts a failure once its hold is over, and not before', () => {
    const wrongSecret = { kind: 'misconfigured', code: 'OAU-153' } as const;
    const penalty = { kind: 'limited', code: 'CMN-301', retryAfterMs: minute } as const;
    const held = holdApp(good, wrongSecret, start, settings);
    const over = held.holdUntil ?? 0;
    expect(holdApp(held, wrongSecret, over - 1, settings)).toBe(held);
    expect(holdApp(held, wrongSecret, over, settings).failures).toBe(2);
    expect(holdApp(held, penalty, over, settings)).toMatchObject({ failures: 2, holdReason: 'CMN-301' });
  });

  it('is not held longer by refusals that were on their way when the hold began', () => {
    const tripped = refuse(good, ...many);
    const over = tripped.holdUntil ?? 0;
    expect(recordRefusal(tripped, { grantId: 'grant-0' }, over - 1, settings)).toBe(tripped);
    expect(recordRefusal(tripped, { grantId: 'grant-0' }, over, settings).holdUntil).toBeGreaterThan(over);
  });

  it('keeps no more refused grants than it takes to be in doubt', () => {
    expect(refuse(good, ...many, 'one-more', 'and-more').refused).toEqual(many);
  });

  it('needs no write for a grant that was refused already', () => {
    const once = refuse(good, 'grant-0');
    expect(refuse(once, 'grant-0')).toBe(once);
  });

  it.each<[string, Partial<AppStanding>]>([
    ['refusals', { refused: ['grant-0'] }],
    ['failures', { failures: 1 }],
  ])('is good again after a success that follows %s only', (_, change) => {
    expect(recordSuccess({ ...good, ...change }, start)).toEqual({ ...good, succeededAt: start });
  });

  it('is held again by the next refusal after a hold, while none succeeds', () => {
    const tripped = refuse(good, ...many);
    const later = (tripped.holdUntil ?? 0) + 1;
    expect(isHeld(recordRefusal(tripped, { grantId: 'another' }, later, settings), later)).toBe(true);
  });
});

it.each<[boolean, string, 'grant' | 'app']>([
  [true, 'misconfigured', 'grant'],
  [true, 'misconfigured', 'app'],
  [true, 'limited', 'app'],
  [false, 'limited', 'grant'],
  [false, 'unknown', 'app'],
  [false, 'refused', 'app'],
])('concerns the app as a whole: %s, an answer that is %s where limits are per %s', (all, kind, scope) => {
  expect(concernsApp({ kind }, { ...settings, rateLimitScope: scope })).toBe(all);
});

it("a grant's tokens are shown to its own app only: same client id, same server", () => {
  const app = { name: 'main', server: activeGrant.server, clientId: activeGrant.clientId, clientSecret: 's' };
  expect(isAppOf(app, activeGrant)).toBe(true);
  expect(isAppOf({ ...app, clientId: 'other' }, activeGrant)).toBe(false);
  expect(isAppOf({ ...app, server: 'https://evil.example' }, activeGrant)).toBe(false);
});

it.each<[string, boolean, Parameters<typeof livesByClaim>[1]]>([
  ['a grant of that owner', true, activeGrant],
  ['a condemned grant of that owner', true, grantWith({ state: 'reauthorize' })],
  ['a grant still being revoked', true, grantWith({ state: 'revoking' })],
  ['a revoked grant', false, grantWith({ state: 'revoked' })],
  ['a grant that has another owner by now', false, grantWith({ ownerId: '1002' })],
  ['a grant of another app', false, grantWith({ app: 'other' })],
  ['another grant of that owner', false, grantWith({ grantId: 'acme:102' })],
  ['a grant that was never written', false, undefined],
])('a claim is lived by: %s: %s', (_, lives, holder) => {
  expect(livesByClaim({ app: 'main', ownerId: '1001', grantId: 'acme:101' }, holder)).toBe(lives);
});

it('a stored grant is looked for in the lane that it was written with, for ever', () => {
  expect(['a', 'acme:101', 'acme:102', '_'].map(laneOf)).toEqual([12, 13, 4, 14]);
});

it('lanes are stable and share the grants about equally', () => {
  expect(laneOf('acme:101')).toBe(laneOf('acme:101'));
  const counts = Array.from({ length: laneCount }, () => 0);
  for (let i = 0; i < 16_000; i += 1) counts[laneOf(`acme:${i}`)] = (counts[laneOf(`acme:${i}`)] ?? 0) + 1;
  for (const count of counts) expect(count).toBeGreaterThan(700);
});
