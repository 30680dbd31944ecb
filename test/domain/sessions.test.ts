/** Which token material can be the live session's, and what is kept of the material that cannot. */
import { describe, expect, it } from 'vitest';
import {
  canBeSameSession,
  type Grant,
  maxRetiredTokens,
  type RetiredToken,
  retiredIsDue,
  type SessionIdentity,
} from '../../functions/domain/grant.ts';
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
  withoutRefreshToken,
} from './grants.ts';

const entry = (token: string, change: Partial<RetiredToken> = {}): RetiredToken => ({
  app: 'main',
  ownerId: '1001',
  endpointId: `endpoint-${token}`,
  clientId: 'client',
  server: activeGrant.server,
  token,
  expiresAt: start + 9 * day,
  ...change,
});
const tokensOf = (grant: Grant | undefined) => grant?.retired.map(({ token }) => token);

describe('two pieces of token material', () => {
  const session: SessionIdentity = { app: 'main', ownerId: '1001' };
  const both = { ...session, endpointId: 'e1', sessionId: 's1' };

  it.each<[boolean, string, SessionIdentity, SessionIdentity]>([
    [true, 'nothing tells them apart', session, session],
    [true, 'the session ids are equal, whatever the endpoints', both, { ...both, endpointId: 'e2' }],
    [true, 'only one has a session id, and the endpoints are equal', both, { ...session, endpointId: 'e1' }],
    [true, 'only one has a session id, and only one an endpoint', both, session],
    [false, 'the session ids differ, whatever the endpoints', both, { ...both, sessionId: 's2' }],
    [false, 'only one has a session id, and the endpoints differ', both, { ...session, endpointId: 'e2' }],
    [
      true,
      'the keeper started both at once',
      { ...session, startedBy: 'c1' },
      { ...session, startedBy: 'c1' },
    ],
    [
      true,
      'the session ids are equal, whoever started them',
      { ...both, startedBy: 'c1' },
      { ...both, startedBy: 'c2' },
    ],
    [
      false,
      'the keeper started one after the other at one endpoint',
      { ...session, endpointId: 'e1', startedBy: 'c1' },
      { ...session, endpointId: 'e1', startedBy: 'c2' },
    ],
    [
      false,
      'the keeper started one, whose tokens nobody can have imported',
      { ...session, endpointId: 'e1' },
      { ...session, endpointId: 'e1', startedBy: 'c2' },
    ],
    [false, 'they are of two apps', both, { ...both, app: 'other' }],
    [false, 'they are of two owners', both, { ...both, ownerId: '1002' }],
  ])('can be of one session: %s, where %s', (same, _, a, b) => {
    expect(canBeSameSession(a, b)).toBe(same);
    expect(canBeSameSession(b, a)).toBe(same);
  });
});

describe('a new connection', () => {
  const connect = (change: GrantChange, fields: object = {}, time = hour) =>
    writes.connect(grantWith(change), { ...connection, ...fields }, 0, at(time));

  it('keeps what was retired before, but not what can be its own session', () => {
    const retired = [entry('a'), entry('b', { endpointId: 'endpoint-2' })];
    expect(tokensOf(connect({ retired }))).toEqual(['a', 'refresh-1']);
  });

  it('says of the old token all that is needed to end its session', () => {
    expect(
      connect({ sessionId: 'session-1' }, { response: { ...response, sessionId: 's2' } }).retired,
    ).toEqual([
      {
        app: 'main',
        server: activeGrant.server,
        clientId: 'client',
        ownerId: '1001',
        endpointId: 'endpoint-1',
        sessionId: 'session-1',
        token: 'refresh-1',
        expiresAt: start + 7 * day,
      },
    ]);
  });

  it.each<[string, GrantChange, number]>([
    ['a refresh of the old ones may have happened unseen', { sent: { at: start, by: 'dead' } }, hour],
    ['the old ones were rotated just before, by another clock', {}, settings.maxClockSkewMs],
  ])('promises nothing of its tokens where %s: they are refreshed first', (_, change, obtainedAfter) => {
    const fields = { obtainedAt: start + obtainedAfter };
    expect(connect(change, fields)).toMatchObject({ cacheUntil: 0, refreshAt: start + hour });
    const { refreshToken: _token, ...accessOnly } = connection.response;
    expect(connect(change, { ...fields, response: accessOnly }).cacheUntil).toBeGreaterThan(0);
  });

  it('promises its tokens where nothing can have ended them', () => {
    const obtainedAt = start + settings.maxClockSkewMs + 1;
    expect(connect({}, { obtainedAt }).cacheUntil).toBeGreaterThan(0);
    const other = { sent: { at: start, by: 'dead' }, ownerId: '1002' };
    expect(connect(other, { obtainedAt }).cacheUntil).toBeGreaterThan(0);
  });

  it('keeps a token that may be spent as long as what it bought can be asked for, however short its own life', () => {
    const short = { ...activeGrant.tokens, refreshExpiresAt: start + 10 * minute } as Grant['tokens'];
    const [retired] = connect(
      { tokens: short, sent: { at: start + minute, by: 'dead' } },
      {},
      5 * minute,
    ).retired;
    expect(retired).toMatchObject({ maybeSpent: true, expiresAt: start + minute + settings.replayWindowMs });
  });

  it('retires the access token where the old connection had no other', () => {
    expect(connect(withoutRefreshToken, {}, minute).retired).toMatchObject([
      { token: 'access-1', expiresAt: start + hour },
    ]);
  });

  it('retires nothing where there was nothing, and announces no recovery', () => {
    const again = connect({ state: 'revoked', tokens: undefined });
    expect(again.retired).toEqual([]);
    expect(again).not.toHaveProperty('announcement');
    const first = writes.connect(undefined, connection, 0, at(hour));
    expect(first.retired).toEqual([]);
    expect(first).not.toHaveProperty('announcement');
  });

  it('forgets what has died, and beyond a number what dies soonest', () => {
    const many = Array.from({ length: maxRetiredTokens }, (_, i) =>
      entry(`t${i}`, { expiresAt: start + 8 * day + i }),
    );
    const retired = [entry('dead', { expiresAt: start + hour }), ...many];
    expect(tokensOf(connect({ retired }))).toEqual(['t4', 't3', 't2', 't1', 't0']);
    const alive = [
      entry('dies', { expiresAt: start + hour + 1 }),
      entry('dead', { expiresAt: start + hour }),
    ];
    expect(tokensOf(connect({ retired: alive }))).toEqual(['refresh-1', 'dies']);
  });
});

