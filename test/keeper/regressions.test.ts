/** Interleavings that once lost a token, ended the wrong session, or left somebody waiting. */
import { describe, expect, it } from 'vitest';
import { laneOf } from '../../functions/domain/lane.ts';
import { UnreadableRecordError } from '../../functions/keeper/ports.ts';
import {
  activeGrant,
  day,
  grantWith,
  hour,
  minute,
  second,
  settings,
  start,
  tokens,
} from '../domain/grants.ts';
import { app, createWorld, everyLane, rotated, type World } from './world.ts';

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'ok',
    error => error.code ?? error.message,
  );
const revokedTokens = (world: World) =>
  world.calls.filter(({ kind }) => kind === 'revoke').map(({ token }) => token);
const response = (name: string, fields: object = {}) => ({
  accessToken: `access-${name}`,
  tokenType: 'bearer',
  accessLifetimeMs: hour,
  refreshToken: `refresh-${name}`,
  refreshLifetimeMs: 7 * day,
  ownerId: '1001',
  ...fields,
});
const limited = { kind: 'limited', code: 'CMN-301', retryAfterMs: 10 * minute } as const;
const refused = { kind: 'refused', code: 'OAU-213' } as const;
const retired = {
  app: 'main',
  server: activeGrant.server,
  clientId: 'client',
  ownerId: '1001',
  endpointId: 'endpoint-0',
  token: 'refresh-0',
  expiresAt: start + 7 * day,
};

describe('many dead grants beside a live one', () => {
  const dead = (count: number) =>
    Array.from({ length: 400 }, (_, i) => `dead${i}`)
      .filter(id => laneOf(id) < 8)
      .slice(0, count);
  const seed = (world: World, id: string, dueAt: number) =>
    world.store.seed(
      grantWith({
        grantId: id,
        ownerId: id,
        dueAt,
        refreshAt: dueAt,
        tokens: { ...tokens, refreshToken: `${id}/x` },
      }),
    );
  const live = (world: World, days: number, from: number) =>
    (async () => {
      for (world.now = from; world.now < from + days * day; world.now += 5 * minute) {
        await world.another().sweep({ lanes: everyLane, dryRun: false, deadlineAt: world.now + 14 * minute });
      }
    })();

  it('neither starve it nor are spared for ever', async () => {
    const world = createWorld();
    const from = start + 5 * day;
    for (const id of dead(12)) seed(world, id, from);
    const good = Array.from({ length: 400 }, (_, i) => `good${i}`).find(id => laneOf(id) === 15) ?? '';
    seed(world, good, from + day);
    world.onRefresh = async token => {
      await new Promise(resolve => setImmediate(resolve));
      return token.startsWith('dead') ? refused : rotated(2);
    };
    await live(world, 3, from);
    expect(world.grant(good).generation).toBe(2);
    expect(dead(12).map(id => world.grant(id).state)).toEqual(dead(12).map(() => 'reauthorize'));
  }, 60_000);

  it('are tried again a round later than grants under no suspicion', async () => {
    const world = createWorld();
    const from = start + 5 * day;
    for (const id of dead(5)) seed(world, id, from);
    world.onRefresh = () => refused;
    await live(world, 10 / (24 * 60), from);
    const { holdUntil = 0 } = (await world.store.standings.get('main'))?.value ?? {};
    for (const id of dead(5)) {
      expect(world.grant(id).dueAt).toBeGreaterThanOrEqual(holdUntil + settings.sweepIntervalMs);
    }
  });

  it('alone are asked for one at a time, ever more rarely', async () => {
    const world = createWorld();
    const from = start + 5 * day;
    for (const id of dead(12)) seed(world, id, from);
    world.onRefresh = async () => {
      await new Promise(resolve => setImmediate(resolve));
      return refused;
    };
    await live(world, 1, from);
    const firstDay = world.calls.length;
    // The first burst, then one for each hold of half an hour.
    expect(firstDay).toBeLessThan(12 + 48 + 10);
    expect(world.events).toEqual([]);
  }, 60_000);
});

