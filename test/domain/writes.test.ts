import { describe, expect, it } from 'vitest';
import type { NothingHappened, Unknown } from '../../functions/domain/answer.ts';
import type { Grant } from '../../functions/domain/grant.ts';
import { maxRetiredTokens } from '../../functions/domain/grant.ts';
import * as writes from '../../functions/domain/writes.ts';
import {
  activeGrant,
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
  tokens,
  underWay,
  withoutRefreshToken,
} from './grants.ts';

const mine: GrantChange = {
  attempt: { id: 'me', endsAt: start + hour + settings.leaseMs },
  sent: { at: start + hour, by: 'me' },
};
const consumed = { connectionId: 'connection-1', generation: 1, attemptId: 'me' };
const due = { kind: 'due' } as const;
const getter = { kind: 'getter' } as const;
const reported = (rejectedGeneration: number) => ({ kind: 'reported', rejectedGeneration }) as const;

describe('begin', () => {
  type Case = [string, GrantChange, writes.RefreshReason, number];
  const begins: Case[] = [
    ['the sweep begins a grant that is due', {}, due, 5 * day],
    [
      'the sweep begins again what was sent with no outcome',
      { sent: { at: start, by: 'other' } },
      due,
      10 * minute,
    ],
    ['a getter begins once the promise is over everywhere', {}, getter, 45 * minute],
    [
      'a getter begins what was sent with no outcome, promise or not',
      { sent: { at: start, by: 'other' } },
      getter,
      10 * minute,
    ],
    ['a reporter begins with the generation that was rejected', {}, reported(1), 10 * minute],
    ['an attempt whose lease is over is taken over', underWay(start), getter, minute],
    ['a hold that has lapsed is no obstacle', { holdUntil: start + hour }, getter, hour],
  ];
  it.each(begins)('%s', (_, change, reason, time) => {
    const begun = writes.beginRefresh(grantWith(change), 'me', reason, at(time));
    expect(begun?.attempt).toEqual({ id: 'me', endsAt: start + time + settings.leaseMs });
    expect(begun?.sent).toEqual(change.sent ?? { at: start + time, by: 'me' });
    expect(begun?.generation).toBe(1);
  });

  const doesNot: Case[] = [
    ['the sweep leaves what is not due', {}, due, 5 * day - 1],
    ['a getter leaves what is promised', {}, getter, 45 * minute - 1],
    ['a reporter of an older generation changes nothing', { generation: 2 }, reported(1), 10 * minute],
    ['nobody begins while another attempt lives', underWay(start + 5 * day), due, 5 * day + 1],
    ['nobody begins during a hold: sweep', { holdUntil: start + 6 * day }, due, 5 * day],
    ['nobody begins during a hold: getter', { holdUntil: start + 2 * hour }, getter, hour],
    ['nobody begins during a hold: reporter', { holdUntil: start + 2 * hour }, reported(1), hour],
    ['nothing is begun without a refresh token', withoutRefreshToken, getter, 2 * hour],
    ['nothing is begun before the claim is confirmed', { claimed: false }, getter, hour],
    [
      'nothing is begun while a refusal waits for its verdict',
      { refusal: { code: 'OAU-213', at: start } },
      getter,
      hour,
    ],
    ['a condemned grant is left', { state: 'reauthorize' }, getter, hour],
    ['a grant being revoked is left', { state: 'revoking' }, getter, hour],
    ['a revoked grant is left', { state: 'revoked', tokens: undefined }, getter, hour],
  ];
  it.each(doesNot)('%s', (_, change, reason, time) => {
    expect(writes.beginRefresh(grantWith(change), 'me', reason, at(time))).toBeUndefined();
  });

  it('by the sweep leaves the due time alone, so that the index needs no write and a crash leaves the grant due', () => {
    expect(writes.beginRefresh(activeGrant, 'me', due, at(5 * day))?.dueAt).toBe(activeGrant.dueAt);
  });

  it.each([due, getter])('counts no report where nobody reported: %j', reason => {
    expect(writes.beginRefresh(activeGrant, 'me', reason, at(5 * day))).not.toHaveProperty('reports');
  });

  it('by a getter makes the grant due when the lease ends, so that a crash is taken up inside the replay window', () => {
    expect(writes.beginRefresh(activeGrant, 'me', getter, at(hour))?.dueAt).toBe(
      start + hour + settings.leaseMs,
    );
  });

  it('counts what was reported, an hour at a time', () => {
    const first = writes.beginRefresh(activeGrant, 'me', reported(1), at(hour));
    expect(first?.reports).toEqual({ since: start + hour, count: 1 });
    const again = grantWith({ reports: { since: start + hour, count: 1 } });
    expect(writes.beginRefresh(again, 'me', reported(1), at(2 * hour - 1))?.reports).toEqual({
      since: start + hour,
      count: 2,
    });
    expect(writes.beginRefresh(again, 'me', reported(1), at(2 * hour))?.reports).toEqual({
      since: start + 2 * hour,
      count: 1,
    });
  });
});