describe('a late answer', () => {
  const retire = (change: GrantChange, fields: object = {}, attemptId = 'me') =>
    writes.retire(
      grantWith({ generation: 2, ...change }),
      { grant: activeGrant, attemptId, response: { ...response, ...fields }, sentAt: start },
      at(hour),
    );

  it('is told apart by the session id that it brings', () => {
    expect(retire({ sessionId: 's1' }, { sessionId: 's1' })).toBeUndefined();
    expect(tokensOf(retire({ sessionId: 's1' }, { sessionId: 's2' }))).toEqual(['refresh-2']);
    expect(retire({ sessionId: 's1' }, { sessionId: 's2' })?.retired).toMatchObject([{ sessionId: 's2' }]);
  });

  it('is not kept where a condemned grant can live by it: it may be reinstated', () => {
    expect(retire({ state: 'reauthorize' })).toBeUndefined();
  });

  it('joins what was retired before, and lives as long as its tokens do', () => {
    const revoked = retire({ state: 'revoked', tokens: undefined, retired: [entry('a')] });
    expect(tokensOf(revoked)).toEqual(['a', 'refresh-2']);
    expect(revoked?.retired[1]?.expiresAt).toBe(start + 7 * day);
  });

  it('takes the place of the token that it was bought with', () => {
    const bought = { state: 'revoked', tokens: undefined } as const;
    const spent = entry('refresh-1', { maybeSpent: true });
    expect(tokensOf(retire({ ...bought, retired: [spent, entry('a')] }))).toEqual(['a', 'refresh-2']);
  });

  it('that is retired already leaves known that it may be spent', () => {
    const known = entry('refresh-2', { maybeSpent: true });
    expect(retire({ state: 'revoked', tokens: undefined, retired: [known] })?.retired).toEqual([known]);
  });

  it('brings the access token where that is all it has', () => {
    const late = writes.retire(
      grantWith({ state: 'revoked', tokens: undefined }),
      {
        grant: activeGrant,
        attemptId: 'me',
        response: { accessToken: 'access-2', tokenType: 'bearer' },
        sentAt: start + hour,
      },
      at(hour),
    );
    expect(tokensOf(late)).toEqual(['access-2']);
  });

  it('gives the attempt back where it is its own still, and only then', () => {
    const change: GrantChange = {
      state: 'revoking',
      attempt: { id: 'me', endsAt: start + 2 * hour },
      sent: { at: start, by: 'me' },
    };
    expect(retire(change)).not.toHaveProperty('attempt');
    expect(retire(change)).not.toHaveProperty('sent');
    expect(retire(change, {}, 'other')).toMatchObject({ attempt: { id: 'me' }, sent: { by: 'me' } });
  });
});

describe('ending retired sessions', () => {
  const begin = (change: GrantChange) => writes.beginRetired(grantWith(change), 'me', at(hour));
  const alive = entry('alive');
  const dead = entry('dead', { expiresAt: start + hour });

  it('takes the attempt while one of them lives, and leaves the token to be served', () => {
    const begun = begin({ retired: [dead, alive] });
    expect(begun).toEqual(
      grantWith({
        retired: [dead, alive],
        attempt: { id: 'me', endsAt: start + hour + settings.leaseMs },
        updatedAt: start + hour,
      }),
    );
    expect(begin({ retired: [dead] })).toBeUndefined();
    expect(begin({})).toBeUndefined();
  });

  it('waits for holds, and for the attempt of another worker', () => {
    expect(begin({ retired: [alive], holdUntil: start + hour + 1 })).toBeUndefined();
    const attempt = { id: 'other', endsAt: start + hour + 1 };
    expect(begin({ retired: [alive], attempt })).toBeUndefined();
  });

  it('is due again when its next try is', () => {
    expect(retiredIsDue(alive, start)).toBe(true);
    const failed = { ...alive, retryAt: start + hour };
    expect(retiredIsDue(failed, start + hour - 1)).toBe(false);
    expect(retiredIsDue(failed, start + hour)).toBe(true);
  });

  const settle = (change: GrantChange, endings: Partial<writes.Endings> = {}) =>
    writes.settleRetired(
      grantWith(change),
      'me',
      { ended: new Set(), failed: new Set(), ...endings },
      at(hour),
    );

  it('leaves another worker its attempt', () => {
    const attempt = { id: 'other', endsAt: start + 2 * hour };
    expect(settle({ retired: [alive], attempt })).toMatchObject({ attempt });
  });

  it('forgets what has died meanwhile, and leaves what was not tried as it was', () => {
    expect(settle({ retired: [dead, alive] }).retired).toEqual([alive]);
  });

  it('holds the grant for a penalty, never shorter than it is held already', () => {
    const until = start + 2 * hour;
    expect(settle({}, { silentUntil: until }).holdUntil).toBe(until);
    expect(settle({ holdUntil: until + second }, { silentUntil: until }).holdUntil).toBe(until + second);
    expect(settle({})).not.toHaveProperty('holdUntil');
  });
});
