/** Connecting an account with an authorization code: what is asked, stored, ended and answered. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { TokenAnswer } from '../../functions/domain/answer.ts';
import type { Authorization } from '../../functions/keeper/connect-grant.ts';
import type { KeeperError } from '../../functions/keeper/errors.ts';
import {
  activeGrant,
  day,
  grantWith,
  hour,
  minute,
  second,
  settings,
  start,
  underWay,
} from '../domain/grants.ts';
import { app, createWorld, type World } from './world.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.now = start + day;
  world.onExchange = () => answer();
});

const answer = (change: object = {}): TokenAnswer => ({
  kind: 'rotated',
  response: {
    accessToken: 'access-new',
    tokenType: 'bearer',
    accessLifetimeMs: hour,
    refreshToken: 'refresh-new',
    refreshLifetimeMs: 7 * day,
    ownerId: '1001',
    endpointId: 'endpoint-1',
    ...change,
  },
});

const authorization: Authorization = {
  app: 'main',
  code: 'SECRET-code',
  codeVerifier: 'v'.repeat(43),
  redirectUri: 'https://connect.example/oauth/callback',
  ttls: {},
  allowOwnerChange: false,
};

const connect = (change: Partial<Authorization> = {}, grantId = activeGrant.grantId) =>
  world.keeper.connectGrant(grantId, { ...authorization, ...change }, world.now + 29 * second);

const refusal = async (promise: Promise<unknown>): Promise<KeeperError> =>
  promise.then(
    () => expect.unreachable('it was accepted'),
    error => error,
  );

const asked = (kind: string) => world.calls.filter(call => call.kind === kind).map(call => call.token);

describe('a new grant', () => {
  it('is active with the tokens that the code brought, and is served at once', async () => {
    const grant = await connect({ strategy: 'hourly', label: 'Ada' }, 'acme:new');
    expect(world.facts).toContainEqual({ type: 'connected', grantId: 'acme:new', generation: 1 });
    expect(grant).toMatchObject({
      state: 'active',
      generation: 1,
      strategy: 'hourly',
      label: 'Ada',
      claimed: true,
    });
    expect(grant).toMatchObject({
      ownerId: '1001',
      endpointId: 'endpoint-1',
      app: 'main',
      server: app.server,
    });
    expect(await world.getToken('acme:new')).toMatchObject({ accessToken: 'access-new', generation: 1 });
    expect(world.calls).toHaveLength(1);
  });

  it('asks for what the link says: verifier, redirect URI, endpoint and lifetimes', async () => {
    const ttls = { accessTokenTtlSeconds: 600, refreshTokenTtlSeconds: 1_209_600 };
    const exchanges: unknown[] = [];
    world.onExchange = exchange => {
      exchanges.push(exchange);
      return answer();
    };
    const grant = await connect({ endpointId: 'endpoint-1', ttls }, 'acme:new');
    const { code, codeVerifier, redirectUri } = authorization;
    expect(exchanges).toStrictEqual([{ code, codeVerifier, redirectUri, endpointId: 'endpoint-1', ttls }]);
    expect(grant).toMatchObject(ttls);
  });

  it('is asked for with nothing that the link does not say', async () => {
    const exchanges: unknown[] = [];
    world.onExchange = exchange => {
      exchanges.push(exchange);
      return answer();
    };
    const { codeVerifier: _, ...without } = authorization;
    const grant = await world.keeper.connectGrant('acme:new', without, world.now + 29 * second);
    const { code, redirectUri } = authorization;
    expect(exchanges).toStrictEqual([{ code, redirectUri, ttls: {} }]);
    expect(grant.strategy).toBe('weekly');
    expect('label' in grant).toBe(false);
  });

  it('asks for the same lifetimes with each refresh', async () => {
    await connect({ ttls: { refreshTokenTtlSeconds: 1_209_600 } }, 'acme:new');
    const lifetimes: unknown[] = [];
    world.onRefresh = (_token, _app, ttls) => {
      lifetimes.push(ttls);
      return answer({ accessToken: 'access-3', refreshToken: 'refresh-3' });
    };
    world.now += 6 * day;
    await world.sweep();
    expect(lifetimes).toEqual([{ refreshTokenTtlSeconds: 1_209_600 }]);
  });

  it('without a refresh token lives as long as its access token', async () => {
    world.onExchange = () => answer({ refreshToken: undefined, refreshLifetimeMs: 0 });
    await connect({ ttls: { refreshTokenTtlSeconds: 0 } }, 'acme:new');
    expect(await world.getToken('acme:new')).toMatchObject({ accessToken: 'access-new' });
    world.now += hour;
    expect(await refusal(world.getToken('acme:new'))).toMatchObject({ code: 'reauthorization-required' });
  });

  it('counts lifetimes from before the code was sent', async () => {
    world.onExchange = () => {
      world.now += 5 * second;
      return answer();
    };
    const grant = await connect({}, 'acme:new');
    expect(grant.tokens?.accessExpiresAt).toBe(start + day + hour);
  });

  it('is stored although the store fails at first: the tokens are nowhere else', async () => {
    world.store.writeFaults.push('fails', 'answer-lost', 'fails');
    expect(await connect({}, 'acme:new')).toMatchObject({ state: 'active', generation: 1, claimed: true });
    expect(asked('exchange')).toHaveLength(1);
    expect(asked('revoke')).toEqual([]);
  });
});

describe('a reconnection', () => {
  beforeEach(() => world.store.seed(grantWith({ state: 'reauthorize', refreshAt: undefined, label: 'Ada' })));

  it('brings a grant back that needed its owner, and says so', async () => {
    expect(await connect()).toMatchObject({
      state: 'active',
      generation: 2,
      label: 'Ada',
      strategy: 'weekly',
    });
    await world.sweep();
    expect(world.events.map(({ type }) => type)).toEqual(['Grant Recovered']);
  });

  it('ends the session it replaces, although both have the same endpoint', async () => {
    await connect();
    await world.sweep();
    expect(asked('revoke')).toEqual(['refresh-1']);
    expect(world.grant().retired).toEqual([]);
    expect(await world.getToken()).toMatchObject({ accessToken: 'access-new' });
  });

  it('never ends the session by its own answer, however often it is repeated', async () => {
    await connect();
    world.now += minute;
    world.onExchange = () => answer({ accessToken: 'access-3', refreshToken: 'refresh-3' });
    await connect();
    await world.sweep();
    expect(asked('revoke').sort()).toEqual(['refresh-1', 'refresh-new']);
    expect(world.grant()).toMatchObject({ generation: 3, tokens: { refreshToken: 'refresh-3' } });
  });

  it('leaves a session alone that the provider calls the same', async () => {
    world.store.seed(grantWith({ sessionId: 'session-1' }));
    world.onExchange = () => answer({ sessionId: 'session-1' });
    await connect();
    await world.sweep();
    expect(asked('revoke')).toEqual([]);
  });

  it('while a refresh is under way serves nobody before it has refreshed: either may have ended the other token', async () => {
    world.store.seed(grantWith(underWay(world.now)));
    const grant = await connect();
    expect(grant.cacheUntil).toBe(0);
    expect(grant.retired).toMatchObject([{ token: 'refresh-1', maybeSpent: true }]);
  });
});

describe('another RingCentral user', () => {
  beforeEach(() => {
    world.store.seed(activeGrant);
    world.onExchange = () => answer({ ownerId: '2002', endpointId: 'endpoint-9' });
  });

  it('is refused; the grant goes on as it was, and the new session is ended', async () => {
    const error = await refusal(connect());
    expect(error).toMatchObject({ code: 'owner-mismatch' });
    expect(error.message).toContain('Another RingCentral user');
    expect(error.message).not.toContain('1001');
    expect(world.grant()).toMatchObject({ ownerId: '1001', generation: 1, tokens: activeGrant.tokens });
    await world.sweep();
    expect(asked('revoke')).toEqual(['refresh-new']);
    expect(world.grant()).toMatchObject({ state: 'active', generation: 1 });
  });

  it('takes the grant over where the link allows it, and the old session is ended', async () => {
    expect(await connect({ allowOwnerChange: true })).toMatchObject({ ownerId: '2002', generation: 2 });
    await world.sweep();
    expect(asked('revoke')).toEqual(['refresh-1']);
  });

  it('is refused even where the owner changed while the code was exchanged', async () => {
    world.store.seed(grantWith({ ownerId: '2002' }));
    world.onExchange = () => {
      world.store.seed(grantWith({ generation: 2, connectionId: 'connection-9' }));
      return answer({ ownerId: '2002', endpointId: 'endpoint-9' });
    };
    expect(await refusal(connect())).toMatchObject({ code: 'owner-mismatch' });
    expect(world.grant()).toMatchObject({ ownerId: '1001', generation: 2 });
  });
});

describe('an owner who is connected as another grant', () => {
  beforeEach(async () => {
    await connect({}, 'first');
    world.onExchange = () =>
      answer({ accessToken: 'access-3', refreshToken: 'refresh-3', endpointId: 'endpoint-3' });
  });

  it('is refused, and the session that was started is ended, not the living one', async () => {
    expect(await refusal(connect({}, 'second'))).toMatchObject({ code: 'owner-already-connected' });
    expect(asked('revoke')).toEqual(['refresh-3']);
    expect(world.store.stored.grants.get('second')).toBeUndefined();
    expect(await world.getToken('first')).toMatchObject({ accessToken: 'access-new' });
  });

  it('is refused even where the other grant was connected at the same moment', async () => {
    const { claims } = world.ports().store;
    const { write } = claims;
    let writes = 0;
    claims.write = async (id, previous, next) => {
      writes += 1;
      return writes === 2
        ? { ok: false, current: { value: { ...next, grantId: 'first' }, nonce: 'n' } }
        : write(id, previous, next);
    };
    world.onExchange = () => answer({ ownerId: '3003', refreshToken: 'refresh-3' });
    expect(await refusal(connect({}, 'second'))).toMatchObject({ code: 'owner-already-connected' });
    claims.write = write;
    expect(world.grant('second')).toMatchObject({ state: 'revoked', retired: [{ token: 'refresh-3' }] });
    await world.sweep();
    expect(asked('revoke')).toEqual(['refresh-3']);
  });

  it('stays refused where an old grant was to be taken over, whose session lives on', async () => {
    world.store.seed(activeGrant);
    world.store.seed(grantWith({ grantId: 'second', ownerId: '7', endpointId: 'endpoint-7' }));
    expect(await refusal(connect({ allowOwnerChange: true }, 'second'))).toMatchObject({
      code: 'owner-already-connected',
    });
    await world.sweep();
    expect(asked('revoke')).toEqual(['refresh-3']);
    expect(world.grant('second')).toMatchObject({ ownerId: '7', generation: 1 });
  });
});

describe('a revocation while the account is being connected', () => {
  it('wins: the grant stays revoked and the new session is ended', async () => {
    world.store.seed(activeGrant);
    world.onExchange = async () => {
      await world.another().revokeGrant(activeGrant.grantId, world.now + 29 * second);
      return answer();
    };
    expect(await refusal(connect())).toMatchObject({ code: 'grant-revoked' });
    await world.sweep();
    expect(world.grant().state).toBe('revoked');
    expect(asked('revoke').sort()).toEqual(['refresh-1', 'refresh-new']);
  });

  it('wins too where the provider has not been told yet', async () => {
    world.store.seed(activeGrant);
    world.onRevoke = () => ({ kind: 'unknown', code: 'timeout' });
    world.onExchange = async () => {
      await world.another().revokeGrant(activeGrant.grantId, world.now + 29 * second);
      return answer();
    };
    const error = await refusal(connect());
    expect(error).toMatchObject({ code: 'grant-revoked' });
    expect(error.message).toContain('was revoked while the account was being connected');
    expect(world.grant()).toMatchObject({ state: 'revoking', generation: 2 });
  });

  it.each(['revoking', 'revoked'] as const)(
    'that came before (%s) does not forbid to connect again',
    async state => {
      world.store.seed(grantWith({ state, generation: 2 }));
      expect(await connect()).toMatchObject({ state: 'active', generation: 3 });
    },
  );

  it('wins over a connection that another one came before', async () => {
    world.store.seed(grantWith({ state: 'revoked', generation: 2 }));
    world.onExchange = () => {
      world.store.seed(grantWith({ state: 'revoked', generation: 4 }));
      return answer();
    };
    expect(await refusal(connect())).toMatchObject({ code: 'grant-revoked' });
  });

  it('wins over the connection of a grant that was not there before', async () => {
    world.onExchange = () => {
      world.store.seed(grantWith({ state: 'revoked', generation: 2 }));
      return answer();
    };
    expect(await refusal(connect())).toMatchObject({ code: 'grant-revoked' });
  });
});

describe('an answer without tokens', () => {
  beforeEach(() => world.store.seed(activeGrant));

  it('that refuses the code says to begin again, and touches nothing', async () => {
    world.onExchange = () => ({ kind: 'refused', code: 'OAU-213' });
    const error = await refusal(connect());
    expect(error).toMatchObject({ code: 'authorization-refused' });
    expect(error.message).toContain('OAU-213');
    expect(error.message).not.toContain('SECRET');
    expect(world.grant()).toEqual(activeGrant);
  });

  it('that refuses the app holds the app, as any other such answer does', async () => {
    world.onExchange = () => ({ kind: 'misconfigured', code: 'OAU-153' });
    const error = await refusal(connect());
    expect(error).toMatchObject({ code: 'misconfigured' });
    expect(error.message).toContain('refuses the app "main" (OAU-153)');
    expect(world.facts).toContainEqual({
      type: 'misconfigured',
      app: 'main',
      code: 'OAU-153',
      grantId: activeGrant.grantId,
    });
    expect(world.facts).toContainEqual(expect.objectContaining({ type: 'app-held', code: 'OAU-153' }));
    expect(await refusal(connect())).toMatchObject({ code: 'provider-unavailable' });
    expect(asked('exchange')).toHaveLength(1);
  });

  it('that asks for silence is heeded by the grant, by this and every other request', async () => {
    world.onExchange = () => ({ kind: 'limited', code: 'CMN-301', retryAfterMs: 40 * second });
    const error = await refusal(connect());
    expect(error).toMatchObject({ code: 'provider-unavailable', retryAfterMs: 42 * second });
    expect(world.grant().holdUntil).toBe(world.now + 42 * second);
    world.now += 41 * second;
    expect(await refusal(connect())).toMatchObject({ code: 'provider-unavailable', retryAfterMs: second });
    expect(asked('exchange')).toHaveLength(1);
    world.now += second;
    world.onExchange = () => answer();
    expect(await connect()).toMatchObject({ generation: 2 });
  });

  it('that asks for silence in the name of the app is heeded by the app', async () => {
    world = createWorld({ rateLimitScope: 'app' });
    world.now = start + day;
    world.onExchange = () => ({ kind: 'limited', code: 'CMN-301' });
    expect(await refusal(connect({}, 'one'))).toMatchObject({ code: 'provider-unavailable' });
    expect(await refusal(connect({}, 'two'))).toMatchObject({ code: 'provider-unavailable' });
    expect(asked('exchange')).toHaveLength(1);
  });

  it('that was lost leaves the grant as it was: a code works once, and is not sent again', async () => {
    world.onExchange = () => ({ kind: 'unknown', code: 'timeout' });
    const error = await refusal(connect());
    expect(error).toMatchObject({ code: 'provider-unavailable' });
    expect(error.message).toBe(
      'RingCentral did not answer as expected (timeout). Begin again after that time.',
    );
    expect(asked('exchange')).toHaveLength(1);
    expect(world.grant()).toEqual(activeGrant);
    expect(world.facts).toEqual([]);
    expect(await world.getToken()).toMatchObject({ generation: 2 });
  });

  it('that names no user is no connection, and its session is ended', async () => {
    world.onExchange = () => answer({ ownerId: undefined });
    expect(await refusal(connect())).toMatchObject({ code: 'misconfigured' });
    expect(asked('revoke')).toEqual(['refresh-new']);
    expect(world.grant()).toEqual(activeGrant);
  });
});

describe('another connection that came during the exchange', () => {
  it('stays, is what is answered, and the session that is not needed is ended', async () => {
    world.store.seed(activeGrant);
    world.onExchange = () => {
      world.store.seed(grantWith({ connectionId: 'connection-9', generation: 2 }));
      return answer();
    };
    expect(await connect()).toMatchObject({ connectionId: 'connection-9', generation: 2 });
    await world.sweep();
    expect(asked('revoke')).toEqual(['refresh-new']);
    expect(world.grant()).toMatchObject({ state: 'active', connectionId: 'connection-9' });
  });

  it('stays where this one was stored before it, unseen, and replaced: its session is ended by then', async () => {
    world.store.writeFaults.push('answer-lost', undefined);
    let first = true;
    world.onSleep = () => {
      if (!first) return;
      first = false;
      const stored = world.grant('acme:new');
      world.store.seed({
        ...stored,
        connectionId: 'connection-9',
        generation: 2,
        ...(activeGrant.tokens && { tokens: activeGrant.tokens }),
      });
    };
    expect(await connect({}, 'acme:new')).toMatchObject({ connectionId: 'connection-9', generation: 2 });
    expect(world.grant('acme:new').tokens?.refreshToken).toBe('refresh-1');
  });

  it('does not count where it is only a rotation: who has just logged in is not refused for that', async () => {
    world.store.seed(activeGrant);
    world.onExchange = () => {
      world.store.seed(grantWith({ generation: 2 }));
      return answer();
    };
    expect(await connect()).toMatchObject({ generation: 3, tokens: { refreshToken: 'refresh-new' } });
  });
});

describe('what could not be stored', () => {
  it('is ended, where nothing of it is stored', async () => {
    const { grants } = world.ports().store;
    const { write } = grants;
    grants.write = async () => {
      throw new Error('the store is down');
    };
    await expect(connect({}, 'acme:new')).rejects.toThrow('the store is down');
    grants.write = write;
    expect(asked('revoke')).toEqual(['refresh-new']);
  });

  it('is left alone where it is stored all the same: the sweep confirms the claim that could not be', async () => {
    const { claims } = world.ports().store;
    const { write } = claims;
    let writes = 0;
    claims.write = async (...args) => {
      writes += 1;
      if (writes > 1) throw new Error('the store is down');
      return write(...args);
    };
    await expect(connect({}, 'acme:new')).rejects.toThrow('the store is down');
    claims.write = write;
    expect(world.grant('acme:new')).toMatchObject({ claimed: false, retired: [] });
    await world.sweep();
    expect(asked('revoke')).toEqual([]);
    expect(await world.getToken('acme:new')).toMatchObject({ accessToken: 'access-new' });
  });

  it('is left alone where nobody can say whether it is stored', async () => {
    const { grants } = world.ports().store;
    const { write, get } = grants;
    grants.write = async (...args) => {
      await write(...args);
      grants.get = async () => {
        throw new Error('the store is down');
      };
      throw new Error('the answer was lost');
    };
    await expect(connect({}, 'acme:new')).rejects.toThrow('the store is down');
    Object.assign(grants, { write, get });
    expect(asked('revoke')).toEqual([]);
    expect(world.grant('acme:new').tokens?.refreshToken).toBe('refresh-new');
  });
});

describe('a request for a connection', () => {
  it('names a configured app', async () => {
    expect(await refusal(connect({ app: 'other' }))).toMatchObject({ code: 'invalid-request' });
    expect(world.calls).toEqual([]);
  });

  it('is not sent where its answer could not be stored in time', async () => {
    const late = world.keeper.connectGrant('acme:new', authorization, world.now + settings.providerTimeoutMs);
    expect(await refusal(late)).toMatchObject({ code: 'provider-unavailable' });
    expect(world.calls).toEqual([]);
  });

  it('is sent again with the new secret, where the app’s was changed a moment ago', async () => {
    world.readApps = () => [world.calls.length > 0 ? { ...app, clientSecret: 'new' } : app];
    world.onExchange = (_, { clientSecret }) =>
      clientSecret === 'new' ? answer() : { kind: 'misconfigured', code: 'OAU-153' };
    world.apps = [app];
    expect(await connect({}, 'acme:new')).toMatchObject({ state: 'active' });
  });

  it('is not sent again where no time is left for its answer', async () => {
    world.readApps = fresh => [fresh && world.calls.length > 0 ? { ...app, clientSecret: 'new' } : app];
    world.onExchange = () => {
      world.now += 15 * second;
      return { kind: 'misconfigured', code: 'OAU-153' };
    };
    expect(await refusal(connect({}, 'acme:new'))).toMatchObject({ code: 'misconfigured' });
    expect(asked('exchange')).toHaveLength(1);
  });

  it('of a hold that is over is sent', async () => {
    world.store.seed(grantWith({ holdUntil: world.now + minute }));
    world.now += minute;
    expect(await connect()).toMatchObject({ generation: 2 });
  });
});