describe('commit', () => {
  const commit = (change: GrantChange, time = hour + second) =>
    writes.commit(grantWith({ ...mine, ...change }), consumed, response, start + hour, 0, at(time));

  it('stores the new tokens, raises the generation and clears what the attempt left', () => {
    const grant = commit({ failures: 3, lastError: { code: 'http-503', at: start } });
    expect(grant).toMatchObject({
      generation: 2,
      failures: 0,
      state: 'active',
      rotatedAt: start + hour + second,
    });
    expect(grant?.tokens).toMatchObject({ accessToken: 'access-2', refreshToken: 'refresh-2' });
    for (const field of ['attempt', 'sent', 'lastError', 'refusal']) expect(grant).not.toHaveProperty(field);
  });

  it('leaves nothing of a refusal, of a verdict or of a doubt about the app', () => {
    const grant = commit({
      refusal: { code: 'OAU-213', at: start },
      lastError: { code: 'OAU-213', at: start },
      condemnedAt: start,
      absolvedAt: start,
    });
    for (const field of ['refusal', 'lastError', 'condemnedAt', 'absolvedAt']) {
      expect(grant).not.toHaveProperty(field);
    }
  });

  it('has no refresh scheduled where the provider has withdrawn the refresh token', () => {
    const withdrawn = { ...response, refreshLifetimeMs: 0 };
    const grant = writes.commit(grantWith(mine), consumed, withdrawn, start + hour, 0, at(hour));
    expect(grant).not.toHaveProperty('refreshAt');
    expect(grant?.tokens).not.toHaveProperty('refreshToken');
    expect(grant?.dueAt).toBe(start + 2 * hour);
  });

  it('knows the session by what the answer says of it, and else by what was known', () => {
    const known = { endpointId: 'endpoint-1', sessionId: 'session-1' };
    expect(commit(known)).toMatchObject(known);
    const fresh = { endpointId: 'endpoint-2', sessionId: 'session-2' };
    const answer = { ...response, ...fresh };
    expect(writes.commit(grantWith(mine), consumed, answer, start + hour, 0, at(hour))).toMatchObject(fresh);
  });

  it('keeps the announcement of an earlier recovery until it was sent', () => {
    expect(commit({ announcement: 'Grant Recovered' })).toMatchObject({ announcement: 'Grant Recovered' });
  });

  it('counts the expiries from when the request was first sent, not from when the answer came', () => {
    expect(commit({})?.tokens?.accessExpiresAt).toBe(start + 2 * hour);
    expect(commit({ sent: { at: start + 30 * minute, by: 'other' } })?.tokens?.accessExpiresAt).toBe(
      start + 90 * minute,
    );
  });

  it.each<[string, GrantChange]>([
    ['after its lease is over', {}],
    ['after its attempt and its `sent` were taken back', { attempt: undefined, sent: undefined }],
    ['after another worker has taken the attempt', { attempt: { id: 'other', endsAt: start + 5 * hour } }],
    ['after a verdict, which it heals', { state: 'reauthorize', condemnedAt: start + hour }],
    ['while a refusal waits for its verdict', { refusal: { code: 'OAU-213', at: start + hour } }],
  ])('wins %s, if nobody else has committed', (_, change) => {
    expect(commit(change, 3 * hour)).toMatchObject({ state: 'active', generation: 2 });
  });

  it.each<[string, GrantChange]>([
    ['another worker has committed', { generation: 2 }],
    ['the account was connected anew', { connectionId: 'connection-2' }],
    ['the grant was revoked', { state: 'revoking', generation: 2 }],
    ['the grant was revoked, even with the same generation', { state: 'revoking' }],
  ])('fails when %s', (_, change) => {
    expect(commit(change)).toBeUndefined();
  });

  it('announces the recovery of a condemned grant', () => {
    expect(commit({ state: 'reauthorize', condemnedAt: start })).toMatchObject({
      announcement: 'Grant Recovered',
      dueAt: start + hour + second,
    });
    expect(commit({})).not.toHaveProperty('announcement');
  });

  it('leaves a hold standing: a penalty is not over because a late answer came', () => {
    expect(commit({ holdUntil: start + 9 * day })).toMatchObject({
      holdUntil: start + 9 * day,
      dueAt: start + 9 * day,
    });
  });
});

