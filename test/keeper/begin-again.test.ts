/** A worker whose first write landed unheard, and that decides again after somebody else has asked the provider. */
import { expect, it } from 'vitest';
import { activeGrant, grantWith, minute, second, settings, start } from '../domain/grants.ts';
import { app, createWorld, rotated, type World } from './world.ts';

/** The next write of a grant lands, its answer is lost, and the client's second try fails on it after `meanwhile`. */
const loseTheAnswerOfTheNextWrite = (world: World, meanwhile: () => Promise<void>): void => {
  const records = world.store.grants;
  const { write } = records;
  const unheard: typeof write = async (id, previous, next) => {
    Object.assign(records, { write });
    const landed = await write(id, previous, next);
    await meanwhile();
    const current = await records.get(id);
    const own = landed.ok && current?.nonce === landed.stored.nonce;
    return own ? landed : { ok: false, current };
  };
  Object.assign(records, { write: unheard });
};

it('serves nobody after a penalty, if another worker asked between the two tries to begin', async () => {
  const world = createWorld();
  const due = start + 46 * minute;
  world.now = due;
  world.store.seed(grantWith({ refreshAt: due, dueAt: due, strategy: 'hourly' }));
  let current = 'access-1';
  loseTheAnswerOfTheNextWrite(world, async () => {
    world.now += settings.leaseMs + second;
    world.onRefresh = () => {
      current = 'access-2';
      return { kind: 'unknown', code: 'timeout' };
    };
    await world
      .another()
      .getToken(activeGrant.grantId, { minTtlMs: 0 }, world.now + 29 * second)
      .catch(() => undefined);
    world.now = (world.grant().holdUntil ?? 0) + second;
    world.onRefresh = () => ({ kind: 'limited', code: 'CMN-301', retryAfterMs: minute });
  });
  await world.sweep();

  expect(current).toBe('access-2');
  expect(world.grant().sent).toBeDefined();
  await expect(world.getToken()).rejects.toThrow();

  world.now = (world.grant().holdUntil ?? 0) + second;
  world.onRefresh = () => rotated(2);
  expect((await world.getToken()).accessToken).toBe('access-2');
  expect(world.calls.at(-1)).toMatchObject({ token: 'refresh-1', clientSecret: app.clientSecret });
});
