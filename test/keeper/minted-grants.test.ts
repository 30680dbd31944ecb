/** Grants of a JWT credential, over a provider that starts a session with each mint: what is asked, stored and left behind. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { TokenAnswer } from '../../functions/domain/answer.ts';
import { maxUnansweredSessions, mintDistanceMs, mintTtls } from '../../functions/domain/mint.ts';
import type { RequestedTtls } from '../../functions/domain/tokens.ts';
import type { KeeperError } from '../../functions/keeper/errors.ts';
import type { MintRequest } from '../../functions/keeper/mint-grant.ts';
import { activeGrant, day, grantWith, hour, minute, second, settings, start } from '../domain/grants.ts';
import { app, createWorld, rotated, type World } from './world.ts';

type Session = {
  readonly id: number;
  readonly owner: string;
  readonly endpointId: string;
  endsAt: number;
  refresh: string;
  access: string;
};

/** A provider that knows its sessions. `lost`: it does what it is asked, and nobody hears of it. */
type Provider = {
  readonly sessions: Session[];
  readonly asked: { endpointId?: string | undefined; ttls: RequestedTtls; kind: 'mint' | 'refresh' }[];
  owner: string;
  good: string;
  lost: (kind: 'mint' | 'refresh') => boolean;
  alive(): Session[];
};

let world: World;
let provider: Provider;

const granted = (
  session: Session,
  { accessTokenTtlSeconds = 3600, refreshTokenTtlSeconds = 604_800 }: RequestedTtls,
) => {
  const lasting = refreshTokenTtlSeconds > 0;
  session.endsAt = world.now + 1000 * Math.max(accessTokenTtlSeconds, refreshTokenTtlSeconds);
  return {
    accessToken: session.access,
    tokenType: 'bearer',
    accessLifetimeMs: 1000 * accessTokenTtlSeconds,
    ...(lasting && { refreshToken: session.refresh, refreshLifetimeMs: 1000 * refreshTokenTtlSeconds }),
    ownerId: session.owner,
    endpointId: session.endpointId,
  };
};

const unanswered: TokenAnswer = { kind: 'unknown', code: 'timeout' };

const createProvider = (): Provider => {
  const sessions: Session[] = [];
  const answer = (kind: 'mint' | 'refresh', session: Session, ttls: RequestedTtls): TokenAnswer => {
    const response = granted(session, ttls);
    return provider.lost(kind) ? unanswered : { kind: 'rotated', response };
  };
  world.onMint = ({ assertion, endpointId = 'none', ttls = {} }) => {
    provider.asked.push({ kind: 'mint', endpointId, ttls });
    if (assertion !== provider.good) return { kind: 'refused', code: 'OAU-213' };
    const id = sessions.length + 1;
    const { owner } = provider;
    const tokens = { refresh: `refresh-${id}.1`, access: `access-${id}.1` };
    const session = { id, owner, endpointId, endsAt: 0, ...tokens };
    sessions.push(session);
    return answer('mint', session, ttls);
  };
  const spent = new Map<string, Session>();
  world.onRefresh = (token, _app, ttls) => {
    provider.asked.push({ kind: 'refresh', ttls });
    const session = provider.alive().find(({ refresh }) => refresh === token);
    const replayed = spent.get(token);
    if (session === undefined) {
      return replayed === undefined || replayed.endsAt <= world.now
        ? { kind: 'refused', code: 'OAU-213' }
        : answer('refresh', replayed, ttls);
    }
    spent.set(token, session);
    const next = Number(token.split('.')[1]) + 1;
    session.refresh = `refresh-${session.id}.${next}`;
    session.access = `access-${session.id}.${next}`;
    return answer('refresh', session, ttls);
  };
  world.onRevoke = token => {
    const session = sessions.find(({ refresh, access }) => refresh === token || access === token);
    if (session !== undefined) session.endsAt = Math.min(session.endsAt, world.now);
    return { kind: 'ended' };
  };
  return {
    sessions,
    asked: [],
    owner: '1001',
    good: 'good-jwt',
    lost: () => false,
    alive: () => sessions.filter(({ endsAt }) => world.now < endsAt),
  };
};

