/** One grant per app and owner, without transactions: who may have the owner, and when. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Grant } from '../../functions/domain/grant.ts';
import type { KeeperError } from '../../functions/keeper/errors.ts';
import {
  activeGrant,
  type GrantChange,
  grantWith,
  minute,
  response,
  start,
  tokens,
} from '../domain/grants.ts';
import { app, createWorld, type World } from './world.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.now = start + minute;
});

const put = (grantId: string, change: object = {}) =>
  world.keeper.putGrant(grantId, {
    response: { ...response, ownerId: '1001' },
    importHash: `hash of ${grantId}`,
    ...change,
  });
const refusal = (promise: Promise<unknown>): Promise<KeeperError> =>
  promise.then(
    () => {
      throw new Error('it was accepted');
    },
    error => error,
  );
const claim = async (ownerId = '1001') => (await world.store.claims.get(`main/${ownerId}`))?.value;
const claimFor = (grantId: string, ownerId = '1001') =>
  world.store.claims.write(`main/${ownerId}`, undefined, { app: 'main', ownerId, grantId });

describe('the owner of a grant', () => {
  it('is refused to another grant, whose id is not told', async () => {
    await put('holder');
    const error = await refusal(put('second'));
    expect(error).toMatchObject({
      code: 'owner-already-connected',
      message:
        'RingCentral user 1001 is connected as another grant already. Use that grant, or revoke it first.',
    });
    expect(error.message).not.toContain('holder');
    expect(await claim()).toEqual({ app: 'main', ownerId: '1001', grantId: 'holder' });
  });

  it('may be connected through another app too: their tokens are apart', async () => {
    world.apps = [app, { ...app, name: 'other' }];
    await put('first', { app: 'main' });
    expect(await put('second', { app: 'other' })).toMatchObject({ kind: 'created' });
  });

  it('goes to the grant that claimed it first, though the other one saw no claim', async () => {
    const { get } = world.store.claims;
    world.store.claims.get = async id => {
      const seen = await get(id);
      world.store.claims.get = get;
      await put('first');
      return seen;
    };
    expect(await refusal(put('second'))).toMatchObject({ code: 'owner-already-connected' });
    expect(() => world.grant('second')).toThrow();
    expect(await claim()).toMatchObject({ grantId: 'first' });
  });

  it('is not refused to a grant by its own other try that came first', async () => {
    const { get } = world.store.claims;
    world.store.claims.get = async id => {
      const seen = await get(id);
      world.store.claims.get = get;
      await put('first');
      return seen;
    };
    expect(await put('first')).toMatchObject({ kind: 'unchanged', grant: { claimed: true } });
  });

  it('is not taken over from a holder that was judged before it was written', async () => {
    await claimFor('first');
    const { get } = world.store.grants;
    world.store.grants.get = async id => {
      const seen = await get(id);
      if (id === 'first') {
        world.store.grants.get = get;
        await put('first');
      }
      return seen;
    };
    expect(await refusal(put('second'))).toMatchObject({ code: 'owner-already-connected' });
    expect(await world.getToken('first')).toMatchObject({ generation: 1 });
  });
});

describe('a worker that is slow', () => {
  it('has its claim to itself once its grant stands, whoever judged that claim before', async () => {
    const judged = Promise.withResolvers<void>();
    const { write } = world.store.claims;
    let second: Promise<unknown> | undefined;
    // It has claimed the owner, and its grant is about to be written when the other one looks.
    world.store.writeFaults.push(async () => {
      second = refusal(put('second'));
      await judged.promise;
    });
    const first = put('first');
    world.store.claims.write = async (id, previous, wanted) => {
      if (wanted.grantId === 'second') {
        judged.resolve();
        await first;
      }
      return write(id, previous, wanted);
    };
    expect(await first).toMatchObject({ kind: 'created', grant: { claimed: true } });
    expect(await second).toMatchObject({ code: 'owner-already-connected' });
    expect(await claim()).toMatchObject({ grantId: 'first' });
  });

  it('reads no other record where nobody has the owner', async () => {
    const read: string[] = [];
    const { get } = world.store.grants;
    world.store.grants.get = id => {
      read.push(id);
      return get(id);
    };
    await put('first');
    expect(new Set(read)).toEqual(new Set(['first']));
  });
});

describe('a grant that is not confirmed yet', () => {
  const unconfirmed: GrantChange = { claimed: false, dueAt: start };

  it('claims its owner anew where the claim is gone', async () => {
    world.store.seed(grantWith(unconfirmed));
    await world.sweep();
    expect(world.grant().claimed).toBe(true);
    expect(await claim()).toEqual({ app: 'main', ownerId: '1001', grantId: activeGrant.grantId });
  });

  it("is withdrawn by the sweep where the owner is another grant's by now", async () => {
    world.store.seed(grantWith(unconfirmed));
    await claimFor('other');
    await world.sweep();
    expect(world.grant()).toMatchObject({ state: 'revoked', claimed: false });
    expect(world.grant()).not.toHaveProperty('tokens');
    expect(await claim()).toMatchObject({ grantId: 'other' });
    expect(world.calls).toEqual([]);
  });

  it('leaves alone a connection that came after it', async () => {
    world.store.seed(grantWith(unconfirmed));
    await claimFor('other');
    world.store.writeFaults.push(() => {
      world.store.seed(grantWith({ ...unconfirmed, connectionId: 'connection-2' }));
    });
    await world.sweep({ deadlineAt: world.now + minute });
    expect(world.store.history.filter(grant => grant.connectionId === 'connection-1')).toEqual([]);
  });
});

describe('a session that is to be ended', () => {
  const endsWhen = async (holder: Grant | undefined, holderId = 'holder') => {
    world.store.seed(grantWith({ state: 'revoking', generation: 2, dueAt: start }));
    await claimFor(holderId);
    if (holder !== undefined) world.store.seed(holder);
    await world.sweep();
    expect(world.grant().state).toBe('revoked');
    return world.calls.length > 0;
  };
  const holder = (change: GrantChange = {}): Grant =>
    grantWith({ grantId: 'holder', tokens: { ...tokens, refreshToken: 'refresh-7' }, ...change });

  it('is not ended where the grant that has the owner can live by it', async () => {
    expect(await endsWhen(holder())).toBe(false);
  });

  it.each<[string, Grant | undefined, string?]>([
    ['its own grant has the owner', undefined, activeGrant.grantId],
    ['the grant that has the owner was never written', undefined],
    [
      'the grant that has the owner is revoked',
      holder({ state: 'revoked', tokens: undefined, dueAt: undefined }),
    ],
    ['the grant that has the owner lives by another session', holder({ endpointId: 'endpoint-9' })],
  ])('is ended where %s', async (_, other, holderId) => {
    expect(await endsWhen(other, holderId)).toBe(true);
  });
});
