import { beforeEach, describe, expect, it } from 'vitest';
import type { TokenAnswer } from '../../functions/domain/answer.ts';
import { activeGrant, day, grantWith, hour, minute, second, settings, start } from '../domain/grants.ts';
import { app, createWorld, rotated, type World } from './world.ts';

const unknown: TokenAnswer = { kind: 'unknown', code: 'timeout' };
const limited: TokenAnswer = { kind: 'limited', code: 'CMN-301', retryAfterMs: minute };
const refused: TokenAnswer = { kind: 'refused', code: 'OAU-213' };
const wrongSecret: TokenAnswer = { kind: 'misconfigured', code: 'OAU-153' };

let world: World;
beforeEach(() => {
  world = createWorld();
  world.store.seed(activeGrant);
  world.now = start + 5 * day;
});

const refreshes = () => world.calls.filter(({ kind }) => kind === 'refresh');
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'served',
    error => error.code ?? error.message,
  );

describe('a refresh', () => {
  it('is stored before anyone is served', async () => {
    const token = await world.getToken();
    expect(token).toMatchObject({ accessToken: 'access-2', generation: 2 });
    expect(world.grant().tokens?.accessToken).toBe('access-2');
    expect(world.store.history.map(grant => [grant.generation, grant.sent !== undefined])).toEqual([
      [1, true],
      [2, false],
    ]);
  });

  it('is asked for once, however many getters and sweeps want it', async () => {
    const keepers = Array.from({ length: 20 }, () => world.another());
    const deadlineAt = world.now + 29_000;
    const served = await Promise.all([
      ...keepers.map(keeper => keeper.getToken(activeGrant.grantId, { minTtlMs: 0 }, deadlineAt)),
      world.sweep().then(() => world.getToken()),
    ]);
    expect(refreshes()).toHaveLength(1);
    expect(new Set(served.map(token => token.accessToken))).toEqual(new Set(['access-2']));
  });

  it('that is due is done by the sweep, which leaves the grant due in its time', async () => {
    expect(await world.sweep()).toMatchObject({ due: 1, refreshed: 1, skipped: 0 });
    expect(world.grant().dueAt).toBe(world.now + 5 * day);
    expect(await world.sweep()).toMatchObject({ due: 0 });
  });

  it('is not begun when too little time is left to store its answer', async () => {
    const keeper = world.another();
    const error = keeper.getToken(
      activeGrant.grantId,
      { minTtlMs: 0 },
      world.now + settings.providerTimeoutMs + settings.commitBudgetMs - 1,
    );
    expect(await code(error)).toBe('refresh-pending');
    expect(world.calls).toEqual([]);
    expect(world.grant()).toEqual(activeGrant);
  });

  it('is not sent when writing the attempt took longer than the lease leaves', async () => {
    world.store.writeFaults.push(() => {
      world.now += settings.leaseMs;
    });
    await code(world.getToken());
    expect(world.calls).toEqual([]);
    expect(world.grant()).not.toHaveProperty('sent');
    expect(world.grant()).not.toHaveProperty('attempt');
  });
});

describe('when the worker dies', () => {
  it('before the answer was stored, the same token is presented again and nothing is lost', async () => {
    world.onRefresh = () => {
      throw new Error('killed');
    };
    await code(world.getToken());
    expect(world.grant().sent).toBeDefined();
    world.onRefresh = () => rotated(2);
    world.now += settings.leaseMs;
    expect(
      await world.another().getToken(activeGrant.grantId, { minTtlMs: 0 }, world.now + 29_000),
    ).toMatchObject({ accessToken: 'access-2' });
    expect(refreshes().map(({ token }) => token)).toEqual(['refresh-1', 'refresh-1']);
  });

  it('nobody is served meanwhile: the old access token may be dead', async () => {
    world.now = start + 46 * minute;
    world.onRefresh = () => {
      throw new Error('killed');
    };
    await code(world.getToken());
    world.now += second;
    expect(
      await code(world.another().getToken(activeGrant.grantId, { minTtlMs: 0 }, world.now + 29_000)),
    ).toBe('refresh-pending');
  });

  it('the sweep takes up what a getter left, when its lease is over', async () => {
    world.now = start + hour;
    world.onRefresh = () => {
      throw new Error('killed');
    };
    await code(world.getToken());
    world.onRefresh = () => rotated(2);
    expect(await world.sweep()).toMatchObject({ due: 0 });
    world.now += settings.leaseMs;
    expect(await world.sweep()).toMatchObject({ due: 1, refreshed: 1 });
  });
});