const credential = { name: 'switchboard', app: 'main', jwt: 'good-jwt' };
const distanceMs = mintDistanceMs({}, settings);
const shortTtls = mintTtls({}, settings);

beforeEach(() => {
  world = createWorld();
  world.credentials = [credential];
  provider = createProvider();
});

const request: MintRequest = { credential: 'switchboard', endpointId: 'endpoint-of-new', ttls: {} };
const put = (change: Partial<MintRequest> = {}, grantId = 'new') =>
  world.keeper.mintGrant(grantId, { ...request, ...change }, world.now + 29 * second);
const grant = () => world.grant('new');
const refusal = (promise: Promise<unknown>): Promise<KeeperError> =>
  promise.then(
    () => expect.unreachable('it was accepted'),
    error => error,
  );
const kinds = () => provider.asked.map(({ kind }) => kind);
const called = (kind: string) => world.calls.filter(call => call.kind === kind).map(({ token }) => token);
const endAll = () => {
  for (const session of provider.sessions) session.endsAt = world.now;
};
/** Sweeps every five minutes, as the schedule does. */
const live = async (ms: number, each: () => void = () => {}) => {
  const until = world.now + ms;
  while (world.now < until) {
    world.now += 5 * minute;
    await world.sweep();
    each();
  }
};

