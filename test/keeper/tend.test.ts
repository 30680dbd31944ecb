/** Events and verdicts: what subscribers hear, and what becomes of a grant that was refused. */
import { beforeEach, describe, expect, it } from 'vitest';
import {
  activeGrant,
  day,
  type GrantChange,
  grantWith,
  hour,
  minute,
  settings,
  start,
  withoutRefreshToken,
} from '../domain/grants.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.now = start + minute;
});

const { grantId } = activeGrant;
const seed = (change: GrantChange) => world.store.seed(grantWith({ dueAt: start, ...change }));

describe('an event', () => {
  const identity = {
    grantId,
    app: 'main',
    ownerId: '1001',
    connectionId: 'connection-1',
    generation: 1,
  };

  it('of a grant that needs its owner says which, and why', async () => {
    seed({
      state: 'reauthorize',
      announcement: 'Grant Needs Reauthorization',
      lastError: { code: 'OAU-211', at: start },
    });
    await world.sweep();
    expect(world.events).toEqual([
      {
        type: 'Grant Needs Reauthorization',
        detail: { ...identity, state: 'reauthorize', reason: 'OAU-211' },
      },
    ]);
  });

  it.each([
    ['Grant Recovered', 'active'],
    ['Grant Revoked', 'revoked'],
  ] as const)('"%s" gives no reason', async (announcement, state) => {
    seed({ state, announcement, lastError: { code: 'OAU-211', at: start } });
    await world.sweep();
    expect(world.events).toEqual([{ type: announcement, detail: { ...identity, state } }]);
  });

  it('gives no reason where none is known', async () => {
    seed({ state: 'reauthorize', announcement: 'Grant Needs Reauthorization' });
    await world.sweep();
    expect(world.events).toEqual([
      { type: 'Grant Needs Reauthorization', detail: { ...identity, state: 'reauthorize' } },
    ]);
  });

  it('that cannot be sent is reported, and the grant stays due for it, for as long as it has been', async () => {
    seed({ state: 'reauthorize', announcement: 'Grant Recovered' });
    const { dueAt } = world.grant();
    world.eventsFail = true;
    expect(await world.sweep()).toMatchObject({ tended: 1 });
    expect(world.facts).toContainEqual({ type: 'event-not-sent', grantId, event: 'Grant Recovered' });
    expect(world.grant()).toMatchObject({ announcement: 'Grant Recovered' });
    expect(world.grant().dueAt).toBe(dueAt);
    expect(world.store.history).toEqual([]);
  });

  it('that was sent is sent again if that could not be recorded', async () => {
    seed({ state: 'reauthorize', announcement: 'Grant Recovered' });
    world.store.writeFaults.push('fails');
    expect(await world.sweep()).toMatchObject({ failed: 1 });
    world.now += minute;
    expect(await world.sweep()).toMatchObject({ tended: 1 });
    expect(world.events.map(({ type }) => type)).toEqual(['Grant Recovered', 'Grant Recovered']);
    expect(world.grant()).not.toHaveProperty('announcement');
  });

  it('is one for each refresh where subscribers want that, and none otherwise', async () => {
    for (const refreshedEvents of [false, true]) {
      world = createWorld({ refreshedEvents });
      world.store.seed(activeGrant);
      world.now = start + 5 * day;
      await world.sweep();
      expect(world.events).toEqual(
        refreshedEvents
          ? [{ type: 'Grant Refreshed', detail: { grantId, generation: 2, strategy: 'weekly' } }]
          : [],
      );
    }
  });
});

describe('a verdict', () => {
  const refused: GrantChange = {
    refusal: { code: 'OAU-213', at: start },
    lastError: { code: 'OAU-213', at: start },
  };
  const doubt = (change: object = {}) =>
    world.store.standings.write('main', undefined, {
      name: 'main',
      failures: 1,
      refused: Array.from({ length: settings.refusalsToHoldApp }, (_, i) => `grant-${i}`),
      holdReason: 'many-grants-refused',
      ...change,
    });

  it('on a grant refused by itself condemns it, and is reported', async () => {
    seed(refused);
    expect(await world.sweep()).toMatchObject({ due: 1, condemned: 1 });
    expect(world.facts).toEqual([{ type: 'condemned', grantId, code: 'OAU-213' }]);
    expect(world.events).toMatchObject([{ type: 'Grant Needs Reauthorization' }]);
  });

  it('on one of many waits for the hold of the app and a round more, and is reported as none', async () => {
    seed(refused);
    await doubt({ holdUntil: start + hour });
    expect(await world.sweep()).toMatchObject({ condemned: 0 });
    expect(world.facts).toContainEqual({ type: 'absolved', grantId });
    expect(world.grant()).toMatchObject({
      state: 'active',
      holdUntil: start + hour + settings.sweepIntervalMs,
      absolvedAt: world.now,
    });
  });

  it('on one of many waits for a round from now where the hold of the app is over', async () => {
    seed(refused);
    await doubt({ holdUntil: start });
    await world.sweep();
    expect(world.grant().holdUntil).toBe(world.now + settings.sweepIntervalMs);
  });

  it('on a suspect that is refused again condemns it once the app has proved itself', async () => {
    seed({ ...refused, absolvedAt: start });
    await doubt({ holdUntil: start + hour, succeededAt: start + 1 });
    expect(await world.sweep()).toMatchObject({ condemned: 1 });
  });

  it('that is spared is reported by the one who spared it only', async () => {
    seed(refused);
    await doubt({ holdUntil: start + hour });
    world.store.writeFaults.push(() => seed({ absolvedAt: start }));
    await world.sweep();
    expect(world.facts.filter(({ type }) => type === 'absolved')).toEqual([]);
  });

  it('that somebody else has passed meanwhile is not passed twice', async () => {
    seed(refused);
    world.store.writeFaults.push(() => {
      seed({ state: 'reauthorize', announcement: undefined, dueAt: undefined });
    });
    await world.sweep();
    expect(world.facts).toEqual([]);
    expect(world.events).toEqual([]);
  });

  it('is not needed to end a grant without a refresh token', async () => {
    seed(withoutRefreshToken);
    world.now = start + hour;
    expect(await world.sweep()).toMatchObject({ condemned: 1 });
    expect(world.facts).toEqual([{ type: 'condemned', grantId, code: 'access-token-expired' }]);
    expect(world.events).toMatchObject([
      { type: 'Grant Needs Reauthorization', detail: { reason: 'access-token-expired' } },
    ]);
  });
});
