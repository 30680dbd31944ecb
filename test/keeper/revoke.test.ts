import { beforeEach, describe, expect, it } from 'vitest';
import {
  activeGrant,
  connection,
  day,
  grantWith,
  hour,
  minute,
  second,
  settings,
  start,
  underWay,
  withoutRefreshToken,
} from '../domain/grants.ts';
import { createWorld, rotated, type World } from './world.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.store.seed(activeGrant);
  world.now = start + minute;
});

const revoke = () => world.keeper.revokeGrant(activeGrant.grantId, world.now + 29_000);
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'served',
    error => error.code,
  );
const revokedTokens = () => world.calls.filter(({ kind }) => kind === 'revoke').map(({ token }) => token);
const refreshedTokens = () => world.calls.filter(({ kind }) => kind === 'refresh').map(({ token }) => token);

describe('revoking a grant', () => {
  it('is recorded before the provider is told', async () => {
    world.onRevoke = () => {
      expect(world.grant()).toMatchObject({ state: 'revoking', generation: 2 });
      return { kind: 'ended' };
    };
    expect((await revoke()).state).toBe('revoked');
    expect(revokedTokens()).toEqual(['refresh-1']);
    expect(world.events.map(({ type }) => type)).toEqual(['Grant Revoked']);
  });

  it('ends serving at once, even when the provider does not answer', async () => {
    world.onRevoke = () => ({ kind: 'unknown', code: 'timeout' });
    expect((await revoke()).state).toBe('revoking');
    expect(await code(world.getToken())).toBe('grant-revoked');
    world.now += 30 * second;
    world.onRevoke = () => ({ kind: 'ended' });
    expect(await world.sweep()).toMatchObject({ due: 1, tended: 1 });
    expect(world.grant().state).toBe('revoked');
  });

  it('is the same the second time, without another call', async () => {
    await revoke();
    expect((await revoke()).state).toBe('revoked');
    expect(world.calls).toHaveLength(1);
    expect(world.grant().generation).toBe(2);
  });

  it('waits for a refresh under way, and ends what that bought', async () => {
    world.store.seed(grantWith(underWay(world.now)));
    expect((await revoke()).state).toBe('revoking');
    expect(world.calls).toEqual([]);
    world.now += settings.leaseMs;
    await world.sweep();
    expect(world.grant().state).toBe('revoked');
    expect(refreshedTokens()).toEqual(['refresh-1']);
    expect(revokedTokens()).toEqual(['refresh-1', 'refresh-2']);
  });

  it('keeps at it when the provider fails between those steps', async () => {
    world.store.seed(grantWith({ sent: { at: start, by: 'dead' } }));
    world.onRefresh = () => ({ kind: 'unknown', code: 'http-503' });
    expect((await revoke()).state).toBe('revoking');
    world.now += minute;
    world.onRefresh = () => rotated(2);
    await world.sweep();
    expect(world.grant().state).toBe('revoked');
    expect(revokedTokens().at(-1)).toBe('refresh-2');
  });

  it('is over by itself when every token has died', async () => {
    world.onRevoke = () => ({ kind: 'unknown', code: 'http-503' });
    await revoke();
    const calls = world.calls.length;
    world.now = start + 8 * day;
    await world.sweep();
    expect(world.grant().state).toBe('revoked');
    expect(world.calls).toHaveLength(calls);
  });

  it('presents the access token where there is no other', async () => {
    world.store.seed(grantWith(withoutRefreshToken));
    await revoke();
    expect(revokedTokens()).toEqual(['access-1']);
  });

  it('of an unknown grant says so', async () => {
    expect(await code(world.keeper.revokeGrant('nobody', world.now + 29_000))).toBe('grant-not-found');
  });

  it('succeeds for the caller even when the store fails after it was recorded', async () => {
    world.store.writeFaults.push(undefined, 'fails');
    expect((await revoke()).state).toBe('revoking');
    await world.sweep();
    expect(world.grant().state).toBe('revoked');
  });
});

describe('sessions left over', () => {
  const retired = {
    app: 'main',
    ownerId: '1001',
    endpointId: 'endpoint-0',
    clientId: activeGrant.clientId,
    server: activeGrant.server,
    token: 'old-1',
    expiresAt: start + 9 * day,
  };

  it('are ended by the sweep, once', async () => {
    world.store.seed(grantWith({ retired: [retired], dueAt: start }));
    await world.sweep();
    expect(revokedTokens()).toEqual(['old-1']);
    expect(world.grant()).toMatchObject({ retired: [], dueAt: activeGrant.refreshAt });
    await world.sweep();
    expect(world.calls).toHaveLength(1);
  });

  it('that may have been refreshed unseen are asked for what that bought, and it is ended too', async () => {
    world.store.seed(grantWith({ retired: [{ ...retired, maybeSpent: true }], dueAt: start }));
    await world.sweep();
    expect(refreshedTokens()).toEqual(['old-1']);
    expect(revokedTokens()).toEqual(['old-1', 'refresh-2']);
  });

  it('never hold the live session: it is refreshed and served as ever', async () => {
    world.store.seed(grantWith({ retired: [retired], dueAt: start }));
    world.onRevoke = () => ({ kind: 'unknown', code: 'http-503' });
    await world.sweep();
    expect(world.grant()).not.toHaveProperty('holdUntil');
    expect(await world.getToken()).toMatchObject({ accessToken: 'access-1' });
    world.now = start + hour;
    expect(await world.getToken()).toMatchObject({ accessToken: 'access-2' });
  });

  it('are shown to the server that issued them only', async () => {
    world.store.seed(grantWith({ retired: [{ ...retired, server: 'https://evil.example' }], dueAt: start }));
    await world.sweep();
    expect(world.calls).toEqual([]);
    expect(world.grant().retired).toEqual([]);
  });
});

