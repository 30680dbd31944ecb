/** What the keeper knows of an app's standing, and how often it asks. */
import { beforeEach, describe, expect, it } from 'vitest';
import { type AppStanding, goodStanding } from '../../functions/domain/app.ts';
import { UnreadableRecordError } from '../../functions/keeper/ports.ts';
import { createStandings, type Standings } from '../../functions/keeper/standings.ts';
import { activeGrant, grantWith, hour, minute, second, settings, start } from '../domain/grants.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let reads: number;
let writes: number;
beforeEach(() => {
  world = createWorld();
  reads = 0;
  writes = 0;
  const { get, write } = world.store.standings;
  world.store.standings.get = id => {
    reads += 1;
    return get(id);
  };
  world.store.standings.write = (id, previous, next) => {
    writes += 1;
    return write(id, previous, next);
  };
});

/** Another process: a cache of its own on the same store. */
const standings = (): Standings => createStandings(world.ports());
const stored = async () => (await world.store.standings.get('main'))?.value;
const wrongSecret = { kind: 'misconfigured', code: 'OAU-153' } as const;
const refuseMany = async (to: Standings): Promise<AppStanding> => {
  let standing = goodStanding('main');
  for (let i = 0; i < settings.refusalsToHoldApp; i += 1) {
    standing = await to.refused(grantWith({ grantId: `grant-${i}` }));
  }
  return standing;
};

describe("an app's standing", () => {
  it('is good where nothing is known of it', async () => {
    expect(await standings().current('main')).toEqual(goodStanding('main'));
  });

  it('is read again when what is known is as old as it may be, and not before', async () => {
    const mine = standings();
    await mine.cached('main');
    await standings().hold('main', wrongSecret);
    reads = 0;
    world.now += settings.appHoldCacheMs - 1;
    expect(await mine.cached('main')).not.toHaveProperty('holdUntil');
    expect(reads).toBe(0);
    world.now += 1;
    expect(await mine.cached('main')).toHaveProperty('holdUntil');
    expect(reads).toBe(1);
  });

  it('is known at once to the process that changed it', async () => {
    const mine = standings();
    await mine.hold('main', wrongSecret);
    reads = 0;
    expect(await mine.cached('main')).toMatchObject({ holdUntil: start + 30 * second });
    expect(reads).toBe(0);
  });

  it('is kept for each app by itself', async () => {
    const mine = standings();
    await mine.hold('main', wrongSecret);
    expect(await mine.cached('other')).toEqual(goodStanding('other'));
  });

  it('that is held is reported when the hold begins, and not again while it lasts', async () => {
    const mine = standings();
    await mine.hold('main', wrongSecret);
    await mine.hold('main', { kind: 'limited', code: 'CMN-301', retryAfterMs: 10 * minute });
    expect(world.facts).toEqual([
      { type: 'app-held', app: 'main', code: 'OAU-153', holdUntil: start + 30 * second },
    ]);
    world.now += hour;
    await mine.hold('main', wrongSecret);
    expect(world.facts).toHaveLength(2);
  });

  it('is not written for what it says already', async () => {
    const mine = standings();
    await mine.hold('main', wrongSecret);
    expect(writes).toBe(1);
    expect(await mine.hold('main', wrongSecret)).toMatchObject({ failures: 1 });
    expect(writes).toBe(1);
  });

  it('is written only where a success changes it', async () => {
    const mine = standings();
    await mine.succeeded('main');
    await mine.succeeded('main');
    expect([reads, writes]).toEqual([1, 0]);
    await mine.hold('main', wrongSecret);
    world.now += hour;
    await mine.succeeded('main');
    expect(await stored()).toMatchObject({ failures: 0, succeededAt: world.now });
    writes = 0;
    await mine.succeeded('main');
    expect(writes).toBe(0);
  });

  it('in doubt lets one process ask, and tells the others apart from it', async () => {
    await refuseMany(standings());
    world.now += hour;
    expect(await standings().mayProbe('main')).toBe(true);
    expect(await standings().mayProbe('main')).toBe(false);
    world.now += settings.leaseMs;
    expect(await standings().mayProbe('main')).toBe(true);
  });

  it('in doubt says so when it is held for that', async () => {
    const standing = await refuseMany(standings());
    expect(standing).toMatchObject({ holdReason: 'many-grants-refused', holdUntil: start + 30 * second });
    expect(world.facts).toEqual([
      { type: 'app-held', app: 'main', code: 'many-grants-refused', holdUntil: start + 30 * second },
    ]);
  });

  it('that cannot be read is taken for good, and reported', async () => {
    world.store.standings.get = async () => {
      throw new UnreadableRecordError('strange');
    };
    const mine = standings();
    expect(await mine.current('main')).toEqual(goodStanding('main'));
    expect(await mine.hold('main', wrongSecret)).toEqual(goodStanding('main'));
    expect(await mine.mayProbe('main')).toBe(false);
    expect(world.facts[0]).toEqual({ type: 'unreadable-standing', app: 'main' });
  });

  it('is an error where the store is down: nobody may be asked without it', async () => {
    world.store.standings.get = async () => {
      throw new Error('throttled');
    };
    await expect(standings().cached('main')).rejects.toThrow('throttled');
    await expect(standings().refused(activeGrant)).rejects.toThrow('throttled');
  });
});
