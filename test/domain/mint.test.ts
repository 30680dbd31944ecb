/** Grants with a JWT credential: how they renew, how far apart mints are, and what becomes of their sessions. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextTask } from '../../functions/domain/attend.ts';
import { type Grant, hasUnansweredRefresh, isRenewable, type Tokens } from '../../functions/domain/grant.ts';
import {
  fullTtls,
  isDistant,
  maxUnansweredSessions,
  mintAllowedAt,
  mintDistanceMs,
  mintTtls,
  renewalOf,
} from '../../functions/domain/mint.ts';
import { decideServe } from '../../functions/domain/serve.ts';
import { defaultSettings } from '../../functions/domain/settings.ts';
import * as writes from '../../functions/domain/writes.ts';
import {
  at,
  connection,
  day,
  type GrantChange,
  grantWith,
  hour,
  minute,
  response,
  second,
  settings,
  start,
  withoutRefreshToken,
} from './grants.ts';

const jwt = (change: GrantChange = {}): Grant => grantWith({ credential: 'switchboard', ...change });
const spent = (change: GrantChange = {}): Grant =>
  jwt({ mustMint: true, cacheUntil: 0, refreshAt: start, ...change });
const due = { kind: 'due' } as const;
const distanceMs = mintDistanceMs({}, settings);

const begun = (grant: Grant, ms = 0, attemptId = 'mint-1'): Grant => {
  const after = writes.beginRefresh(grant, attemptId, due, at(ms));
  return after ?? expect.unreachable('it was not begun');
};
const consumed = { connectionId: 'connection-1', generation: 1, attemptId: 'mint-1', mint: true } as const;
const committed = (grant: Grant, change: object = {}, ms = 0): Grant => {
  const answer = { ...response, endpointId: 'endpoint-1', ...change };
  const after = writes.commit(grant, consumed, answer, start + ms, 0, at(ms));
  return after ?? expect.unreachable('it was not stored');
};

describe('how the next tokens are asked for', () => {
  it.each<[string, Grant, string]>([
    ['a grant that a person authorised: by its refresh token', grantWith({}), 'refresh'],
    ['… not at all without one', grantWith(withoutRefreshToken), 'none'],
    ['one with a credential: by its refresh token as well', jwt(), 'refresh'],
    ['… by a mint without one', jwt(withoutRefreshToken), 'mint'],
    ['… by a mint once it was refused', spent(), 'mint'],
  ])('%s', (_, grant, renewal) => {
    expect(renewalOf(grant, start)).toBe(renewal);
    expect(isRenewable(grant)).toBe(renewal !== 'none');
  });

  it('by a mint from the moment when the refresh token has expired, where there is a credential', () => {
    expect(renewalOf(jwt(), start + 7 * day - 1)).toBe('refresh');
    expect(renewalOf(jwt(), start + 7 * day)).toBe('mint');
    expect(renewalOf(grantWith({}), start + 8 * day)).toBe('refresh');
  });

  it('by the refresh token as long as a refresh with it is unanswered: it may have bought a session', () => {
    const grant = jwt({ sent: { at: start + 7 * day - 1, by: 'other' } });
    expect(renewalOf(grant, start + 8 * day)).toBe('refresh');
  });
});

describe('the lifetimes that are asked for', () => {
  const short = 720;

  it('are short in a mint: as long as two rounds of the sweep and two attempts', () => {
    expect(mintTtls({}, settings)).toEqual({ accessTokenTtlSeconds: short, refreshTokenTtlSeconds: short });
    const often = { ...settings, sweepIntervalMs: minute };
    expect(mintTtls({}, often)).toEqual({ accessTokenTtlSeconds: 600, refreshTokenTtlSeconds: 600 });
    const seldom = { ...settings, sweepIntervalMs: 2 * hour };
    expect(mintTtls({}, seldom)).toEqual({ accessTokenTtlSeconds: 3600, refreshTokenTtlSeconds: 3600 });
  });

  it('are short whatever the grant is to have in the end', () => {
    const wanted = { accessTokenTtlSeconds: 3600, refreshTokenTtlSeconds: 1_209_600 };
    expect(mintTtls(wanted, settings)).toEqual(mintTtls({}, settings));
    expect(fullTtls(wanted, settings)).toEqual(wanted);
  });

  it('are the usual ones in each refresh, said aloud', () => {
    expect(fullTtls({}, settings)).toEqual({ accessTokenTtlSeconds: 3600, refreshTokenTtlSeconds: 604_800 });
  });

  it('without a refresh token are those of the access token alone, which nothing can prolong', () => {
    expect(mintTtls({ refreshTokenTtlSeconds: 0 }, settings)).toEqual({
      accessTokenTtlSeconds: short,
      refreshTokenTtlSeconds: 0,
    });
    const long = { accessTokenTtlSeconds: 3600, refreshTokenTtlSeconds: 0 };
    expect(mintTtls(long, settings)).toEqual(long);
  });
});

describe('the distance between two mints', () => {
  /** Sessions alive at once, where each mint begins as early as it may, and its request arrives at some moment of its lease. */
  const mostAlive = (ttlMs: number, gapMs: number, delays: readonly number[]): number => {
    const born = delays.map((delayMs, index) => index * gapMs + delayMs);
    return Math.max(...born.map(now => born.filter(other => other <= now && now < other + ttlMs).length));
  };

  it('keeps the number of sessions that nobody knows at three, whatever is lost and however late requests arrive', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 3600 }),
        fc.integer({ min: 1, max: 7200 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 20, maxLength: 20 }),
        fc.option(fc.integer({ min: 60, max: 3600 }), { nil: undefined }),
        (lease, interval, fractions, accessTtl) => {
          const world = { ...settings, leaseMs: lease * second, sweepIntervalMs: interval * second };
          const wanted =
            accessTtl === undefined ? {} : { accessTokenTtlSeconds: accessTtl, refreshTokenTtlSeconds: 0 };
          const ttlMs = 1000 * mintTtls(wanted, world).accessTokenTtlSeconds;
          const gapMs = mintDistanceMs(wanted, world);
          const delays = fractions.map(fraction => fraction * world.leaseMs);
          expect(mostAlive(ttlMs, gapMs, delays)).toBeLessThanOrEqual(maxUnansweredSessions);
        },
      ),
    );
  });

  it('is some four minutes, and no longer than it must be', () => {
    expect(distanceMs).toBe(Math.ceil((720 * second + settings.leaseMs + settings.maxClockSkewMs) / 3));
    expect(mostAlive(720 * second, distanceMs - 30 * second, [60 * second, 0, 0, 0])).toBeGreaterThan(3);
  });

  it('is kept from the last mint, also where somebody else means to connect the grant', () => {
    expect(isDistant(undefined, {}, start, settings)).toBe(true);
    expect(isDistant(start, {}, start + distanceMs - 1, settings)).toBe(false);
    expect(isDistant(start, {}, start + distanceMs, settings)).toBe(true);
    const noted = writes.noteMint(jwt(), {}, at(0));
    expect(noted?.mintedAt).toBe(start);
    expect(writes.noteMint(noted ?? jwt(), {}, at(distanceMs - 1))).toBeUndefined();
    expect(writes.forgetMint(noted ?? jwt(), start, at(0))).not.toHaveProperty('mintedAt');
    expect(writes.forgetMint(noted ?? jwt(), start + 1, at(0))).toBeUndefined();
  });

  it('holds nobody up whose next tokens come by a refresh', () => {
    expect(mintAllowedAt(jwt({ mintedAt: start }), start, settings)).toBe(0);
    expect(mintAllowedAt(spent({ mintedAt: start }), start, settings)).toBe(start + distanceMs);
  });
});