describe('defer', () => {
  const unknown: Unknown = { kind: 'unknown', code: 'timeout' };
  const limited: NothingHappened = { kind: 'limited', code: 'CMN-301', retryAfterMs: minute };
  const wrongSecret: NothingHappened = { kind: 'misconfigured', code: 'OAU-153' };
  const defer = (answer: NothingHappened | Unknown, change: GrantChange = {}, time = hour) =>
    writes.defer(grantWith({ ...mine, ...change }), consumed, answer, at(time));

  it('keeps `sent` when the outcome is unknown: the token may be spent', () => {
    expect(defer(unknown)).toMatchObject({
      sent: { at: start + hour, by: 'me' },
      failures: 1,
      lastError: { code: 'timeout' },
    });
  });

  it.each([
    ['limited', limited],
    ['misconfigured', wrongSecret],
  ] as const)('takes back its own `sent` when the answer was %s: nothing can have happened', (_, answer) => {
    expect(defer(answer)).not.toHaveProperty('sent');
  });

  it('leaves the `sent` of an earlier attempt standing even then', () => {
    expect(defer(limited, { sent: { at: start, by: 'earlier' } })).toMatchObject({ sent: { by: 'earlier' } });
  });

  it('is silent for the penalty and the skew of the clocks', () => {
    expect(defer(limited)).toMatchObject({ holdUntil: start + hour + minute + settings.maxClockSkewMs });
    expect(defer({ kind: 'limited', code: 'CMN-301' })).toMatchObject({
      holdUntil: start + hour + settings.penaltyMs + settings.maxClockSkewMs,
    });
  });

  it('believes no penalty that would outlast the token', () => {
    expect(defer({ kind: 'limited', code: 'CMN-301', retryAfterMs: 30 * day })?.holdUntil).toBe(
      start + hour + settings.maxHoldMs + settings.maxClockSkewMs,
    );
  });

  it('never shortens a hold', () => {
    expect(defer(limited, { holdUntil: start + 9 * hour })?.holdUntil).toBe(start + 9 * hour);
  });

  it('holds longer with each failure', () => {
    const holds = [0, 1, 2, 3, 4, 5, 6, 99].map(
      failures => (defer(wrongSecret, { failures })?.holdUntil ?? 0) - start - hour,
    );
    expect(holds).toEqual([30, 60, 120, 300, 600, 1800, 1800, 1800].map(seconds => seconds * second));
  });

  it('is back well inside the replay window while a refresh may have happened unseen', () => {
    const sentAt = start + hour;
    for (let time = hour; time < hour + settings.replayWindowMs - 2 * minute; time += minute) {
      const until = defer(unknown, { failures: 99, sent: { at: sentAt, by: 'me' } }, time)?.holdUntil ?? 0;
      expect(until).toBeLessThan(sentAt + settings.replayWindowMs);
    }
  });

  it('is due when the hold ends', () => {
    expect(defer(unknown)?.dueAt).toBe(start + hour + 30 * second);
  });

  it('prolongs the promise to the end of a penalty, since nobody rotates the token before', () => {
    const grant = defer(
      limited,
      { cacheUntil: start + 45 * minute, sent: { at: start + 46 * minute, by: 'me' } },
      46 * minute,
    );
    expect(grant?.cacheUntil).toBe(start + 47 * minute);
  });

  it('prolongs it neither beyond the life of the token nor after an unknown outcome', () => {
    expect(defer(limited, {}, hour - 10 * second)?.cacheUntil).toBe(start + hour - settings.maxClockSkewMs);
    expect(defer(unknown)?.cacheUntil).toBe(activeGrant.cacheUntil);
    expect(defer(limited, { sent: { at: start, by: 'earlier' } })?.cacheUntil).toBe(activeGrant.cacheUntil);
  });

  const overtaken: [string, GrantChange][] = [
    ['another worker has the attempt', { attempt: { id: 'other', endsAt: start + 9 * hour } }],
    ['the tokens were rotated', { generation: 2, attempt: undefined, sent: undefined }],
    ['the account was connected anew', { connectionId: 'connection-2' }],
  ];

  it.each(overtaken)('does nothing when %s', (_, change) => {
    expect(defer(unknown, change)).toBeUndefined();
    expect(defer(wrongSecret, change)).toBeUndefined();
  });

  it.each(overtaken)('records a penalty, and nothing else, even when %s', (_, change) => {
    const grant = grantWith({ ...mine, ...change });
    const held = defer(limited, change);
    expect(held).toMatchObject({ ...grant, dueAt: held?.dueAt, updatedAt: start + hour });
    expect(held?.holdUntil).toBe(start + hour + minute + settings.maxClockSkewMs);
  });

  it('gives the attempt back after a revocation too', () => {
    const held = defer(limited, { state: 'revoking', generation: 2 });
    expect(held).not.toHaveProperty('attempt');
    expect(held).not.toHaveProperty('sent');
    expect(held?.dueAt).toBe(start + hour + minute + settings.maxClockSkewMs);
  });

  it('gives no promise again that was withdrawn, nor to a grant that is condemned', () => {
    expect(defer(limited, { cacheUntil: 0 })?.cacheUntil).toBe(0);
    expect(defer(limited, { state: 'reauthorize' })?.cacheUntil).toBe(activeGrant.cacheUntil);
  });

  it('needs no tokens: those of a revoked grant may be gone', () => {
    expect(defer(limited, { tokens: undefined })).toMatchObject({
      holdUntil: start + hour + minute + settings.maxClockSkewMs,
      cacheUntil: activeGrant.cacheUntil,
    });
  });

  it('ends well before the refresh token dies', () => {
    const tokensNearEnd = { ...tokens, refreshExpiresAt: start + hour + 20 * minute };
    const until = defer(wrongSecret, { failures: 99, tokens: tokensNearEnd })?.holdUntil ?? 0;
    expect(until).toBe(start + hour + 10 * minute);
  });
});