describe('the commit', () => {
  it('is tried until the time is nearly over', async () => {
    world.store.writeFaults.push(undefined, 'fails', 'fails', 'fails');
    expect(await world.getToken()).toMatchObject({ accessToken: 'access-2' });
    expect(refreshes()).toHaveLength(1);
  });

  it('that never lands leaves the refresh to be asked for again', async () => {
    world.store.writeFaults.push(undefined, ...Array.from({ length: 99 }, () => 'fails' as const));
    expect(await code(world.getToken())).toBe('the store is down');
    expect(world.facts).toContainEqual({
      type: 'commit-failed',
      grantId: activeGrant.grantId,
      error: 'Error',
    });
    expect(world.grant().sent).toBeDefined();
  });

  it('whose answer was lost is recognised', async () => {
    world.store.writeFaults.push(undefined, 'answer-lost');
    expect(await world.getToken()).toMatchObject({ accessToken: 'access-2', generation: 2 });
    expect(world.grant().generation).toBe(2);
    expect(world.grant().retired).toEqual([]);
  });

  it('wins after the lease, if nobody else has committed', async () => {
    world.onRefresh = token => {
      world.now += settings.leaseMs + minute;
      return rotated(token === 'refresh-1' ? 2 : 3);
    };
    const keeper = world.another();
    await keeper.sweep({
      lanes: Array.from({ length: 16 }, (_, i) => i),
      dryRun: false,
      deadlineAt: world.now + hour,
    });
    expect(world.grant()).toMatchObject({ generation: 2, tokens: { accessToken: 'access-2' } });
  });

  it('heals a verdict that came while the answer was on its way', async () => {
    world.onRefresh = () => {
      world.store.seed({ ...world.grant(), state: 'reauthorize', condemnedAt: world.now });
      return rotated(2);
    };
    await code(world.getToken());
    expect(world.grant()).toMatchObject({ state: 'active', generation: 2 });
    world.onRefresh = () => unknown;
    await world.sweep();
    expect(world.events.map(({ type }) => type)).toEqual(['Grant Recovered']);
  });

  it('never brings back a grant that was revoked meanwhile, and the session it brought is ended', async () => {
    world.onRefresh = async token => {
      if (world.calls.length === 1) await world.keeper.revokeGrant(activeGrant.grantId, world.now + 29_000);
      return token === 'refresh-1' ? rotated(2) : rotated(3);
    };
    expect(await code(world.getToken())).toBe('grant-revoked');
    expect(world.grant()).toMatchObject({ state: 'revoking', generation: 2 });
    expect(world.grant()).not.toHaveProperty('sent');
    await world.sweep();
    expect(world.grant()).toMatchObject({ state: 'revoked', retired: [] });
    expect(world.calls.filter(({ kind }) => kind === 'revoke').map(({ token }) => token)).toContain(
      'refresh-2',
    );
  });
});

describe('an answer that settles nothing', () => {
  it('unknown: silence to callers, then the same token again', async () => {
    world.onRefresh = () => unknown;
    expect(await code(world.getToken())).toBe('provider-unavailable');
    expect(await code(world.getToken())).toBe('provider-unavailable');
    expect(refreshes()).toHaveLength(1);
    world.now += 30 * second;
    world.onRefresh = () => rotated(2);
    expect(await world.sweep()).toMatchObject({ refreshed: 1 });
    expect(refreshes().map(({ token }) => token)).toEqual(['refresh-1', 'refresh-1']);
    expect(world.facts.at(-1)).toMatchObject({ type: 'refreshed', replayed: true });
  });

  it('limited: silence for the penalty, of sweep, getter, reporter and revoke alike', async () => {
    world.onRefresh = () => limited;
    await world.sweep();
    const until = world.grant().holdUntil ?? 0;
    expect(until).toBe(world.now + minute + settings.maxClockSkewMs);
    world.now = until - 1;
    await world.sweep();
    await code(world.getToken());
    await code(world.getToken(activeGrant.grantId, 1));
    expect((await world.keeper.revokeGrant(activeGrant.grantId, world.now + 29_000)).state).toBe('revoking');
    expect(world.calls).toHaveLength(1);
    world.now = until;
    await world.sweep();
    expect(world.grant().state).toBe('revoked');
  });

  it('limited: the penalty is recorded even when the store fails at first', async () => {
    world.onRefresh = () => limited;
    world.store.writeFaults.push(undefined, 'fails', 'fails');
    expect(await code(world.getToken())).toBe('provider-unavailable');
    expect(world.grant().holdUntil).toBeGreaterThanOrEqual(start + 5 * day + minute);
  });

  it('limited: the token that still lives is served until the penalty ends', async () => {
    world.now = start + 46 * minute;
    world.onRefresh = () => limited;
    expect(await code(world.getToken())).toBe('provider-unavailable');
    expect(await world.getToken()).toMatchObject({ accessToken: 'access-1', cacheUntil: world.now + minute });
  });

  it("limited: where it is the app's limit, its other grants are silent too", async () => {
    world = createWorld({ rateLimitScope: 'app' });
    const others = ['a', 'b'].map(grantId => grantWith({ grantId, ownerId: grantId }));
    for (const grant of others) world.store.seed(grant);
    world.now = start + 5 * day;
    world.onRefresh = () => limited;
    await code(world.getToken('a'));
    expect(await code(world.getToken('b'))).toBe('provider-unavailable');
    expect(await world.sweep()).toMatchObject({ deferred: 1 });
    expect(world.calls).toHaveLength(1);
  });

  it('the secret was rotated a moment ago: it is read again and the refresh done', async () => {
    world.onRefresh = (_, { clientSecret }) => (clientSecret === 'new' ? rotated(2) : wrongSecret);
    const read = [app, { ...app, clientSecret: 'new' }];
    Object.defineProperty(world, 'apps', { get: () => [read.length > 1 ? read.shift() : read[0]] });
    expect(await world.getToken()).toMatchObject({ accessToken: 'access-2' });
    expect(refreshes().map(({ clientSecret }) => clientSecret)).toEqual(['secret', 'new']);
  });

  it('wrong credentials: the app is held and says so, no grant is condemned', async () => {
    world.onRefresh = () => wrongSecret;
    expect(await code(world.getToken())).toBe('misconfigured');
    world.store.seed(grantWith({ grantId: 'b', ownerId: 'b' }));
    expect(await code(world.getToken('b'))).toBe('misconfigured');
    expect(refreshes()).toHaveLength(1);
    expect(world.grant().state).toBe('active');
    expect(world.facts).toContainEqual(
      expect.objectContaining({ type: 'app-held', app: 'main', code: 'OAU-153' }),
    );
  });

  it.each<[string, World['apps'], string, string]>([
    ['is in the secret no more', [], 'app-unknown', 'not in the apps secret'],
    ['has another client id', [{ ...app, clientId: 'other' }], 'app-mismatch', 'another client id or server'],
    ['has another server', [{ ...app, server: 'https://evil.example' }], 'app-mismatch', 'another client id'],
    ['cannot be read', new Error('denied'), 'apps-unreadable', 'cannot be read at the moment'],
  ])('nothing is sent when the app %s, and the caller hears why', async (_, apps, expected, told) => {
    world.apps = apps;
    await expect(world.getToken()).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining(told),
    });
    expect(world.calls).toEqual([]);
    expect(world.grant()).toMatchObject({ state: 'active', lastError: { code: expected } });
  });
});

