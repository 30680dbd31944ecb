/** What a sweep counts, foresees and reports, one grant at a time. */
import { beforeEach, describe, expect, it } from 'vitest';
import { laneOf } from '../../functions/domain/lane.ts';
import type { SweepReport } from '../../functions/keeper/sweep.ts';
import {
  activeGrant,
  day,
  type GrantChange,
  grantWith,
  hour,
  minute,
  second,
  settings,
  start,
  underWay,
  withoutRefreshToken,
} from '../domain/grants.ts';
import { app, createWorld, type World } from './world.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.now = start + 5 * day;
});

const { grantId } = activeGrant;
const lane = laneOf(grantId);
/** Due now, whatever else is said of it. */
const seed = (change: GrantChange = {}) =>
  world.store.seed(grantWith({ dueAt: world.now - 3 * minute, ...change }));
const nothing: Omit<SweepReport, 'due' | 'oldestDueAgeMs'> = {
  refreshed: 0,
  deferred: 0,
  condemned: 0,
  skipped: 0,
  tended: 0,
  leftOver: 0,
  failed: 0,
};
const retired = {
  app: 'main',
  ownerId: '1001',
  endpointId: 'endpoint-0',
  clientId: app.clientId,
  server: app.server,
  token: 'old',
  expiresAt: start + 9 * day,
};
const refusedAt = (at: number): GrantChange => ({ refusal: { code: 'OAU-213', at } });
/** How much time a grant that is taken up must have left. */
const enough = settings.providerTimeoutMs + 2 * settings.commitBudgetMs;