describe('a hold without an attempt', () => {
  it('says why, and never shortens one that is longer', () => {
    const until = start + 2 * hour;
    expect(writes.holdGrant(activeGrant, 'app-unknown', until, at(hour))).toMatchObject({
      holdUntil: until,
      lastError: { code: 'app-unknown', at: start + hour },
    });
    const longer = grantWith({ holdUntil: until + 1 });
    expect(writes.holdGrant(longer, 'app-unknown', until, at(hour)).holdUntil).toBe(until + 1);
  });
});

describe('release', () => {
  it('gives back the attempt and its own `sent`, and the grant is due when it was', () => {
    const released = writes.release(grantWith({ ...mine, dueAt: start + 2 * hour }), consumed, at(hour));
    expect(released).not.toHaveProperty('attempt');
    expect(released).not.toHaveProperty('sent');
    expect(released?.dueAt).toBe(activeGrant.refreshAt);
  });

  it('leaves the `sent` of an earlier attempt and the attempt of another worker', () => {
    expect(
      writes.release(grantWith({ ...mine, sent: { at: start, by: 'earlier' } }), consumed, at(hour)),
    ).toHaveProperty('sent');
    expect(writes.release(grantWith(underWay(start)), consumed, at(hour))).toBeUndefined();
  });
});