describe('a mint', () => {
  it('is begun like a refresh, and notes when', () => {
    expect(begun(spent(), minute)).toMatchObject({
      attempt: { id: 'mint-1' },
      sent: { at: start + minute, by: 'mint-1' },
      mintedAt: start + minute,
      mustMint: true,
    });
  });

  it('says what it is also where the refresh token has only expired', () => {
    const grant = jwt({ refreshAt: start, cacheUntil: 0 });
    expect(begun(grant, 7 * day)).toMatchObject({ mustMint: true, mintedAt: start + 7 * day });
    expect(begun(grant, 7 * day - 1)).not.toHaveProperty('mustMint');
  });

  it('is not begun before its distance is over, whoever wants it: index, decision and write agree', () => {
    const waiting = writes.settle(spent({ mintedAt: start, sent: { at: start, by: 'dead' } }), at(0));
    const grant = waiting ?? expect.unreachable('nothing was to be settled');
    expect(grant.dueAt).toBe(start + distanceMs);
    const request = { minTtlMs: 0 };
    expect(decideServe(grant, request, at(distanceMs - 1))).toMatchObject({
      kind: 'unavailable',
      until: start + distanceMs,
    });
    for (const reason of [due, { kind: 'getter' }, { kind: 'reported', rejectedGeneration: 1 }] as const) {
      expect(writes.beginRefresh(grant, 'a', reason, at(distanceMs - 1))).toBeUndefined();
      expect(writes.beginRefresh(grant, 'a', reason, at(distanceMs))).toBeDefined();
    }
    expect(nextTask(grant, at(distanceMs))).toEqual({ kind: 'refresh' });
    expect(decideServe(grant, request, at(distanceMs))).toMatchObject({ kind: 'refresh' });
  });

  it('that was not sent, or was refused or limited, has started no session: the next one need not wait for it', () => {
    const grant = begun(spent());
    const limited = { kind: 'limited', code: 'CMN-301' } as const;
    expect(writes.release(grant, consumed, at(0))).not.toHaveProperty('mintedAt');
    expect(writes.defer(grant, consumed, limited, at(0))).not.toHaveProperty('mintedAt');
    expect(writes.refuse(grant, consumed, 'credential-refused', at(0))).not.toHaveProperty('mintedAt');
  });

  it('whose outcome is unknown leaves the grant silent, and the next one waiting', () => {
    const after = writes.defer(begun(spent()), consumed, { kind: 'unknown', code: 'timeout' }, at(0));
    expect(after).toMatchObject({ sent: { at: start }, mintedAt: start, mustMint: true });
    expect(after?.dueAt).toBe(start + distanceMs);
  });

  it('leaves an unanswered one known when it is limited itself', () => {
    const again = begun(spent({ sent: { at: start, by: 'first' }, mintedAt: start }), distanceMs);
    const after = writes.defer(again, consumed, { kind: 'limited', code: 'CMN-301' }, at(distanceMs));
    expect(after?.sent).toEqual({ at: start, by: 'first' });
  });

  it('does not hide a refresh that comes after it: what that one notes and takes back is its own', () => {
    const grant = jwt({ mintedAt: start, cacheUntil: 0, refreshAt: start });
    const refreshing = begun(grant, minute, 'refresh-1');
    const { mint: _, ...refresh } = { ...consumed, attemptId: 'refresh-1' };
    const after = writes.defer(refreshing, refresh, { kind: 'limited', code: 'CMN-301' }, at(minute));
    expect(after).toMatchObject({ mintedAt: start });
    expect(after).not.toHaveProperty('sent');
  });
});