describe('importing', () => {
  const input = {
    response: { ...connection.response, ownerId: '2002' },
    importHash: 'hash',
  };
  const put = (grantId: string, change: object = {}) =>
    world.keeper.putGrant(grantId, { ...input, ...change });

  it('creates a grant that is served at once', async () => {
    expect(await put('new')).toMatchObject({ kind: 'created', grant: { generation: 1, claimed: true } });
    expect(await world.getToken('new')).toMatchObject({ accessToken: 'access-2', generation: 1 });
    expect(world.calls).toEqual([]);
  });

  it('the same again changes nothing, however often the tokens were rotated since', async () => {
    await put('new');
    world.now += hour;
    await world.getToken('new');
    const before = world.grant('new');
    expect(await put('new')).toMatchObject({ kind: 'unchanged', grant: { generation: 2 } });
    expect(await put('new', { ifGeneration: 1 })).toMatchObject({ kind: 'unchanged' });
    expect(world.grant('new')).toEqual(before);
  });

  it('replaces only the generation that it names', async () => {
    await put('new');
    expect(await code(put('new', { importHash: 'other' }))).toBe('generation-mismatch');
    expect(await code(put('new', { importHash: 'other', ifGeneration: 7 }))).toBe('generation-mismatch');
    expect(await code(put('none', { ifGeneration: 1 }))).toBe('generation-mismatch');
    expect(await put('new', { importHash: 'other', ifGeneration: 1 })).toMatchObject({
      kind: 'replaced',
      grant: { generation: 2 },
    });
  });

  it('during a refresh wins over it, and what the refresh brought is ended if it is another session', async () => {
    await put('new');
    world.now += hour;
    world.onRefresh = async () => {
      const response = { ...input.response, accessToken: 'fresh', endpointId: 'endpoint-9' };
      await put('new', { importHash: 'other', ifGeneration: 1, response });
      world.onRefresh = () => rotated(3);
      return rotated(7);
    };
    // The late rotation may have ended the fresh access token: it is not served before a refresh of its own.
    expect(await world.getToken('new')).toMatchObject({ accessToken: 'access-3', generation: 3 });
    await world.sweep();
    expect(revokedTokens()).toContain('refresh-7');
  });

  it('refuses an owner that another grant has, and writes nothing', async () => {
    await put('first');
    expect(await code(put('second', { importHash: 'other' }))).toBe('owner-already-connected');
    expect(() => world.grant('second')).toThrow();
    expect(await world.getToken('first')).toMatchObject({ generation: 1 });
  });

  it('lets an owner be connected anew once the old grant is revoked', async () => {
    await put('first');
    await world.keeper.revokeGrant('first', world.now + 29_000);
    expect(await put('second', { importHash: 'other' })).toMatchObject({ kind: 'created' });
  });

  it('takes over a claim whose connection was never finished', async () => {
    world.store.writeFaults.push('fails');
    await expect(put('first')).rejects.toThrow('the store is down');
    expect(await put('second')).toMatchObject({ kind: 'created' });
    expect(await code(put('first', { importHash: 'other' }))).toBe('owner-already-connected');
  });

  it('is finished by the sweep when it died before its claim was confirmed, and not served before', async () => {
    world.store.writeFaults.push(undefined, 'fails');
    await expect(put('first')).rejects.toThrow('the store is down');
    expect(world.grant('first').claimed).toBe(false);
    await world.sweep();
    expect(world.grant('first').claimed).toBe(true);
    expect(await world.getToken('first')).toMatchObject({ generation: 1 });
  });

  it('of two that race for an owner lets one win, even if the loser was frozen in the middle', async () => {
    // The first has its claim and freezes; the second sees a holder that does not live by it, and takes over.
    world.store.writeFaults.push(async () => {
      await put('second', { importHash: 'other' });
    });
    expect(await code(put('first'))).toBe('owner-already-connected');
    expect(world.grant('first')).toMatchObject({ state: 'revoked', claimed: false });
    expect(world.events).toEqual([]);
    expect(await world.getToken('second')).toMatchObject({ generation: 1 });
    expect(revokedTokens()).toEqual([]);
  });

  it('says that the keeper is misconfigured where the apps cannot be read', async () => {
    world.apps = new Error('denied');
    expect(await code(put('new'))).toBe('misconfigured');
  });

  it.each<[string, object]>([
    ['tokens that have expired', { obtainedAt: start - 30 * day }],
    ['a time in the future', { obtainedAt: start + day }],
    ['an app that is not configured', { app: 'other' }],
  ])('refuses %s', async (_, change) => {
    expect(await code(put('new', change))).toBe('invalid-request');
    expect(() => world.grant('new')).toThrow();
  });
});