describe('no live session is ended', () => {
  it('when a grant is connected back to the session that was retired', async () => {
    const world = createWorld();
    world.store.seed(activeGrant);
    world.now = start + minute;
    const put = (name: string, endpointId: string, ifGeneration: number) =>
      world.keeper.putGrant(activeGrant.grantId, {
        response: response(name, { endpointId }),
        importHash: name,
        ifGeneration,
      });
    await put('B', 'endpoint-2', 1);
    await put('A2', 'endpoint-1', 2);
    await world.sweep();
    expect(revokedTokens(world)).not.toContain('refresh-1');
  });

  it('by a revocation that was over before it began', async () => {
    const world = createWorld();
    world.store.seed(
      grantWith({
        state: 'revoking',
        generation: 2,
        retired: [retired],
        refreshAt: undefined,
        dueAt: start,
        cacheUntil: 0,
      }),
    );
    world.now = start + minute;
    world.store.writeFaults.push(async () => {
      await world.keeper.putGrant(activeGrant.grantId, {
        response: response('N', { endpointId: 'endpoint-1' }),
        importHash: 'N',
        ifGeneration: 2,
      });
    });
    await world.sweep();
    expect(revokedTokens(world)).not.toContain('refresh-1');
    expect(await world.getToken()).toMatchObject({ accessToken: 'access-N' });
  });

  it('when a mixed-up import is put right: the other grant lives by what was retired', async () => {
    const world = createWorld();
    const bob = response('bob', { ownerId: 'bob' });
    const alice = response('alice', { ownerId: 'alice' });
    await world.keeper.putGrant('alice', { response: bob, importHash: 'bob' });
    await world.keeper.putGrant('alice', { response: alice, importHash: 'alice', ifGeneration: 1 });
    await world.keeper.putGrant('bob', { response: bob, importHash: 'bob' });
    await world.sweep();
    expect(revokedTokens(world)).toEqual([]);
    expect(world.grant('alice').retired).toEqual([]);
  });

  it('when the live session turns out to be the one that was retired', async () => {
    const world = createWorld();
    world.store.seed(grantWith({ retired: [{ ...retired, endpointId: 'endpoint-1' }], dueAt: start }));
    await world.sweep();
    expect(revokedTokens(world)).toEqual([]);
    expect(world.grant().retired).toEqual([]);
  });

  it('when the loser of a race for an owner is revoked', async () => {
    const world = createWorld();
    const bob = response('bob', { ownerId: 'bob' });
    world.store.writeFaults.push(async () => {
      await world.keeper.putGrant('second', { response: bob, importHash: 'bob' });
    });
    await code(world.keeper.putGrant('first', { response: bob, importHash: 'bob' }));
    expect((await world.keeper.revokeGrant('first', world.now + 29_000)).state).toBe('revoked');
    expect(revokedTokens(world)).toEqual([]);
  });
});

describe('no distrusted token is served', () => {
  it('because of a 429 after a reinstatement', async () => {
    const world = createWorld();
    world.store.seed(
      grantWith({ state: 'reauthorize', condemnedAt: start, refreshAt: undefined, dueAt: undefined }),
    );
    world.now = start + 10 * minute;
    await world.keeper.reinstateGrant(activeGrant.grantId);
    world.onRefresh = () => limited;
    await world.sweep();
    expect(await code(world.getToken())).toBe('provider-unavailable');
  });
});

describe('a report of a generation that was replaced', () => {
  it('is served like any getter, with a refresh where one is needed', async () => {
    const world = createWorld();
    world.store.seed(grantWith({ generation: 2 }));
    world.now = start + 50 * minute;
    expect(await world.getToken(activeGrant.grantId, 1)).toMatchObject({ generation: 3 });
  });

  it('of the present one is no report any more when the promise is over', async () => {
    const world = createWorld();
    const reports = { since: start, count: settings.maxReportsPerHour };
    world.store.seed(grantWith({ reports }));
    world.now = start + 50 * minute;
    expect(await world.getToken(activeGrant.grantId, 1)).toMatchObject({ generation: 2 });
  });
});

describe('a penalty', () => {
  it('outlives a revocation that came while it was being answered', async () => {
    const world = createWorld();
    world.store.seed(activeGrant);
    world.now = start + 5 * day;
    world.onRefresh = async () => {
      await world.another().revokeGrant(activeGrant.grantId, world.now + 29_000);
      return limited;
    };
    await code(world.getToken());
    const until = world.grant().holdUntil ?? 0;
    expect(until).toBeGreaterThanOrEqual(world.now + 10 * minute);
    world.now += settings.leaseMs + second;
    await world.sweep();
    expect(world.calls).toHaveLength(1);
    world.now = until;
    world.onRefresh = () => refused;
    await world.sweep();
    expect(world.grant().state).toBe('revoked');
    // Nothing had happened at the provider: the token is not spent, and is not asked for again.
    expect(world.calls.map(({ kind }) => kind)).toEqual(['refresh', 'revoke']);
  });

  it('of many at once holds the app for one step, not for one each', async () => {
    const world = createWorld();
    const ids = Array.from({ length: 10 }, (_, i) => `g${i}`);
    for (const grantId of ids) world.store.seed(grantWith({ grantId, ownerId: grantId }));
    world.now = start + 5 * day;
    world.onRefresh = async () => {
      await new Promise(resolve => setImmediate(resolve));
      return { kind: 'misconfigured', code: 'OAU-153' };
    };
    await world.sweep();
    const standing = (await world.store.standings.get('main'))?.value;
    expect(standing).toMatchObject({ failures: 1, holdUntil: world.now + 30 * second });
  });

  it('while old sessions are ended keeps what was ended, and holds', async () => {
    const world = createWorld();
    const entries = ['a', 'b'].map(token => ({ ...retired, token, endpointId: `endpoint-${token}` }));
    world.store.seed(grantWith({ retired: entries, dueAt: start }));
    world.now = start + minute;
    world.onRevoke = token => (token === 'a' ? { kind: 'ended' } : limited);
    await world.sweep();
    expect(world.grant().retired.map(({ token }) => token)).toEqual(['b']);
    expect(world.grant().holdUntil).toBeGreaterThanOrEqual(world.now + 10 * minute);
    expect(await world.getToken()).toMatchObject({ accessToken: 'access-1' });
  });
});