describe('what becomes of a grant', () => {
  const cases: [string, () => GrantChange, keyof typeof nothing][] = [
    ['one whose time has come', () => ({}), 'refreshed'],
    ['one that is being revoked', () => ({ state: 'revoking' }), 'tended'],
    ['one with an old session', () => ({ retired: [retired], refreshAt: start + 9 * day }), 'tended'],
    ['one that was refused', () => refusedAt(world.now - minute), 'condemned'],
    ['one whose only token has died', () => ({ ...withoutRefreshToken, dueAt: world.now }), 'condemned'],
    ['one that is not confirmed', () => ({ claimed: false, refreshAt: start + 9 * day }), 'tended'],
    [
      'one with an event to send',
      () => ({ state: 'reauthorize', announcement: 'Grant Needs Reauthorization' }),
      'tended',
    ],
    ['one that is held', () => ({ holdUntil: world.now + hour }), 'deferred'],
    ['one that somebody else is at', () => underWay(world.now), 'skipped'],
    ['one that is due no more', () => ({ refreshAt: start + 9 * day }), 'skipped'],
  ];

  it.each(cases)('%s: foreseen by a dry run', async (_, change, outcome) => {
    seed(change());
    const before = world.grant();
    expect(await world.sweep({ dryRun: true })).toMatchObject({ ...nothing, due: 1, [outcome]: 1 });
    expect(world.grant()).toEqual(before);
    expect(world.calls).toEqual([]);
  });

  it.each(cases)('%s: done', async (_, change, outcome) => {
    seed(change());
    expect(await world.sweep()).toMatchObject({ ...nothing, due: 1, [outcome]: 1 });
  });

  it('that needs several things at once is the most important of them', async () => {
    seed({ claimed: false, announcement: 'Grant Recovered', retired: [retired] });
    expect(await world.sweep()).toMatchObject({ ...nothing, due: 1, refreshed: 1 });
    expect(world.calls.map(({ kind }) => kind)).toEqual(['refresh', 'revoke']);
    expect(world.events.map(({ type }) => type)).toEqual(['Grant Recovered']);
  });

  it('whose refresh is refused is tended now and condemned in its time', async () => {
    seed();
    world.onRefresh = () => ({ kind: 'refused', code: 'OAU-213' });
    expect(await world.sweep()).toMatchObject({ ...nothing, due: 1, tended: 1 });
    expect(world.facts).toEqual([{ type: 'refused', grantId, code: 'OAU-213' }]);
    world.now += settings.verdictDelayMs;
    expect(await world.sweep()).toMatchObject({ ...nothing, due: 1, condemned: 1 });
  });

  it('whose refresh settles nothing is deferred, and due when its hold ends', async () => {
    seed();
    world.onRefresh = () => ({ kind: 'unknown', code: 'timeout' });
    expect(await world.sweep()).toMatchObject({ ...nothing, due: 1, deferred: 1 });
    expect(world.grant().dueAt).toBe(world.now + 30 * second);
  });

  it('whose app is held is due when that hold ends', async () => {
    seed();
    const standing = { name: 'main', failures: 1, refused: [], holdUntil: world.now + hour };
    await world.store.standings.write('main', undefined, standing);
    expect(await world.sweep()).toMatchObject({ ...nothing, due: 1, deferred: 1 });
    expect(world.grant().dueAt).toBe(world.now + hour);
    expect(world.grant()).not.toHaveProperty('holdUntil');
  });

  it('whose app is gone is deferred', async () => {
    seed();
    world.apps = [];
    expect(await world.sweep()).toMatchObject({ ...nothing, due: 1, deferred: 1 });
    expect(world.grant().holdUntil).toBe(world.now + 30 * second);
  });

  it('that somebody else is at is not touched', async () => {
    seed(underWay(world.now));
    await world.sweep();
    expect(world.store.history).toEqual([]);
  });

  it('that was put off is not called back by an index that is behind', async () => {
    seed({ dueAt: world.now + hour });
    world.store.due = async () => ({ hints: [{ grantId, dueAt: start }] });
    expect(await world.sweep({ lanes: [lane] })).toMatchObject({ ...nothing, due: 1, skipped: 1 });
    expect(world.grant().dueAt).toBe(world.now + hour);
  });

  it('whose tokens are dead on arrival is refreshed a few times, and not for ever', async () => {
    seed();
    world.onRefresh = () => {
      world.now += second;
      const next = world.calls.length + 1;
      return {
        kind: 'rotated',
        response: {
          accessToken: `access-${next}`,
          tokenType: 'bearer',
          accessLifetimeMs: 1,
          refreshToken: `refresh-${next}`,
          refreshLifetimeMs: 1,
        },
      };
    };
    expect(await world.sweep()).toMatchObject({ ...nothing, due: 1, refreshed: 1 });
    expect(world.calls).toHaveLength(4);
  });

  it('that somebody else has begun in between is skipped', async () => {
    seed();
    world.store.writeFaults.push(() => seed(underWay(world.now)));
    expect(await world.sweep()).toMatchObject({ ...nothing, due: 1, skipped: 1 });
  });

  it('is left over when its own work has used up the time', async () => {
    seed();
    world.store.writeFaults.push(() => {
      world.now += settings.leaseMs;
    });
    expect(await world.sweep({ deadlineAt: world.now + 2 * minute })).toMatchObject({
      ...nothing,
      due: 1,
      leftOver: 1,
    });
  });
});