describe('refusal and verdict', () => {
  const refused = grantWith({
    refusal: { code: 'OAU-213', at: start + hour },
    lastError: { code: 'OAU-213', at: start + hour },
  });
  const verdictAt = hour + settings.verdictDelayMs;

  it('a refusal is noted by the holder of the attempt and waits for its verdict', () => {
    const grant = writes.refuse(grantWith(mine), consumed, 'OAU-213', at(hour));
    expect(grant).toMatchObject({
      state: 'active',
      refusal: { code: 'OAU-213', at: start + hour },
      dueAt: start + verdictAt,
    });
    expect(grant).not.toHaveProperty('sent');
  });

  it.each<[string, GrantChange]>([
    ["the attempt is another worker's", { attempt: { id: 'other', endsAt: start + 9 * hour } }],
    ['the tokens were rotated meanwhile', { generation: 2 }],
    ['the account was connected anew', { connectionId: 'connection-2' }],
    ['the grant is being revoked', { state: 'revoking' }],
  ])('a refusal says nothing when %s', (_, change) => {
    expect(writes.refuse(grantWith({ ...mine, ...change }), consumed, 'OAU-213', at(hour))).toBeUndefined();
  });

  it('the verdict condemns, not before its time, and stays due until subscribers were told', () => {
    expect(writes.condemn(refused, at(verdictAt - 1))).toBeUndefined();
    expect(writes.condemn(refused, at(verdictAt))).toMatchObject({
      state: 'reauthorize',
      generation: 1,
      lastError: { code: 'OAU-213' },
      announcement: 'Grant Needs Reauthorization',
      dueAt: start + verdictAt,
    });
  });

  it('nothing is condemned without a refusal', () => {
    expect(writes.condemn(activeGrant, at(9 * day))).toBeUndefined();
  });

  it('an absolved grant is tried again after the hold, and its old token served to nobody', () => {
    const grant = writes.absolve(refused, start + 3 * hour, at(verdictAt));
    expect(grant).toMatchObject({
      state: 'active',
      holdUntil: start + 3 * hour,
      dueAt: start + 3 * hour,
      cacheUntil: 0,
    });
    expect(grant).not.toHaveProperty('refusal');
  });
});

describe('a grant without a refresh token', () => {
  const grant = grantWith(withoutRefreshToken);

  it('expires with its access token, and only then', () => {
    expect(writes.expire(grant, at(hour - 1))).toBeUndefined();
    expect(writes.expire(grant, at(hour))).toMatchObject({
      state: 'reauthorize',
      announcement: 'Grant Needs Reauthorization',
    });
  });

  it('one with a refresh token never expires by the clock', () => {
    expect(writes.expire(activeGrant, at(99 * day))).toBeUndefined();
  });

  it('cannot be reinstated', () => {
    expect(
      writes.reinstate(grantWith({ ...withoutRefreshToken, state: 'reauthorize' }), at(2 * hour)),
    ).toBeUndefined();
  });
});