describe('a definite refusal', () => {
  it('condemns after the delay, and tells the subscribers', async () => {
    world.onRefresh = () => refused;
    expect(await code(world.getToken())).toBe('reauthorization-required');
    expect(refreshes()).toHaveLength(1);
    expect(world.grant().state).toBe('reauthorize');
    expect(world.events).toMatchObject([
      { type: 'Grant Needs Reauthorization', detail: { grantId: activeGrant.grantId, reason: 'OAU-213' } },
    ]);
    expect(await world.sweep()).toMatchObject({ due: 0 });
  });

  it('is undone by reinstate once the provider answers again', async () => {
    world.onRefresh = () => refused;
    await code(world.getToken());
    world.onRefresh = () => rotated(2);
    await world.keeper.reinstateGrant(activeGrant.grantId);
    expect(await world.sweep()).toMatchObject({ refreshed: 1 });
    expect(await world.getToken()).toMatchObject({ accessToken: 'access-2' });
    expect(world.events.map(({ type }) => type)).toEqual(['Grant Needs Reauthorization', 'Grant Recovered']);
  });

  it('of many grants in a row holds the app and condemns none', async () => {
    const ids = Array.from({ length: 12 }, (_, i) => `grant-${i}`);
    world = createWorld();
    for (const grantId of ids) world.store.seed(grantWith({ grantId, ownerId: grantId }));
    world.now = start + 5 * day;
    world.onRefresh = () => refused;
    for (let round = 0; round < 20; round += 1) {
      await world.sweep();
      world.now += 5 * minute;
    }
    expect(ids.map(id => world.grant(id).state)).toEqual(ids.map(() => 'active'));
    expect(world.events).toEqual([]);
    expect(world.facts).toContainEqual(
      expect.objectContaining({ type: 'app-held', code: 'many-grants-refused' }),
    );
    world.onRefresh = () => rotated(2);
    for (let round = 0; round < 20; round += 1) {
      world.now += 5 * minute;
      await world.sweep();
    }
    expect(ids.map(id => world.grant(id).generation)).toEqual(ids.map(() => 2));
  });

  it('says nothing when somebody else has rotated the token meanwhile', async () => {
    world.onRefresh = () => {
      world.store.seed({
        ...world.grant(),
        generation: 2,
        tokens: { ...activeGrant.tokens, accessToken: 'theirs', accessExpiresAt: world.now + hour } as never,
        cacheUntil: world.now + 30 * minute,
        sent: undefined,
        attempt: undefined,
      } as never);
      return refused;
    };
    expect(await world.getToken()).toMatchObject({ accessToken: 'theirs', generation: 2 });
  });
});

describe('an event that cannot be sent', () => {
  it('never harms a token, and is sent later', async () => {
    world.store.seed(grantWith({ announcement: 'Grant Recovered', dueAt: start + 5 * day }));
    world.eventsFail = true;
    expect(await world.sweep()).toMatchObject({ refreshed: 1 });
    world.eventsFail = false;
    await world.sweep();
    expect(world.events.map(({ type }) => type)).toEqual(['Grant Recovered']);
    expect(await world.sweep()).toMatchObject({ due: 0 });
  });
});