describe('what a mint brings', () => {
  it('is stored as the same connection, in another session, to be prolonged before anybody is served', () => {
    const grant = committed(begun(spent()));
    expect(grant).toMatchObject({
      connectionId: 'connection-1',
      generation: 2,
      startedBy: 'mint-1',
      tokens: { refreshToken: 'refresh-2' },
      cacheUntil: 0,
      refreshAt: start,
      mintedAt: start,
    });
    for (const field of ['attempt', 'sent', 'mustMint']) expect(grant).not.toHaveProperty(field);
    expect(renewalOf(grant, start)).toBe('refresh');
    expect(nextTask({ ...grant, dueAt: start }, at(0))).toEqual({ kind: 'refresh' });
    expect(decideServe(grant, { minTtlMs: 0 }, at(second * 3))).toMatchObject({ kind: 'refresh' });
  });

  it('lives from its own request on, not from an unanswered one before', () => {
    const again = begun(spent({ sent: { at: start, by: 'first' }, mintedAt: start }), distanceMs);
    const grant = committed(again, { accessLifetimeMs: 720 * second }, distanceMs);
    expect(grant.tokens?.accessExpiresAt).toBe(start + distanceMs + 720 * second);
  });

  it('without a refresh token is served to its margin, and minted again then', () => {
    const { refreshToken: _t, refreshLifetimeMs: _l, ...accessOnly } = response;
    const answer = { ...accessOnly, accessLifetimeMs: 720 * second };
    const grant = writes.commit(begun(spent()), consumed, answer, start, 0, at(0));
    expect(grant?.tokens).not.toHaveProperty('refreshToken');
    expect(grant?.refreshAt).toBe(start + 480 * second);
    expect(grant?.cacheUntil).toBe(start + 480 * second - settings.maxClockSkewMs);
    expect(decideServe(grant ?? jwt(), { minTtlMs: 0 }, at(minute))).toEqual({ kind: 'serve' });
  });

  it('is prolonged by a refresh, after which the next mint need not wait', () => {
    const refreshed = writes.commit(
      begun(committed(begun(spent())), 0, 'refresh-1'),
      { connectionId: 'connection-1', generation: 2, attemptId: 'refresh-1' },
      response,
      start,
      0,
      at(0),
    );
    expect(refreshed).toMatchObject({ generation: 3, startedBy: 'mint-1', refreshAt: start + 5 * day });
    expect(refreshed).not.toHaveProperty('mintedAt');
  });

  it('retires what the grant lived by before, unless that has died by itself or is the same session', () => {
    expect(committed(begun(spent())).retired).toMatchObject([{ token: 'refresh-1', ownerId: '1001' }]);
    expect(committed(begun(spent())).retired[0]).not.toHaveProperty('maybeSpent');
    expect(committed(begun(spent()), {}, 7 * day).retired).toEqual([]);
    const same = spent({ sessionId: 'session-1' });
    expect(committed(begun(same), { sessionId: 'session-1' }).retired).toEqual([]);
  });

  it('forgets the session id of the session before', () => {
    expect(committed(begun(spent({ sessionId: 'session-1' })))).not.toHaveProperty('sessionId');
  });

  it('too late is retired, as a session of its own, whatever the grant lives by now', () => {
    const now = jwt({ generation: 2 });
    const lost = { grant: begun(spent()), attemptId: 'mint-1', mint: true as const, response, sentAt: start };
    expect(writes.commit(now, consumed, response, start, 0, at(0))).toBeUndefined();
    expect(writes.retire(now, lost, at(0))?.retired).toMatchObject([
      { token: 'refresh-2', startedBy: 'mint-1' },
    ]);
  });
});