describe('reinstate', () => {
  it('has a condemned grant tried again at once, and its recovery announced when it succeeds', () => {
    const condemned = grantWith({
      state: 'reauthorize',
      condemnedAt: start,
      dueAt: undefined,
      refreshAt: undefined,
    });
    const grant = writes.reinstate(condemned, at(day));
    expect(grant).toMatchObject({ state: 'active', dueAt: start + day, cacheUntil: 0, condemnedAt: start });
  });

  it.each(['active', 'revoking', 'revoked'] as const)('leaves a grant that is %s', state => {
    expect(writes.reinstate(grantWith({ state }), at(day))).toBeUndefined();
  });
});

describe('revoke', () => {
  it.each(['active', 'reauthorize'] as const)(
    'withdraws a grant that is %s: generation up, due now, tokens kept for the provider',
    state => {
      expect(writes.revoke(grantWith({ state }), at(hour))).toMatchObject({
        state: 'revoking',
        generation: 2,
        dueAt: start + hour,
        cacheUntil: 0,
        tokens,
      });
    },
  );

  it('leaves a refresh under way its attempt and `sent`: the stored token may be spent', () => {
    const grant = writes.revoke(grantWith(underWay(start + hour)), at(hour));
    expect(grant).toMatchObject({
      sent: { by: 'other' },
      attempt: { id: 'other' },
      dueAt: start + hour + settings.leaseMs,
    });
  });

  it.each(['revoking', 'revoked'] as const)('changes nothing when it is %s already', state => {
    expect(writes.revoke(grantWith({ state }), at(hour))).toBeUndefined();
  });

  it('once told upstream keeps no token material and is deleted in time', () => {
    const revoking = grantWith({ state: 'revoking', generation: 2, ...underWay(start) });
    const grant = writes.revoked(revoking, 2, at(hour));
    expect(grant).toMatchObject({
      state: 'revoked',
      announcement: 'Grant Revoked',
      deleteAt: start + hour + settings.revokedRetentionMs,
    });
    for (const field of ['tokens', 'attempt', 'sent']) expect(grant).not.toHaveProperty(field);
    expect(JSON.stringify(grant)).not.toContain(tokens.refreshToken);
  });

  it('is told upstream for its own generation only, by one worker at a time, in no hold', () => {
    const revoking = grantWith({ state: 'revoking', generation: 2 });
    expect(writes.beginRevocation(revoking, 2, 'me', at(hour))?.attempt).toEqual({
      id: 'me',
      endsAt: start + hour + settings.leaseMs,
    });
    expect(writes.beginRevocation(revoking, 1, 'me', at(hour))).toBeUndefined();
    expect(writes.beginRevocation(grantWith({ generation: 2 }), 2, 'me', at(hour))).toBeUndefined();
    const held = grantWith({ state: 'revoking', generation: 2, holdUntil: start + 2 * hour });
    expect(writes.beginRevocation(held, 2, 'me', at(hour))).toBeUndefined();
    const taken = grantWith({ state: 'revoking', generation: 2, ...underWay(start + hour) });
    expect(writes.beginRevocation(taken, 2, 'me', at(hour))).toBeUndefined();
  });

  it('is not finished for a generation that is over', () => {
    expect(writes.revoked(grantWith({ state: 'revoking', generation: 3 }), 2, at(hour))).toBeUndefined();
    expect(writes.revoked(activeGrant, 1, at(hour))).toBeUndefined();
  });
});

