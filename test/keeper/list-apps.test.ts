/** Apps as an operator sees them: without secrets, with the holds that last. */
import { beforeEach, describe, expect, it } from 'vitest';
import { activeGrant } from '../domain/grants.ts';
import { app, createWorld, type World } from './world.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
});

const summary = {
  name: 'main',
  server: activeGrant.server,
  clientId: activeGrant.clientId,
  public: false,
  refused: 0,
};

const standing = { name: 'main', failures: 2, refused: [] };
const seed = (change: object) => world.store.standings.write('main', undefined, { ...standing, ...change });

describe('the apps', () => {
  it('are those of the secret, without their own secrets', async () => {
    const { clientSecret: _none, ...open } = { ...app, name: 'open', clientId: 'spa' };
    world.apps = [app, open];
    expect(await world.keeper.listApps()).toStrictEqual([
      summary,
      { ...summary, name: 'open', clientId: 'spa', public: true },
    ]);
    expect(JSON.stringify(await world.keeper.listApps())).not.toContain(app.clientSecret);
  });

  it('are read anew, whatever is cached', async () => {
    const reads: boolean[] = [];
    world.readApps = fresh => {
      reads.push(fresh);
      return [app];
    };
    await world.keeper.listApps();
    expect(reads).toEqual([true]);
  });

  it('show a hold while it lasts, and why', async () => {
    const holdUntil = world.now + 1000;
    await seed({ holdUntil, holdReason: 'OAU-153' });
    expect(await world.keeper.listApps()).toStrictEqual([{ ...summary, holdUntil, holdReason: 'OAU-153' }]);
    world.now = holdUntil;
    expect(await world.keeper.listApps()).toStrictEqual([summary]);
  });

  it('are held while one grant asks for all', async () => {
    const probeUntil = world.now + 1000;
    await seed({ probeUntil });
    expect(await world.keeper.listApps()).toStrictEqual([{ ...summary, holdUntil: probeUntil }]);
  });

  it('say how many different grants were refused in a row', async () => {
    await seed({ refused: ['a', 'b'] });
    expect(await world.keeper.listApps()).toStrictEqual([{ ...summary, refused: 2 }]);
  });

  it.each([
    [Object.assign(new Error('"apps" is empty'), { name: 'ConfigurationError' }), /"apps" is empty/],
    [Object.assign(new Error('secret-text'), { name: 'AccessDeniedException' }), /\(AccessDeniedException\)/],
  ])('cannot be listed while the secret is unreadable: %s', async (error, message) => {
    world.apps = error;
    await expect(world.keeper.listApps()).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringMatching(message),
    });
    await expect(world.keeper.listApps()).rejects.toMatchObject({
      message: expect.not.stringContaining('secret-text'),
    });
  });
});
