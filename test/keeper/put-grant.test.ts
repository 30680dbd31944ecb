/** What an import answers, and what of it is stored. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { KeeperError } from '../../functions/keeper/errors.ts';
import { day, hour, minute, response, second, settings, start } from '../domain/grants.ts';
import { app, createWorld, type World } from './world.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
});

/** Each grant has an owner of its own. */
const put = (change: object = {}, grantId = 'new') =>
  world.keeper.putGrant(grantId, {
    response: { ...response, ownerId: `owner-${grantId}` },
    importHash: 'hash',
    ...change,
  });
const refusal = (promise: Promise<unknown>): Promise<KeeperError> =>
  promise.then(
    () => {
      throw new Error('it was accepted');
    },
    error => error,
  );

describe('the app of imported tokens', () => {
  const other = { ...app, name: 'other', clientId: 'other-client' };

  it('is the only one there is, where none is named', async () => {
    expect((await put()).grant).toMatchObject({
      app: 'main',
      server: app.server,
      clientId: app.clientId,
      ownerId: 'owner-new',
    });
  });

  it('must be named where there are several, and the answer says which there are', async () => {
    world.apps = [app, other];
    expect(await refusal(put())).toMatchObject({
      code: 'invalid-request',
      message: 'There are several apps: say in "app" which one issued these tokens (main, other).',
    });
    expect((await put({ app: 'other' })).grant).toMatchObject({ app: 'other', clientId: 'other-client' });
  });

  it('must be configured, even where there is only one', async () => {
    expect(await refusal(put({ app: 'other' }))).toMatchObject({
      code: 'invalid-request',
      message: 'There is no app of that name in the apps secret. Configured: main.',
    });
  });

  it('stays what it was when the tokens of a grant are replaced', async () => {
    world.apps = [app, other];
    await put({ app: 'other' });
    expect((await put({ importHash: 'again', ifGeneration: 1 })).grant.app).toBe('other');
  });

  it('cannot be chosen while the apps cannot be read: the answer says why, and quotes nothing of the secret', async () => {
    world.apps = Object.assign(new Error('secret: abc'), { name: 'AccessDeniedException' });
    expect(await refusal(put())).toMatchObject({
      code: 'misconfigured',
      message: 'The apps secret cannot be read (AccessDeniedException).',
    });
    world.apps = Object.assign(new Error('The app "main" has no server.'), { name: 'ConfigurationError' });
    expect(await refusal(put())).toMatchObject({
      code: 'misconfigured',
      message: 'The app "main" has no server.',
    });
  });
});

describe('when imported tokens were received', () => {
  it('is now, unless the import says otherwise', async () => {
    expect((await put()).grant.tokens?.accessExpiresAt).toBe(start + hour);
    const earlier = { obtainedAt: start - 10 * minute };
    expect((await put(earlier, 'earlier')).grant.tokens?.accessExpiresAt).toBe(start + 50 * minute);
  });

  it('may be ahead of the clock by the skew of clocks, and is then taken for now', async () => {
    const ahead = { obtainedAt: start + settings.maxClockSkewMs };
    expect((await put(ahead)).grant.tokens?.accessExpiresAt).toBe(start + hour);
    expect(await refusal(put({ obtainedAt: ahead.obtainedAt + 1 }, 'ahead'))).toMatchObject({
      code: 'invalid-request',
      message: '"obtainedAt" is in the future: send when the token response was received.',
    });
  });

  it('must leave them something of their life', async () => {
    expect(await refusal(put({ obtainedAt: start - 7 * day }))).toMatchObject({
      code: 'invalid-request',
      message: 'These tokens have expired already. Have the account authorise again.',
    });
    expect(await put({ obtainedAt: start - 7 * day + second })).toMatchObject({ kind: 'created' });
  });
});

describe('the generation that an import replaces', () => {
  it('must be named, and the answer says which it is', async () => {
    await put();
    expect(await refusal(put({ importHash: 'other' }))).toMatchObject({
      code: 'generation-mismatch',
      message: 'The grant exists with generation 1. To replace its tokens send If-Match: 1.',
    });
    expect(await refusal(put({ ifGeneration: 1 }, 'none'))).toMatchObject({
      code: 'generation-mismatch',
      message: 'There is no such grant to replace. Leave If-Match out to create it.',
    });
  });

  it('is looked at once more when somebody else writes in between', async () => {
    await put();
    world.now += 50 * minute;
    world.store.writeFaults.push(async () => {
      await world.getToken('new');
    });
    expect(await refusal(put({ importHash: 'other', ifGeneration: 1 }))).toMatchObject({
      code: 'generation-mismatch',
    });
    expect(world.grant('new')).toMatchObject({ generation: 2, importHash: 'hash' });
  });
});

describe('an import', () => {
  it('is reported, once', async () => {
    await put();
    await put();
    expect(world.facts).toEqual([{ type: 'connected', grantId: 'new', generation: 1 }]);
  });

  it('keeps strategy and label of the grant that it replaces, unless it brings its own', async () => {
    expect((await put()).grant).toMatchObject({ strategy: 'weekly' });
    expect((await put()).grant).not.toHaveProperty('label');
    const hourly = { strategy: 'hourly', label: 'Front desk', importHash: 'b', ifGeneration: 1 };
    expect((await put(hourly)).grant).toMatchObject({ strategy: 'hourly', label: 'Front desk' });
    expect((await put({ importHash: 'c', ifGeneration: 2 })).grant).toMatchObject({
      strategy: 'hourly',
      label: 'Front desk',
    });
  });

  it('is not refused because of another connection that came after it', async () => {
    world.store.writeFaults.push(undefined, () => {
      world.store.seed({ ...world.grant('new'), connectionId: 'connection-2' });
    });
    expect(await put()).toMatchObject({ grant: { connectionId: 'connection-2', claimed: false } });
  });

  it('of which another try has come first in between changes nothing', async () => {
    world.store.writeFaults.push(async () => {
      await put();
    });
    expect(await put()).toMatchObject({ kind: 'unchanged', grant: { generation: 1, claimed: true } });
    expect(world.grant('new').generation).toBe(1);
  });

  it('sent again finishes one that died before its claim was confirmed', async () => {
    world.store.writeFaults.push(undefined, 'fails');
    await expect(put()).rejects.toThrow('the store is down');
    expect(await put()).toMatchObject({ kind: 'unchanged', grant: { claimed: true } });
  });

  it('spreads the refreshes of grants that are imported together', async () => {
    const fractions = [0, 0.5];
    world.fraction = () => fractions.shift() ?? 0;
    expect((await put({}, 'a')).grant.refreshAt).toBe(start + 5 * day);
    expect((await put({}, 'b')).grant.refreshAt).toBe(start + 4.75 * day);
  });
});