describe('connect', () => {
  it('starts a new grant, unserved until its claim is confirmed', () => {
    const grant = writes.connect(undefined, connection, 0, at(second));
    expect(grant).toMatchObject({
      generation: 1,
      state: 'active',
      claimed: false,
      dueAt: start + second,
      retired: [],
    });
    expect(grant.refreshAt).toBe(start + 5 * day);
  });

  it('replaces a connection: generation up, holds kept, everything of the old one cleared', () => {
    const old = grantWith({
      ...underWay(start),
      holdUntil: start + 2 * hour,
      failures: 4,
      deleteAt: start + day,
      label: 'Front desk',
    });
    const grant = writes.connect(old, connection, 0, at(hour));
    expect(grant).toMatchObject({
      generation: 2,
      connectionId: 'connection-2',
      holdUntil: start + 2 * hour,
      failures: 0,
      label: 'Front desk',
    });
    for (const field of ['attempt', 'sent', 'deleteAt', 'lastError']) expect(grant).not.toHaveProperty(field);
  });

  it.each<[string, GrantChange, number]>([
    ['is under way', underWay(start + hour), start],
    ['has no known outcome', { sent: { at: start - hour, by: 'attempt-0' } }, start],
    ['came after the response was obtained', { rotatedAt: start + 1 }, start],
  ])(
    'promises nothing while a refresh %s that may have ended the new access token, and refreshes first',
    (_, change, obtainedAt) => {
      const grant = writes.connect(grantWith(change), { ...connection, obtainedAt }, 0, at(hour));
      expect(grant).toMatchObject({ cacheUntil: 0, refreshAt: start + hour });
      expect(grant.attempt).toEqual(change.attempt);
    },
  );

  it('promises as ever what was obtained after the last refresh, or belongs to another owner', () => {
    const promised = start + hour + 45 * minute - settings.maxClockSkewMs;
    const late = { ...connection, obtainedAt: start + hour };
    expect(writes.connect(activeGrant, late, 0, at(hour)).cacheUntil).toBe(promised);
    const other = grantWith({ ...underWay(start + hour), ownerId: '999' });
    expect(writes.connect(other, late, 0, at(hour)).cacheUntil).toBe(promised);
  });

  it('retires the old tokens for the sweep to revoke, and says when they may be spent', () => {
    expect(writes.connect(activeGrant, connection, 0, at(hour)).retired).toMatchObject([
      { token: 'refresh-1', endpointId: 'endpoint-1' },
    ]);
    expect(writes.connect(grantWith(underWay(start)), connection, 0, at(hour)).retired).toMatchObject([
      { token: 'refresh-1', maybeSpent: true },
    ]);
  });

  it.each<[string, Partial<typeof connection.response> & { sessionId?: string }, GrantChange]>([
    ['the same endpoint', { endpointId: 'endpoint-1' }, {}],
    ['the same session', { sessionId: 's' } as never, { sessionId: 's' }],
    ['no way to tell', { endpointId: undefined } as never, {}],
  ])('never retires what can be the new session itself: %s', (_, fields, change) => {
    const again = { ...connection, response: { ...connection.response, ...fields } };
    expect(writes.connect(grantWith(change), again, 0, at(hour)).retired).toEqual([]);
  });

  it('retires it where the sessions differ, whatever the endpoint', () => {
    const again = {
      ...connection,
      response: { ...connection.response, endpointId: 'endpoint-1', sessionId: 'b' },
    };
    expect(writes.connect(grantWith({ sessionId: 'a' }), again, 0, at(hour)).retired).toHaveLength(1);
  });

  it('keeps only so many retired tokens, those that live longest', () => {
    let grant: Grant = activeGrant;
    for (let i = 0; i < maxRetiredTokens + 3; i += 1) {
      const next = {
        ...connection,
        connectionId: `c${i}`,
        response: { ...connection.response, refreshToken: `r${i}`, endpointId: `e${i}` },
      };
      grant = writes.connect(grant, { ...next, obtainedAt: start + i * minute }, 0, at(i * minute));
    }
    expect(grant.retired).toHaveLength(maxRetiredTokens);
    expect(grant.retired.map(({ token }) => token)).not.toContain('refresh-1');
  });

  it('announces the recovery of a condemned grant', () => {
    expect(writes.connect(grantWith({ state: 'reauthorize' }), connection, 0, at(day))).toMatchObject({
      announcement: 'Grant Recovered',
    });
  });
});