it('a mint that comes too late has spent no token: the dead one that is to be ended stays so', () => {
  const [known] = committed(begun(spent())).retired;
  if (known === undefined) expect.unreachable('nothing was retired');
  const now = jwt({ generation: 2, startedBy: 'mint-2', retired: [known] });
  const lost = { grant: begun(spent()), attemptId: 'mint-1', mint: true as const, response, sentAt: start };
  expect(
    writes
      .retire(now, lost, at(0))
      ?.retired.map(({ token }) => token)
      .sort(),
  ).toEqual(['refresh-1', 'refresh-2']);
});

describe('the refusal of a session that a credential can replace', () => {
  const refusal = { code: 'OAU-213', at: start };
  const judged = (change: GrantChange) => {
    const after = writes.condemn(jwt({ refusal, ...change }), at(settings.verdictDelayMs));
    return after ?? expect.unreachable('no verdict');
  };

  it('ends the session and not the grant: it is due at once, and serves nobody meanwhile', () => {
    const grant = judged({});
    expect(grant).toMatchObject({ state: 'active', mustMint: true, cacheUntil: 0, generation: 1 });
    expect(grant).not.toHaveProperty('refusal');
    expect(grant).not.toHaveProperty('announcement');
    expect(grant.dueAt).toBe(start + settings.verdictDelayMs);
  });

  it('of the credential itself ends the grant', () => {
    expect(judged({ mustMint: true, refusal: { code: 'credential-refused', at: start } })).toMatchObject({
      state: 'reauthorize',
      lastError: { code: 'credential-refused' },
      announcement: 'Grant Needs Reauthorization',
    });
  });

  it('while the app is in doubt is followed by a mint: of so many dead tokens none could prove the app good', () => {
    const grant = jwt({ refusal });
    expect(writes.absolve(grant, start + minute, at(0))).toMatchObject({ mustMint: true, absolvedAt: start });
    const authorised = grantWith({ refusal });
    expect(writes.absolve(authorised, start + minute, at(0))).not.toHaveProperty('mustMint');
  });

  it('never ends it because its access token is over', () => {
    const grant = jwt({ ...withoutRefreshToken, refreshAt: start });
    expect(writes.expire(grant, at(2 * hour))).toBeUndefined();
    expect(nextTask({ ...grant, dueAt: start }, at(2 * hour))).toEqual({ kind: 'refresh' });
  });

  it('is undone by a reinstatement, also without a refresh token', () => {
    const grant = jwt({ ...withoutRefreshToken, state: 'reauthorize', mustMint: true });
    expect(writes.reinstate(grant, at(hour))).toMatchObject({ state: 'active', refreshAt: start + hour });
  });
});