describe('a sweep', () => {
  it('says how late the latest grant was, and nothing where none is due', async () => {
    seed();
    expect(await world.sweep()).toMatchObject({ due: 1, oldestDueAgeMs: 3 * minute });
    expect(await world.sweep()).toEqual({ due: 0, oldestDueAgeMs: 0, ...nothing });
  });

  it('takes up a grant only while a refresh of it could still be finished', async () => {
    seed();
    expect(await world.sweep({ deadlineAt: world.now + enough - 1 })).toMatchObject({ leftOver: 1 });
    expect(world.calls).toEqual([]);
    expect(await world.sweep({ deadlineAt: world.now + enough })).toMatchObject({ refreshed: 1 });
  });

  it('reads page after page of a lane, in the order of the due times over all lanes', async () => {
    const read: string[] = [];
    const ids = ['a', 'b', 'c', 'd'];
    for (const id of ids) world.store.seed(grantWith({ grantId: id, ownerId: id }));
    const hint = (i: number) => ({ grantId: ids[i] ?? '', dueAt: start + i });
    world.store.due = async (of, _, after) => {
      read.push(`${of} after ${after?.grantId}`);
      if (of === 1) return { hints: [hint(1)] };
      return after === undefined ? { hints: [hint(2), hint(0)], next: hint(0) } : { hints: [hint(3)] };
    };
    world = Object.assign(world, { keeper: world.another() });
    expect(await world.sweep({ lanes: [0, 1] })).toMatchObject({ due: 4, refreshed: 4 });
    expect(read).toEqual(['0 after undefined', '1 after undefined', '0 after a']);
    const begun = world.store.history.filter(({ attempt }) => attempt).map(grant => grant.grantId);
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  it('does not read a lane for ever', async () => {
    let pages = 0;
    world.store.due = async () => {
      pages += 1;
      return { hints: [], next: { grantId, dueAt: start } };
    };
    expect(await world.sweep({ lanes: [lane] })).toMatchObject({ due: 0 });
    expect(pages).toBeLessThanOrEqual(1000);
  });

  it('reads no further page when the time is up', async () => {
    let pages = 0;
    seed();
    world.store.due = async () => {
      pages += 1;
      world.now += minute;
      return { hints: [{ grantId, dueAt: start }], next: { grantId, dueAt: start } };
    };
    expect(await world.sweep({ lanes: [lane], deadlineAt: world.now + minute })).toMatchObject({
      leftOver: 1,
    });
    expect(pages).toBe(1);
  });

  it('reports a lane that cannot be read, and goes on with the others', async () => {
    seed();
    const { due } = world.store;
    world.store.due = async (of, now, after) => {
      if (of === lane) return due(of, now, after);
      throw new RangeError('throttled');
    };
    expect(await world.sweep({ lanes: [lane, 16] })).toMatchObject({ due: 1, refreshed: 1, failed: 1 });
    expect(world.facts).toContainEqual({ type: 'unreadable-lane', lane: 16, error: 'RangeError' });
  });

  it('reports a lane whose further pages cannot be read, even if it is the only one', async () => {
    seed();
    world.store.due = async (_, __, after) => {
      if (after !== undefined) throw new RangeError('throttled');
      return { hints: [{ grantId, dueAt: start }], next: { grantId, dueAt: start } };
    };
    expect(await world.sweep({ lanes: [lane] })).toMatchObject({ refreshed: 1, failed: 1 });
  });

  it('puts a grant that it failed at aside for the shortest hold, and reports the kind of fault only', async () => {
    seed();
    world.onRefresh = () => {
      throw new RangeError('a token, perhaps');
    };
    world.store.writeFaults.push('fails');
    expect(await world.sweep()).toMatchObject({ ...nothing, due: 1, failed: 1 });
    expect(world.facts).toEqual([{ type: 'failed', grantId, error: 'Error' }]);
    expect(world.grant().dueAt).toBe(world.now + 30 * second);
  });

  it('goes on even when a grant that it failed at cannot be put aside: it stays due', async () => {
    seed();
    world.store.writeFaults.push('fails');
    world.store.postpone = async () => {
      throw new Error('the store is down');
    };
    expect(await world.sweep()).toMatchObject({ failed: 1 });
    expect(await world.sweep()).toMatchObject({ refreshed: 1 });
  });

  it('of a dry run puts nothing aside', async () => {
    seed();
    const { get } = world.store.grants;
    world.store.grants.get = async () => {
      throw new Error('throttled');
    };
    expect(await world.sweep({ dryRun: true })).toMatchObject({ failed: 1 });
    world.store.grants.get = get;
    expect(world.grant().dueAt).toBe(world.now - 3 * minute);
  });
});