describe('a late answer that may not be stored', () => {
  const lost = { grant: activeGrant, attemptId: 'me', response, sentAt: start + hour };

  it.each<[string, GrantChange]>([
    ['a revocation that came first', { state: 'revoking', generation: 2 }],
    [
      'a revocation that is finished',
      { state: 'revoked', generation: 2, tokens: undefined, dueAt: undefined },
    ],
    ['a new connection of another session', { connectionId: 'c2', generation: 2, endpointId: 'endpoint-2' }],
  ])('is kept for the sweep to revoke after %s', (_, change) => {
    expect(writes.retire(grantWith(change), lost, at(2 * hour))).toMatchObject({
      retired: [{ token: 'refresh-2' }],
      dueAt: start + 2 * hour,
    });
  });

  it('is never kept where it can belong to the live session', () => {
    expect(writes.retire(grantWith({ generation: 2 }), lost, at(2 * hour))).toBeUndefined();
    expect(
      writes.retire(
        grantWith({ connectionId: 'c2', generation: 2, endpointId: undefined }),
        lost,
        at(2 * hour),
      ),
    ).toBeUndefined();
  });

  it('is kept once, however often it is retired', () => {
    const once =
      writes.retire(grantWith({ state: 'revoking', generation: 2 }), lost, at(2 * hour)) ?? activeGrant;
    expect(writes.retire(once, lost, at(2 * hour))?.retired).toHaveLength(1);
  });

  it('is forgotten when its session is over, and put off without a hold of the grant when it cannot be ended', () => {
    const retired = writes.connect(activeGrant, connection, 0, at(hour)).retired;
    const grant = grantWith({ retired, attempt: { id: 'me', endsAt: start + 2 * hour } });
    const ended = writes.settleRetired(
      grant,
      'me',
      { ended: new Set(['refresh-1']), failed: new Set() },
      at(hour),
    );
    expect(ended).toMatchObject({ retired: [], dueAt: activeGrant.refreshAt });
    const failed = writes.settleRetired(
      grant,
      'me',
      { ended: new Set(), failed: new Set(['refresh-1']) },
      at(hour),
    );
    expect(failed).toMatchObject({
      retired: [{ failures: 1, retryAt: start + hour + 30 * second }],
      dueAt: start + hour + 30 * second,
    });
    expect(failed).not.toHaveProperty('holdUntil');
    expect(failed).not.toHaveProperty('attempt');
  });
});

describe('claims and events', () => {
  it('a confirmed claim makes a grant servable, for its own connection only', () => {
    expect(writes.confirmClaim(grantWith({ claimed: false }), 'connection-1', at(0))).toMatchObject({
      claimed: true,
      dueAt: activeGrant.refreshAt,
    });
    expect(writes.confirmClaim(grantWith({ claimed: false }), 'connection-0', at(0))).toBeUndefined();
  });

  it("a grant whose owner is another's is withdrawn: no tokens, no event, no word to the provider", () => {
    const withdrawn = writes.withdraw(grantWith({ claimed: false, dueAt: start }), 'connection-1', at(0));
    expect(withdrawn).toMatchObject({ state: 'revoked', generation: 2, retired: [] });
    for (const field of ['tokens', 'announcement', 'dueAt']) expect(withdrawn).not.toHaveProperty(field);
    expect(writes.withdraw(activeGrant, 'connection-1', at(0))).toBeUndefined();
  });

  it('what was announced is forgotten, unless something newer is to be announced', () => {
    const grant = grantWith({ announcement: 'Grant Recovered', dueAt: start });
    const told = writes.announced(grant, 'Grant Recovered', at(hour));
    expect(told).not.toHaveProperty('announcement');
    expect(told?.dueAt).toBe(activeGrant.refreshAt);
    expect(writes.announced(grant, 'Grant Revoked', at(hour))).toBeUndefined();
  });
});