describe('a session of a credential', () => {
  it('when it is connected, is prolonged before anybody is served', () => {
    const minted = { ...connection, credential: 'switchboard', mintedAt: start };
    expect(writes.connect(undefined, minted, 0, at(0))).toMatchObject({
      credential: 'switchboard',
      mintedAt: start,
      cacheUntil: 0,
      refreshAt: start,
    });
  });

  it('gives way to one that a person authorises: the grant has no credential then', () => {
    const grant = writes.connect(spent({ mintedAt: start }), connection, 0, at(0));
    for (const field of ['credential', 'mustMint', 'mintedAt']) expect(grant).not.toHaveProperty(field);
    expect(grant.retired).toMatchObject([{ token: 'refresh-1' }]);
  });

  it('that may have been prolonged unheard is asked for as long as RingCentral answers, though its token has expired', () => {
    const short = { ...jwt().tokens, refreshExpiresAt: start + 12 * minute } as Tokens;
    const grant = jwt({ tokens: short, sent: { at: start + minute, by: 'other' } });
    const late = writes.connect(grant, connection, 0, at(30 * minute));
    const expiresAt = start + hour + minute;
    expect(late.retired).toMatchObject([{ token: 'refresh-1', maybeSpent: true, expiresAt }]);
    const answered = jwt({ tokens: { ...short, accessExpiresAt: start + 12 * minute } });
    expect(writes.connect(answered, connection, 0, at(30 * minute)).retired).toEqual([]);
  });

  it('whose mint was never answered has no token to be asked for again', () => {
    expect(hasUnansweredRefresh(begun(spent()))).toBe(false);
    expect(hasUnansweredRefresh(begun(jwt({ refreshAt: start, cacheUntil: 0 })))).toBe(true);
    const revoked = writes.revoke(begun(spent()), at(0));
    expect(revoked).toMatchObject({ state: 'revoking', generation: 2, mustMint: true });
    expect(writes.revoked(revoked ?? jwt(), 2, at(0))).not.toHaveProperty('mustMint');
  });
});

it('the settings as shipped leave room for the session that the grant lives by: RingCentral allows five', () => {
  expect(maxUnansweredSessions + 1).toBeLessThan(5);
  expect(defaultSettings.holdStepsMs[0]).toBeLessThan(distanceMs);
});