describe('a grant that is put from a credential', () => {
  it('is minted for a short life, prolonged at once, and served', async () => {
    const { kind, grant: put1 } = await put({ strategy: 'hourly', label: 'Switchboard' });
    expect(kind).toBe('created');
    expect(provider.asked).toEqual([
      { kind: 'mint', endpointId: 'endpoint-of-new', ttls: shortTtls },
      { kind: 'refresh', ttls: { accessTokenTtlSeconds: 3600, refreshTokenTtlSeconds: 604_800 } },
    ]);
    expect(put1).toMatchObject({
      ...{ state: 'active', generation: 2, credential: 'switchboard', ownerId: '1001', claimed: true },
      ...{ strategy: 'hourly', label: 'Switchboard', endpointId: 'endpoint-of-new', app: 'main' },
    });
    expect(await world.getToken('new')).toMatchObject({ accessToken: 'access-1.2' });
    expect(world.calls).toHaveLength(2);
  });

  it('asks for the lifetimes that it is given, once it is sure of its session', async () => {
    const ttls = { accessTokenTtlSeconds: 600, refreshTokenTtlSeconds: 1_209_600 };
    await put({ ttls });
    expect(provider.asked.map(asked => asked.ttls)).toEqual([shortTtls, ttls]);
    await live(13 * day);
    expect(provider.asked.slice(2).map(asked => asked.ttls)).toEqual(provider.asked.slice(2).map(() => ttls));
  });

  it('is left to the sweep where the refresh that prolongs it fails', async () => {
    provider.lost = kind => kind === 'refresh';
    const { grant: connected } = await put();
    expect(connected).toMatchObject({ state: 'active', generation: 1, cacheUntil: 0, mintedAt: start });
    provider.lost = () => false;
    await live(10 * minute);
    expect(grant()).toMatchObject({ generation: 2, tokens: { accessToken: 'access-1.2' } });
    expect(provider.sessions).toHaveLength(1);
  });

  it('and put again changes nothing and asks nothing, whatever If-Match says', async () => {
    await put();
    const before = grant();
    expect(await put({ ifGeneration: 99 })).toMatchObject({ kind: 'unchanged', grant: before });
    expect(world.calls).toHaveLength(2);
  });

  it('and put again finishes what died before its claim was confirmed', async () => {
    world.store.writeFaults.push(undefined, ...Array.from({ length: 200 }, () => 'fails' as const));
    await expect(put()).rejects.toThrow('the store is down');
    world.store.writeFaults.length = 0;
    expect(await put()).toMatchObject({ kind: 'unchanged', grant: { claimed: true } });
    expect(provider.sessions).toHaveLength(1);
  });

  it('must be named with its generation where one is replaced; what it replaces is ended', async () => {
    world.store.seed(grantWith({ grantId: 'new', ownerId: '1001' }));
    expect(await refusal(put())).toMatchObject({ code: 'generation-mismatch' });
    expect(await refusal(put({ ifGeneration: 7 }))).toMatchObject({ code: 'generation-mismatch' });
    expect(world.calls).toEqual([]);
    expect(await put({ ifGeneration: 1 })).toMatchObject({ kind: 'replaced', grant: { generation: 3 } });
    await world.sweep();
    expect(called('revoke')).toEqual(['refresh-1']);
    expect(provider.asked[0]?.endpointId).toBe('endpoint-1');
  });

  it('that somebody else replaced meanwhile is left to them, and the session is ended', async () => {
    world.store.seed(grantWith({ grantId: 'new', ownerId: '1001' }));
    const mint = world.onMint;
    world.onMint = (...asked) => {
      world.store.seed({ ...world.grant('new'), generation: 2, connectionId: 'connection-9' });
      return mint(...asked);
    };
    expect(await refusal(put({ ifGeneration: 1 }))).toMatchObject({ code: 'generation-mismatch' });
    await world.sweep();
    expect(called('revoke')).toEqual(['refresh-1.1']);
    expect(grant()).toMatchObject({ connectionId: 'connection-9', retired: [] });
  });

  it('twice at the same time is minted once', async () => {
    const outcomes = await Promise.allSettled([put(), put()]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(provider.sessions).toHaveLength(1);
    expect(await put()).toMatchObject({ kind: 'unchanged' });
  });
});

describe('a credential that cannot be used', () => {
  it('is refused by its name, and the answer says which there are', async () => {
    expect(await refusal(put({ credential: 'other' }))).toMatchObject({
      code: 'invalid-request',
      message: 'There is no credential of that name in the JWT secret. Configured: switchboard.',
    });
    world.credentials = [];
    const { message } = await refusal(put());
    expect(message).toContain('Configured: none.');
  });

  it('is refused where its app is not configured, or the secret cannot be read; nothing of it is quoted', async () => {
    world.credentials = [{ ...credential, app: 'gone' }];
    expect(await refusal(put())).toMatchObject({ code: 'invalid-request' });
    world.credentials = Object.assign(new Error('SECRET'), { name: 'AccessDeniedException' });
    expect(await refusal(put())).toMatchObject({
      code: 'misconfigured',
      message: 'The JWT secret cannot be read (AccessDeniedException).',
    });
    world.credentials = Object.assign(new Error('The JWT secret is not valid.'), {
      name: 'ConfigurationError',
    });
    expect(await refusal(put())).toMatchObject({ message: 'The JWT secret is not valid.' });
  });

  it('says so where RingCentral refuses it, stores nothing, and can be put right at once', async () => {
    provider.good = 'another-jwt';
    const error = await refusal(put());
    expect(error).toMatchObject({ code: 'credential-refused' });
    expect(error.message).toContain('"switchboard" (OAU-213)');
    expect(error.message).not.toContain('good-jwt');
    expect(world.store.history).toEqual([]);
    provider.good = 'good-jwt';
    expect(await put()).toMatchObject({ kind: 'created' });
  });

  it('is read again before it is taken for refused: a person may just have replaced it', async () => {
    provider.good = 'new-jwt';
    const read = [[credential], [{ ...credential, jwt: 'new-jwt' }]];
    world.readCredentials = () => (read.length > 1 ? read.shift() : read[0]) ?? [];
    expect(await put()).toMatchObject({ kind: 'created' });
    expect(called('mint')).toEqual(['good-jwt', 'new-jwt']);
  });

  it('of an owner who is connected as another grant is refused, and its session ended, not the living one', async () => {
    await put();
    expect(await refusal(put({ endpointId: 'endpoint-of-second' }, 'second'))).toMatchObject({
      code: 'provider-unavailable',
    });
    world.now += distanceMs;
    expect(await refusal(put({ endpointId: 'endpoint-of-second' }, 'second'))).toMatchObject({
      code: 'owner-already-connected',
    });
    expect(provider.alive().map(({ id }) => id)).toEqual([1]);
    expect(await world.getToken('new')).toMatchObject({ accessToken: 'access-1.2' });
  });

  it('is not used while RingCentral has asked for silence', async () => {
    world.onMint = () => ({ kind: 'misconfigured', code: 'OAU-153' });
    expect(await refusal(put())).toMatchObject({ code: 'misconfigured' });
    expect(await refusal(put())).toMatchObject({ code: 'provider-unavailable' });
    expect(called('mint')).toHaveLength(1);
  });

  it('that brings the very session that another grant lives by leaves it alone', async () => {
    await put();
    world.store.seed({ ...grant(), sessionId: 'session-1' });
    world.now += distanceMs;
    const response = { accessToken: 'a', tokenType: 'bearer', ownerId: '1001', sessionId: 'session-1' };
    world.onMint = () => ({ kind: 'rotated', response });
    expect(await refusal(put({}, 'second'))).toMatchObject({ code: 'owner-already-connected' });
    expect(called('revoke')).toEqual([]);
  });

  it('is not taken for a fault of the app where only the flow is not allowed: other grants go on', async () => {
    world.store.seed(activeGrant);
    world.onMint = () => ({ kind: 'misconfigured', code: 'OAU-112', flow: true });
    world.onRefresh = () => rotated(2);
    const error = await refusal(put());
    expect(error).toMatchObject({ code: 'misconfigured' });
    expect(error.message).toContain('does not let the app "main" ask for tokens in this way (OAU-112)');
    world.now = start + 46 * minute;
    expect(await world.getToken()).toMatchObject({ accessToken: 'access-2' });
  });
});

describe('a session that is over', () => {
  beforeEach(async () => {
    await put();
  });

  it('is followed by another one without a person, with the same endpoint, and nobody is told', async () => {
    endAll();
    await live(6 * day);
    expect(kinds()).toEqual(['mint', 'refresh', 'refresh', 'mint', 'refresh']);
    expect(grant()).toMatchObject({ state: 'active', generation: 4, failures: 0 });
    expect(new Set(provider.asked.flatMap(({ endpointId }) => endpointId ?? []))).toEqual(
      new Set(['endpoint-of-new']),
    );
    expect(world.events).toEqual([]);
    expect(world.facts.map(({ type }) => type)).toContain('session-over');
    expect(provider.alive()).toHaveLength(1);
  });

  it('is replaced for a getter who waits, within one request', async () => {
    endAll();
    world.now += hour;
    expect(await world.getToken('new')).toMatchObject({ accessToken: 'access-2.2' });
  });

  it('is not asked for once more by who has read that it lives', async () => {
    world.now += 6 * day;
    world.store.writeFaults.push(() => world.store.seed({ ...grant(), mustMint: true }));
    await world.sweep();
    expect(called('refresh')).toHaveLength(1);
    await world.sweep();
    expect(kinds()).toEqual(['mint', 'refresh', 'mint', 'refresh']);
  });

  it('because its refresh token has expired is replaced without presenting it', async () => {
    world.now += 8 * day;
    expect(await world.getToken('new')).toMatchObject({ accessToken: 'access-2.2' });
    expect(kinds().slice(2)).toEqual(['mint', 'refresh']);
  });

  it('of six grants at once is mended for all: a mint proves the app good', async () => {
    const names = ['b', 'c', 'd', 'e', 'f', 'g'];
    world.credentials = [credential, ...names.map(name => ({ ...credential, name }))];
    for (const name of names) {
      provider.owner = name;
      await put({ credential: name, endpointId: `endpoint-${name}` }, name);
    }
    const owners = new Map([['new', '1001'], ...names.map(name => [name, name] as const)]);
    world.onMint = (mint => asked => {
      provider.owner = [...owners].find(([id]) => world.grant(id).endpointId === asked.endpointId)?.[1] ?? '';
      return mint(asked, app);
    })(world.onMint);
    endAll();
    await live(6 * day);
    for (const id of owners.keys()) expect(world.grant(id)).toMatchObject({ state: 'active', generation: 4 });
    expect(world.facts.map(({ type }) => type)).not.toContain('condemned');
  });

  it('although RingCentral refused it wrongly is ended when another one has come', async () => {
    const { onRefresh } = world;
    world.onRefresh = () => ({ kind: 'refused', code: 'OAU-213' });
    world.now += 5 * day;
    await world.sweep();
    world.now += settings.verdictDelayMs;
    world.onRefresh = onRefresh;
    await world.sweep();
    expect(provider.sessions).toHaveLength(2);
    expect(provider.alive().map(({ id }) => id)).toEqual([2]);
    expect(grant().retired).toEqual([]);
  });
});

describe('a credential that is refused later', () => {
  beforeEach(async () => {
    await put();
    endAll();
    provider.good = 'renewed-jwt';
    await live(6 * day);
  });

  it('needs a person, once: the event and every answer say that it is the credential', async () => {
    expect(grant()).toMatchObject({ state: 'reauthorize', lastError: { code: 'credential-refused' } });
    expect(world.events).toMatchObject([
      { type: 'Grant Needs Reauthorization', detail: { reason: 'credential-refused' } },
    ]);
    const { code, message } = await refusal(world.getToken('new'));
    expect(code).toBe('reauthorization-required');
    expect(message).toContain('JWT secret and reinstate the grant');
    expect(world.facts).toContainEqual({ type: 'refused', grantId: 'new', code: 'OAU-213' });
  });

  it('is mended by a new one in the secret and a reinstatement', async () => {
    world.credentials = [{ ...credential, jwt: 'renewed-jwt' }];
    await world.keeper.reinstateGrant('new');
    expect(await world.getToken('new')).toMatchObject({ accessToken: 'access-2.2' });
    await world.sweep();
    expect(world.events.map(({ type }) => type)).toEqual(['Grant Needs Reauthorization', 'Grant Recovered']);
  });

  it('is mended by putting the grant again, too', async () => {
    world.credentials = [{ ...credential, jwt: 'renewed-jwt' }];
    expect(await put({ ifGeneration: 2 })).toMatchObject({ kind: 'replaced', grant: { state: 'active' } });
  });
});

describe('a credential that is missing, or has become another one', () => {
  beforeEach(async () => {
    await put();
    endAll();
    world.now += hour;
  });

  it.each([
    ['is gone', [], 'credential-unknown', 'is not in the JWT secret'],
    ['is of another app', [{ ...credential, app: 'other' }], 'credential-mismatch', "another app's"],
    ['cannot be read', new Error('denied'), 'credentials-unreadable', 'cannot be read at the moment'],
  ] as const)(
    'asks nothing where it %s: the grant is held, says why, and goes on by itself',
    async (_, credentials, code, told) => {
      world.credentials = credentials;
      const error = await refusal(world.getToken('new'));
      expect(error).toMatchObject({ code: 'misconfigured' });
      expect(error.message).toContain(told);
      expect(grant()).toMatchObject({ state: 'active', lastError: { code } });
      expect(provider.sessions).toHaveLength(1);
      world.credentials = [credential];
      await live(10 * minute);
      expect(provider.sessions).toHaveLength(2);
      expect(grant().state).toBe('active');
    },
  );

  it("never makes another user's session the grant's: it is ended, and the credential is what is wrong", async () => {
    provider.owner = '2002';
    await refusal(world.getToken('new'));
    world.now += settings.verdictDelayMs;
    expect(await refusal(world.getToken('new'))).toMatchObject({ code: 'reauthorization-required' });
    expect(grant()).toMatchObject({ ownerId: '1001', state: 'reauthorize' });
    await world.sweep();
    expect(provider.alive()).toEqual([]);
    expect(grant().retired).toEqual([]);
  });

  it('holds the grant and not its app where the flow is not allowed', async () => {
    world.store.seed(activeGrant);
    world.onMint = () => ({ kind: 'misconfigured', code: 'OAU-251', flow: true });
    const error = await refusal(world.getToken('new'));
    expect(error.message).toContain('OAU-251');
    expect(world.facts.map(({ type }) => type)).not.toContain('app-held');
    world.onRefresh = () => ({ kind: 'rotated', response: { accessToken: 'a', tokenType: 'bearer' } });
    expect(await world.getToken()).toMatchObject({ accessToken: 'a' });
  });
});

describe('a grant without a refresh token', () => {
  const ttls = { refreshTokenTtlSeconds: 0 };

  it('is minted again before its access token ends, and what it had is ended', async () => {
    const { grant: connected } = await put({ ttls });
    expect(connected).toMatchObject({ generation: 1, cacheUntil: expect.any(Number) });
    expect(await world.getToken('new')).toMatchObject({ accessToken: 'access-1.1' });
    await live(hour, () => {
      expect(provider.alive().length).toBeLessThanOrEqual(1);
      expect(grant().state).toBe('active');
    });
    expect(new Set(kinds())).toEqual(new Set(['mint']));
    expect(await world.getToken('new')).toMatchObject({ accessToken: expect.any(String) });
  });

  it('has an hour at a time where that is asked for', async () => {
    await put({ ttls: { ...ttls, accessTokenTtlSeconds: 3600 } });
    await live(2 * hour);
    expect(kinds()).toHaveLength(3);
  });
});

describe('lost answers', () => {
  const most = async (ms: number, lost: Provider['lost'], each: () => Promise<unknown>) => {
    provider.lost = lost;
    let peak = 0;
    const until = world.now + ms;
    while (world.now < until) {
      world.now += 20 * second;
      await each().catch(() => undefined);
      peak = Math.max(peak, provider.alive().length);
    }
    return peak;
  };

  it('of mints never leave more than three sessions, however often the sweep comes round', async () => {
    await put();
    endAll();
    world.now += 6 * day;
    const peak = await most(
      2 * hour,
      kind => kind === 'mint',
      () => world.sweep(),
    );
    expect(peak).toBeLessThanOrEqual(maxUnansweredSessions);
    expect(peak).toBeGreaterThan(1);
    provider.lost = () => false;
    await live(hour);
    expect(grant().state).toBe('active');
    expect(provider.alive()).toHaveLength(1);
  });

  it('nor where getters ask for the token all the time', async () => {
    await put();
    endAll();
    world.now += hour;
    const peak = await most(
      2 * hour,
      kind => kind === 'mint',
      () => world.getToken('new'),
    );
    expect(peak).toBeLessThanOrEqual(maxUnansweredSessions);
  });

  it('nor where a grant is put again and again, that was never there', async () => {
    const peak = await most(
      hour,
      kind => kind === 'mint',
      () => put(),
    );
    expect(peak).toBeLessThanOrEqual(maxUnansweredSessions);
    expect(provider.sessions.length).toBeGreaterThan(10);
    const { code, retryAfterMs } = await refusal(put());
    expect(code).toBe('provider-unavailable');
    expect(retryAfterMs).toBeLessThanOrEqual(distanceMs);
  });

  it('nor where one that is there is replaced again and again', async () => {
    world.store.seed(grantWith({ grantId: 'new', ownerId: '1001' }));
    const peak = await most(
      hour,
      kind => kind === 'mint',
      () => put({ ifGeneration: 1 }),
    );
    expect(peak).toBeLessThanOrEqual(maxUnansweredSessions);
    expect(grant()).toMatchObject({ generation: 1, tokens: activeGrant.tokens });
  });

  it('nor where the worker dies each time', async () => {
    await put();
    endAll();
    world.now += hour;
    const { onMint } = world;
    world.onMint = async (...asked) => {
      await onMint(...asked);
      throw new Error('killed');
    };
    const peak = await most(
      2 * hour,
      () => false,
      () => world.getToken('new'),
    );
    expect(peak).toBeLessThanOrEqual(maxUnansweredSessions);
  });

  it('nor where the session that came is refused at once, each time', async () => {
    world.onRefresh = () => ({ kind: 'refused', code: 'OAU-213' });
    const peak = await most(
      2 * hour,
      () => false,
      () => put().then(() => world.sweep()),
    );
    expect(peak).toBeLessThanOrEqual(maxUnansweredSessions + 1);
    expect(grant().state).toBe('active');
  });

  it('of the refresh that prolongs are asked for again: no session is lost', async () => {
    let lost = 3;
    provider.lost = kind => kind === 'refresh' && lost-- > 0;
    await put();
    await live(30 * minute);
    expect(provider.sessions).toHaveLength(1);
    expect(kinds()).toEqual(['mint', 'refresh', 'refresh', 'refresh', 'refresh']);
    expect(await world.getToken('new')).toMatchObject({ accessToken: 'access-1.2' });
  });

  it('that arrive after all are ended, when another session is the live one', async () => {
    await put();
    endAll();
    world.now += hour;
    const { onMint } = world;
    world.onMint = async (...asked) => {
      const answer = await onMint(...asked);
      world.onMint = onMint;
      world.now += distanceMs;
      await world.another().getToken('new', { minTtlMs: 0 }, world.now + 29 * second);
      return answer;
    };
    await refusal(world.getToken('new')).catch(() => undefined);
    expect(world.facts.map(({ type }) => type)).toContain('late-answer-retired');
    await world.sweep();
    expect(provider.alive().map(({ id }) => id)).toEqual([3]);
    expect(await world.getToken('new')).toMatchObject({ accessToken: 'access-3.2' });
  });
});

describe('revoking a grant of a credential', () => {
  it('ends its session, and the credential is not used again', async () => {
    await put();
    expect(await world.keeper.revokeGrant('new', world.now + 29 * second)).toMatchObject({
      state: 'revoked',
    });
    expect(provider.alive()).toEqual([]);
    await live(day);
    expect(provider.sessions).toHaveLength(1);
    expect(await put({ ifGeneration: 3 })).toMatchObject({ kind: 'replaced', grant: { state: 'active' } });
  });

  it('whose mint was never answered asks for nothing again: that session dies by itself', async () => {
    await put();
    endAll();
    world.now += hour;
    provider.lost = () => true;
    await refusal(world.getToken('new'));
    const asked = kinds().length;
    world.now += hour;
    expect(await world.keeper.revokeGrant('new', world.now + 29 * second)).toMatchObject({
      state: 'revoked',
    });
    expect(kinds()).toHaveLength(asked);
    expect(provider.alive()).toEqual([]);
  });

  it('wins over a mint under way, whose session is ended', async () => {
    await put();
    endAll();
    world.now += hour;
    const { onMint } = world;
    world.onMint = async (...asked) => {
      await world.another().revokeGrant('new', world.now + 29 * second);
      return onMint(...asked);
    };
    expect(await refusal(world.getToken('new'))).toMatchObject({ code: 'grant-revoked' });
    world.now += minute;
    await world.sweep();
    expect(grant()).toMatchObject({ state: 'revoked', retired: [] });
    expect(provider.alive()).toEqual([]);
  });
});
