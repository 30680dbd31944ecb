/** Telling the provider that a session is over: what is presented, what is recorded, and when nobody is asked. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { RevokeAnswer, TokenAnswer } from '../../functions/domain/answer.ts';
import {
  activeGrant,
  connection,
  day,
  type GrantChange,
  grantWith,
  hour,
  minute,
  second,
  settings,
  start,
  tokens,
  withoutRefreshToken,
} from '../domain/grants.ts';
import { app, createWorld, rotated, type World } from './world.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.store.seed(activeGrant);
  world.now = start + minute;
});

const { grantId } = activeGrant;
const unknown: RevokeAnswer & TokenAnswer = { kind: 'unknown', code: 'http-503' };
const limited: RevokeAnswer & TokenAnswer = { kind: 'limited', code: 'CMN-301', retryAfterMs: 10 * minute };
const wrongSecret: RevokeAnswer & TokenAnswer = { kind: 'misconfigured', code: 'OAU-153' };
const enough = settings.providerTimeoutMs + settings.commitBudgetMs;

const seed = (change: GrantChange) => world.store.seed(grantWith(change));
const seedRevoking = (change: GrantChange = {}) =>
  seed({ state: 'revoking', generation: 2, refreshAt: undefined, cacheUntil: 0, dueAt: start, ...change });
const revoke = (deadlineAt = world.now + 29_000) => world.keeper.revokeGrant(grantId, deadlineAt);
const asked = () => world.calls.map(({ kind, token }) => `${kind} ${token}`);
const reported = (type: string) => world.facts.filter(fact => fact.type === type);
const maybeSpent = { sent: { at: start, by: 'dead' } };

describe('the session of a revoked grant', () => {
  it('is reported when the revocation is recorded, and when it is finished', async () => {
    await revoke();
    expect(world.facts).toEqual([
      { type: 'revoking', grantId, generation: 2 },
      { type: 'revoked', grantId },
    ]);
    await revoke();
    expect(world.facts).toHaveLength(2);
  });

  it('is not asked for while its app is held: no attempt is taken, and nothing has failed', async () => {
    const standing = { name: 'main', failures: 1, refused: [], holdUntil: world.now + 1 };
    await world.store.standings.write('main', undefined, standing);
    expect(await revoke()).toMatchObject({ state: 'revoking' });
    expect(world.store.history).toHaveLength(1);
    expect(world.calls).toEqual([]);
    expect(reported('failed')).toEqual([]);
  });

  it('is the business of the sweep where the store fails after it was recorded, and that is reported', async () => {
    world.store.writeFaults.push(undefined, 'fails');
    expect(await revoke()).toMatchObject({ state: 'revoking' });
    expect(reported('failed')).toEqual([{ type: 'failed', grantId, error: 'Error' }]);
  });

  it('is not asked for when nobody can tell its app: the grant is held, stays revoking, and says why', async () => {
    world.apps = [];
    expect(await revoke()).toMatchObject({ state: 'revoking' });
    expect(world.grant()).toMatchObject({
      state: 'revoking',
      holdUntil: world.now + 30 * second,
      lastError: { code: 'app-unknown', at: world.now },
    });
    expect(reported('misconfigured')).toEqual([
      { type: 'misconfigured', app: 'main', code: 'app-unknown', grantId },
    ]);
    world.apps = [app];
    world.now += 30 * second;
    await world.sweep();
    expect(world.grant().state).toBe('revoked');
  });

  it('is left to the sweep when the invocation ends too soon', async () => {
    expect(await revoke(world.now + enough - 1)).toMatchObject({ state: 'revoking' });
    expect(world.calls).toEqual([]);
    expect(await revoke(world.now + enough)).toMatchObject({ state: 'revoked' });
  });

  it('is not asked for when writing the attempt took longer than the lease leaves, and the attempt is given back', async () => {
    world.store.writeFaults.push(undefined, () => {
      world.now += settings.leaseMs;
    });
    expect(await revoke()).toMatchObject({ state: 'revoking' });
    expect(world.calls).toEqual([]);
    expect(world.grant()).not.toHaveProperty('attempt');
  });

  it.each<[string, GrantChange, number]>([
    ['its last token has died', {}, 7 * day],
    ['its access token was all there was, and has died', withoutRefreshToken, hour],
    [
      'what an unanswered refresh may have bought cannot be asked for any more',
      { sent: { at: start + 7 * day - minute, by: 'dead' } },
      7 * day - minute + settings.replayWindowMs,
    ],
    ['there are no tokens', { tokens: undefined }, minute],
  ])('is over without a word when %s, and not before', async (_, change, time) => {
    seedRevoking({ ...change, dueAt: start });
    if (change.tokens !== undefined || change.sent !== undefined) {
      world.now = start + time - 1;
      world.onRevoke = () => unknown;
      await world.sweep();
      expect(world.calls.length).toBeGreaterThan(0);
      world.calls.length = 0;
    }
    seedRevoking({ ...change, dueAt: start });
    world.now = start + time;
    await world.sweep();
    expect(world.grant().state).toBe('revoked');
    expect(world.calls).toEqual([]);
  });

  it('whose end the provider has confirmed is recorded as ended, however often the store fails meanwhile', async () => {
    world.store.writeFaults.push(undefined, undefined, 'fails', 'fails', 'fails');
    expect(await revoke()).toMatchObject({ state: 'revoked' });
    expect(asked()).toEqual(['revoke refresh-1']);
  });

  it('is not recorded as ended when the account was connected anew meanwhile', async () => {
    world.onRevoke = async () => {
      await world.keeper.putGrant(grantId, {
        response: { ...connection.response, ownerId: '1001' },
        importHash: 'other',
        ifGeneration: 2,
      });
      return { kind: 'ended' };
    };
    seedRevoking();
    expect(await world.sweep()).toMatchObject({ skipped: 1, failed: 0 });
    expect(world.grant()).toMatchObject({ state: 'active', generation: 3 });
    expect(reported('revoked')).toEqual([]);
    expect(world.events).toEqual([]);
  });

  it('is what the answer is about, though the account was connected anew a moment later', async () => {
    world.store.writeFaults.push(undefined, undefined, undefined, async () => {
      await world.keeper.putGrant(grantId, {
        response: { ...connection.response, ownerId: '1001' },
        importHash: 'other',
        ifGeneration: 2,
      });
    });
    expect(await revoke()).toMatchObject({ connectionId: 'connection-1', state: 'revoking' });
    expect(world.grant().state).toBe('active');
  });

  it('is asked for again after an answer that settles nothing, in the time of a failure', async () => {
    world.onRevoke = () => unknown;
    await revoke();
    expect(world.grant()).toMatchObject({
      state: 'revoking',
      holdUntil: world.now + 30 * second,
      failures: 1,
      lastError: { code: 'http-503' },
    });
    expect(world.grant()).not.toHaveProperty('attempt');
    expect(reported('deferred')).toEqual([
      { type: 'deferred', grantId, code: 'http-503', holdUntil: world.now + 30 * second },
    ]);
  });

  it('is asked for with the new secret where that was changed a moment ago', async () => {
    world.onRevoke = (_, { clientSecret }) => (clientSecret === 'new' ? { kind: 'ended' } : wrongSecret);
    world.readApps = fresh => [fresh ? { ...app, clientSecret: 'new' } : app];
    expect(await revoke()).toMatchObject({ state: 'revoked' });
    expect(world.calls.map(({ clientSecret }) => clientSecret)).toEqual(['secret', 'new']);
  });

  it('of which somebody else takes the attempt first is left to them', async () => {
    seedRevoking();
    world.store.writeFaults.push(() => {
      seedRevoking({ attempt: { id: 'other', endsAt: world.now + settings.leaseMs } });
    });
    expect(await world.sweep()).toMatchObject({ due: 1, skipped: 1 });
    expect(world.calls).toEqual([]);
  });
});

describe('a session whose token may be spent', () => {
  beforeEach(() => seedRevoking(maybeSpent));

  it('is over when the provider knows that token no more', async () => {
    world.onRefresh = () => ({ kind: 'refused', code: 'OAU-213' });
    await world.sweep();
    expect(asked()).toEqual(['revoke refresh-1', 'refresh refresh-1']);
    expect(world.grant().state).toBe('revoked');
  });

  it('is ended by the access token where that is all that comes back', async () => {
    world.onRefresh = () => ({ kind: 'rotated', response: { accessToken: 'late', tokenType: 'bearer' } });
    await world.sweep();
    expect(asked()).toEqual(['revoke refresh-1', 'refresh refresh-1', 'revoke late']);
    expect(world.grant().state).toBe('revoked');
  });

  it('is not over before what came back is ended too', async () => {
    world.onRevoke = token => (token === 'refresh-2' ? unknown : { kind: 'ended' });
    await world.sweep();
    expect(world.grant()).toMatchObject({ state: 'revoking', lastError: { code: 'http-503' } });
  });

  it('is not asked for what it bought when the end of the token itself was not confirmed', async () => {
    world.onRevoke = () => unknown;
    await world.sweep();
    expect(asked()).toEqual(['revoke refresh-1']);
  });

  it.each<[string, TokenAnswer]>([
    ['an answer that says nothing', unknown],
    ['a penalty', limited],
  ])('is asked for again after %s', async (_, answer) => {
    world.onRefresh = () => answer;
    expect(await world.sweep()).toMatchObject({ deferred: 1 });
    expect(world.grant()).toMatchObject({ state: 'revoking', sent: maybeSpent.sent });
    expect(world.grant().holdUntil).toBeGreaterThan(world.now);
  });

  it.each([
    ['the refresh', 1],
    ['the second revocation', 2],
  ])('is asked for later when no time is left for %s', async (_, calls) => {
    const slowly = <A>(answer: A): A => {
      if (world.calls.length === calls) world.now += settings.leaseMs;
      return answer;
    };
    world.onRevoke = () => slowly({ kind: 'ended' });
    world.onRefresh = () => slowly(rotated(2));
    await world.sweep();
    expect(world.calls).toHaveLength(calls);
    expect(world.grant()).toMatchObject({ state: 'revoking', lastError: { code: 'no-time' } });
  });
});

describe('a session left over', () => {
  const entry = (name: string, change: object = {}) => ({
    app: 'main',
    ownerId: '1001',
    endpointId: `endpoint-${name}`,
    clientId: app.clientId,
    server: app.server,
    token: name,
    expiresAt: start + 9 * day,
    ...change,
  });
  const kept = () => world.grant().retired.map(({ token }) => token);

  it('is reported when it is ended, and only then', async () => {
    seed({ retired: [entry('a'), entry('b'), entry('c')], dueAt: start });
    world.onRevoke = token => (token === 'b' ? unknown : { kind: 'ended' });
    expect(await world.sweep()).toMatchObject({ tended: 1 });
    const ended = { type: 'retired-session-ended', grantId };
    expect(reported('retired-session-ended')).toEqual([ended, ended]);
    expect(world.grant().retired).toMatchObject([
      { token: 'b', failures: 1, retryAt: world.now + 30 * second },
    ]);
  });

  it('whose end failed waits longer each time, and the others do not wait with it', async () => {
    seed({ retired: [entry('a', { failures: 2, retryAt: world.now + 1 }), entry('b')], dueAt: start });
    world.onRevoke = () => unknown;
    await world.sweep();
    expect(asked()).toEqual(['revoke b']);
    world.now += 1;
    await world.sweep();
    expect(asked()).toEqual(['revoke b', 'revoke a']);
    expect(world.grant().retired).toMatchObject([
      { token: 'a', failures: 3, retryAt: world.now + 2 * minute },
      { token: 'b', failures: 1 },
    ]);
  });

  it('is kept while the apps cannot be read', async () => {
    seed({ retired: [entry('a')], dueAt: start });
    world.apps = new Error('denied');
    await world.sweep();
    expect(world.grant().retired).toMatchObject([{ token: 'a', failures: 1 }]);
    expect(world.calls).toEqual([]);
  });

  it('is kept, and not asked for, while its app is held', async () => {
    seed({ retired: [entry('a')], dueAt: start });
    await world.store.standings.write('main', undefined, {
      name: 'main',
      failures: 1,
      refused: [],
      holdUntil: world.now + 1,
    });
    await world.sweep();
    expect(world.calls).toEqual([]);
    expect(kept()).toEqual(['a']);
  });

  it('of an app whose credentials are wrong holds that app', async () => {
    seed({ retired: [entry('a')], dueAt: start });
    world.onRevoke = () => wrongSecret;
    await world.sweep();
    expect(world.grant()).not.toHaveProperty('holdUntil');
    expect((await world.store.standings.get('main'))?.value).toMatchObject({ holdReason: 'OAU-153' });
  });

  it('of an app over its own rate limit holds the app, however often the store fails meanwhile', async () => {
    world = createWorld({ rateLimitScope: 'app' });
    seed({ retired: [entry('a')], dueAt: start });
    world.now = start + minute;
    world.onRevoke = () => limited;
    const { write } = world.store.standings;
    let failures = 3;
    world.store.standings.write = async (...args) => {
      failures -= 1;
      if (failures >= 0) throw new Error('the store is down');
      return write(...args);
    };
    await world.sweep();
    const standing = await world.store.standings.get('main');
    expect(standing?.value.holdUntil).toBeGreaterThan(world.now + 9 * minute);
  });

  it('is left alone where the time is too short, and its attempt given back', async () => {
    seed({ retired: [entry('a'), entry('b')], dueAt: start });
    world.onRevoke = () => {
      world.now += settings.leaseMs;
      return { kind: 'ended' };
    };
    await world.sweep({ deadlineAt: world.now + minute });
    expect(asked()).toEqual(['revoke a']);
    expect(kept()).toEqual(['b']);
    expect(world.grant()).not.toHaveProperty('attempt');
  });

  it('is left to the next round when reading the record took all the time', async () => {
    seed({ retired: [entry('a')], dueAt: start });
    const { get } = world.store.grants;
    world.store.grants.get = async id => {
      world.now += 30 * second;
      return get(id);
    };
    expect(await world.sweep({ deadlineAt: world.now + 45 * second })).toMatchObject({ leftOver: 1 });
    expect(world.store.history).toEqual([]);
  });

  it('that has died by itself is forgotten without a word', async () => {
    seed({ retired: [entry('a', { expiresAt: start + minute })], dueAt: start });
    expect(await world.sweep()).toMatchObject({ tended: 1 });
    expect(world.calls).toEqual([]);
    expect(kept()).toEqual([]);
    expect(world.grant().dueAt).toBe(activeGrant.refreshAt);
  });

  it('is left to others who are at it', async () => {
    seed({ retired: [entry('a')], dueAt: start });
    world.store.writeFaults.push(() => {
      seed({ retired: [entry('a')], dueAt: start, attempt: { id: 'other', endsAt: world.now + minute } });
    });
    expect(await world.sweep()).toMatchObject({ skipped: 1 });
    expect(world.calls).toEqual([]);
    expect(kept()).toEqual(['a']);
  });

  it('is recorded as ended, however often the store fails meanwhile', async () => {
    seed({ retired: [entry('a')], dueAt: start });
    world.store.writeFaults.push(undefined, 'fails', 'fails');
    await world.sweep();
    expect(asked()).toEqual(['revoke a']);
    expect(kept()).toEqual([]);
  });

  it('of a revoked grant is ended, though it could belong to the session that was revoked with it', async () => {
    seed({ state: 'revoked', tokens: undefined, retired: [entry('1')], dueAt: start });
    await world.sweep();
    expect(asked()).toEqual(['revoke 1']);
  });

  it('that a condemned grant could still live by is not ended: it may be reinstated', async () => {
    seed({ state: 'reauthorize', retired: [entry('1')], dueAt: start, tokens });
    await world.sweep();
    expect(world.calls).toEqual([]);
    expect(kept()).toEqual([]);
  });
});
