import { beforeEach, describe, expect, it } from 'vitest';
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
  underWay,
} from '../domain/grants.ts';
import { createWorld, everyLane, rotated, type World } from './world.ts';

let world: World;
const ids = Array.from({ length: 30 }, (_, i) => `grant-${String(i).padStart(2, '0')}`);
beforeEach(() => {
  world = createWorld();
  for (const [i, grantId] of ids.entries()) {
    world.store.seed(
      grantWith({
        grantId,
        ownerId: grantId,
        dueAt: start + 5 * day - i * minute,
        refreshAt: start + 5 * day - i * minute,
      }),
    );
  }
  world.now = start + 5 * day;
});

describe('a sweep', () => {
  it('refreshes every grant that is due and says how late it was', async () => {
    expect(await world.sweep()).toEqual({
      due: 30,
      oldestDueAgeMs: 29 * minute,
      refreshed: 30,
      deferred: 0,
      condemned: 0,
      skipped: 0,
      tended: 0,
      leftOver: 0,
      failed: 0,
    });
  });

  it('takes the earliest first', async () => {
    world = createWorld({ sweepConcurrency: 1 });
    for (const [i, grantId] of ids.entries()) {
      const tokens = { ...activeGrant.tokens, refreshToken: `refresh-${i}` } as never;
      world.store.seed(
        grantWith({
          grantId,
          ownerId: grantId,
          tokens,
          dueAt: start + 5 * day - i * minute,
          refreshAt: start,
        }),
      );
    }
    world.now = start + 5 * day;
    await world.sweep();
    expect(world.calls.map(({ token }) => token)).toEqual(ids.map((_, i) => `refresh-${29 - i}`));
  });

  it('works on so many at once and no more', async () => {
    let atOnce = 0;
    let most = 0;
    world.onRefresh = async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise(resolve => setImmediate(resolve));
      atOnce -= 1;
      return rotated(2);
    };
    await world.sweep();
    expect(most).toBe(settings.sweepConcurrency);
  });

  it('reads its lanes only', async () => {
    const lanes = [0, 1, 2, 3];
    const mine = ids.filter(grantId => lanes.includes(laneOf(grantId)));
    expect(mine.length).toBeGreaterThan(0);
    expect(await world.sweep({ lanes })).toMatchObject({ due: mine.length, refreshed: mine.length });
  });

  it('invoked twice at once makes no extra call', async () => {
    const reports = await Promise.all([
      world.sweep(),
      world.another().sweep({ lanes: everyLane, dryRun: false, deadlineAt: world.now + hour }),
    ]);
    expect(world.calls).toHaveLength(30);
    expect(reports.map(report => report.refreshed).reduce((a, b) => a + b)).toBe(30);
    expect(reports.map(report => report.failed)).toEqual([0, 0]);
  });

  it('stops in good time and leaves the rest, the latest, to the next round', async () => {
    world.onRefresh = () => {
      world.now += 9 * second;
      return rotated(2);
    };
    const first = await world.sweep({ deadlineAt: world.now + minute });
    expect(first.leftOver).toBeGreaterThan(0);
    expect(first.refreshed + first.leftOver).toBe(30);
    expect(world.grant('grant-29').generation).toBe(2);
    expect(world.grant('grant-00').generation).toBe(1);
    world.onRefresh = () => rotated(2);
    expect(await world.sweep()).toMatchObject({ due: first.leftOver, refreshed: first.leftOver });
  });

  it('of a dry run says what it would do, and does nothing', async () => {
    const before = ids.map(id => world.grant(id));
    expect(await world.sweep({ dryRun: true })).toMatchObject({ due: 30, refreshed: 30 });
    expect(ids.map(id => world.grant(id))).toEqual(before);
    expect(world.calls).toEqual([]);
  });

  it('leaves to others what they are at', async () => {
    world.store.seed(grantWith({ ...underWay(world.now), grantId: 'grant-00', dueAt: start + 5 * day }));
    expect(await world.sweep()).toMatchObject({ refreshed: 29, skipped: 1 });
  });

  it('goes on past a record that cannot be read, holds it and reports it', async () => {
    const { get } = world.store.grants;
    world.store.grants.get = async id => {
      if (id === 'grant-07') throw new UnreadableRecordError('strange');
      return get(id);
    };
    expect(await world.sweep()).toMatchObject({ refreshed: 29, failed: 1 });
    expect(world.facts).toContainEqual({ type: 'unreadable', grantId: 'grant-07' });
    expect(await world.sweep()).toMatchObject({ due: 0 });
    world.now += settings.maxHoldMs;
    expect(await world.sweep()).toMatchObject({ due: 1, failed: 1 });
  });

  it('goes on past a fault, and comes back to that grant soon', async () => {
    world.onRefresh = token => {
      if (world.calls.length === 3) throw new Error(`a bug that quotes ${token}`);
      return rotated(2);
    };
    expect(await world.sweep()).toMatchObject({ refreshed: 29, failed: 1 });
    expect(JSON.stringify(world.facts)).not.toContain('refresh-1');
    world.now += settings.leaseMs;
    expect(await world.sweep()).toMatchObject({ refreshed: 1 });
  });

  it('believes the record where the index is behind', async () => {
    const { due } = world.store;
    world.store.due = async (lane, now) => {
      const { hints } = await due(lane, now);
      return { hints: lane === laneOf('grant-00') ? [...hints, { grantId: 'gone', dueAt: start }] : hints };
    };
    world.store.seed(
      grantWith({ grantId: 'grant-00', ownerId: 'x', dueAt: start + 5 * day, refreshAt: start + 9 * day }),
    );
    expect(await world.sweep()).toMatchObject({ due: 31, refreshed: 29, skipped: 2 });
    expect(world.grant('grant-00').dueAt).toBe(start + 9 * day);
  });
});

describe('listing', () => {
  it('goes through every state, a page at a time', async () => {
    for (const [i, state] of (['reauthorize', 'revoking', 'revoked'] as const).entries()) {
      world.store.seed(grantWith({ grantId: `other-${i}`, ownerId: `o${i}`, state }));
    }
    const seen: string[] = [];
    let page = await world.keeper.listGrants(undefined, 7);
    for (;;) {
      seen.push(...page.grants.map(({ grantId }) => grantId));
      if (page.next === undefined) break;
      expect(page.grants).toHaveLength(7);
      page = await world.keeper.listGrants(undefined, 7, page.next);
    }
    expect(seen).toEqual([...ids, 'other-0', 'other-1', 'other-2']);
  });

  it('is short, and goes on from there, where the index names many grants that have changed since', async () => {
    let reads = 0;
    world.store.list = async () => ({ grants: [], next: `behind-${++reads}` });
    const page = await world.keeper.listGrants('active', 10);
    expect(page).toEqual({ grants: [], next: { state: 'active', after: `behind-${reads}` } });
  });

  it('of one state has that state only', async () => {
    world.store.seed(grantWith({ grantId: 'other', ownerId: 'o', state: 'reauthorize' }));
    expect(await world.keeper.listGrants('reauthorize', 10)).toMatchObject({
      grants: [{ grantId: 'other' }],
    });
  });
});