describe('one bad thing never stops the others', () => {
  it('a lane that cannot be read', async () => {
    const world = createWorld();
    const ids = Array.from({ length: 40 }, (_, i) => `g${i}`);
    for (const grantId of ids) world.store.seed(grantWith({ grantId, ownerId: grantId }));
    world.now = start + 5 * day;
    const { due } = world.store;
    world.store.due = async (lane, now) => {
      if (lane === 3) throw new Error('throttled');
      return due(lane, now);
    };
    const elsewhere = ids.filter(id => laneOf(id) !== 3).length;
    expect(await world.sweep()).toMatchObject({ refreshed: elsewhere, failed: 1 });
  });

  it('every lane unreadable is an error', async () => {
    const world = createWorld();
    world.store.due = async () => {
      throw new Error('throttled');
    };
    await expect(world.sweep()).rejects.toThrow();
  });

  it('a standing that cannot be read', async () => {
    const world = createWorld();
    world.store.seed(activeGrant);
    world.now = start + 5 * day;
    world.store.standings.get = async () => {
      throw new UnreadableRecordError('strange');
    };
    expect(await world.sweep()).toMatchObject({ refreshed: 1, failed: 0 });
    expect(world.facts).toContainEqual({ type: 'unreadable-standing', app: 'main' });
  });

  it('an app that is configured no more: old sessions of it are left to die, and the grant is at rest', async () => {
    const world = createWorld();
    world.apps = [];
    world.store.seed(
      grantWith({ state: 'reauthorize', retired: [retired], dueAt: start, refreshAt: undefined }),
    );
    world.now = start + 9 * day;
    await world.sweep();
    expect(world.grant()).toMatchObject({ retired: [] });
    expect(world.grant()).not.toHaveProperty('dueAt');
    expect(world.facts.filter(({ type }) => type === 'misconfigured')).toEqual([]);
  });
});

describe('a revocation', () => {
  it('whose refresh was sent just before everything expired still asks for what that bought', async () => {
    const world = createWorld();
    const sentAt = start + 7 * day - minute;
    world.store.seed(
      grantWith({
        state: 'revoking',
        generation: 2,
        sent: { at: sentAt, by: 'dead' },
        dueAt: sentAt,
        refreshAt: undefined,
      }),
    );
    world.now = start + 7 * day + minute;
    await world.sweep();
    expect(revokedTokens(world)).toContain('refresh-2');
  });
});

describe('a verdict', () => {
  it('is passed in its time though a hold of the app came in between', async () => {
    const world = createWorld();
    world.store.seed(activeGrant);
    world.now = start + 5 * day;
    const { get } = world.store.standings;
    world.store.standings.get = async () => {
      world.store.seed(grantWith({ refusal: { code: 'OAU-213', at: world.now } }));
      world.store.standings.get = get;
      return { value: { name: 'main', failures: 1, refused: [], holdUntil: world.now + hour }, nonce: 'x' };
    };
    expect(await world.sweep()).toMatchObject({ deferred: 1 });
    world.now += settings.verdictDelayMs;
    expect(await world.sweep()).toMatchObject({ condemned: 1 });
  });
});

describe('an app whose client id was changed in the secret', () => {
  it('is read anew for an import, and for a grant that does not fit what is cached', async () => {
    const world = createWorld();
    const changed = { ...app, clientId: 'new-client' };
    const reads: boolean[] = [];
    world.readApps = fresh => {
      reads.push(fresh);
      return fresh ? [changed] : [app];
    };
    await world.keeper.putGrant('new', { response: response('n'), importHash: 'n' });
    expect(world.grant('new').clientId).toBe('new-client');
    world.now += hour;
    expect(await world.getToken('new')).toMatchObject({ generation: 2 });
    expect(reads).toContain(true);
  });
});

describe('importing the same tokens again', () => {
  it('under another app corrects the app', async () => {
    const world = createWorld();
    world.apps = [app, { ...app, name: 'other', clientId: 'other-client' }];
    const put = (fields: object) =>
      world.keeper.putGrant('g', { response: response('n'), importHash: 'n', ...fields });
    await put({ app: 'main' });
    expect(await code(put({ app: 'other' }))).toBe('generation-mismatch');
    expect(await put({ app: 'other', ifGeneration: 1 })).toMatchObject({
      kind: 'replaced',
      grant: { app: 'other' },
    });
    expect(await put({})).toMatchObject({ kind: 'unchanged' });
  });
});

describe('a lost answer to a commit', () => {
  it('followed by a revocation retires nothing: the record holds the tokens already', async () => {
    const world = createWorld();
    world.store.seed(activeGrant);
    world.now = start + 5 * day;
    world.store.writeFaults.push(undefined, 'answer-lost');
    world.onSleep = () => {
      world.onSleep = () => {};
      const grant = world.grant();
      world.store.seed({ ...grant, state: 'revoking', generation: grant.generation + 1 });
    };
    expect(await code(world.getToken())).toBe('grant-revoked');
    expect(world.grant().retired).toEqual([]);
  });
});
