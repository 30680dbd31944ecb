/** What a getter is given and told, and how long it waits. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { KeeperError } from '../../functions/keeper/errors.ts';
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
  tokens,
  underWay,
  withoutRefreshToken,
} from '../domain/grants.ts';
import { app, createWorld, rotated, type World } from './world.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.store.seed(activeGrant);
  world.now = start + minute;
});

const refusal = (promise: Promise<unknown>): Promise<KeeperError> =>
  promise.then(
    () => {
      throw new Error('it was served');
    },
    error => error,
  );
/** Waits of getters, each as long as it was. */
const recordWaits = (): number[] => {
  const waits: number[] = [];
  let before = world.now;
  world.onSleep = () => {
    waits.push(world.now - before);
    before = world.now;
  };
  return waits;
};
const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);

describe('a served token', () => {
  it('says all that its user needs, and nothing else', async () => {
    world.store.seed(grantWith({ tokens: { ...tokens, scope: 'ReadCallLog' } }));
    expect(await world.getToken()).toEqual({
      grantId: activeGrant.grantId,
      accessToken: 'access-1',
      tokenType: 'bearer',
      expiresAt: start + hour,
      cacheUntil: activeGrant.cacheUntil,
      generation: 1,
      scope: 'ReadCallLog',
      server: activeGrant.server,
    });
  });

  it('comes from what was just stored, without reading it again', async () => {
    let reads = 0;
    const { get } = world.store.grants;
    world.store.grants.get = id => {
      reads += 1;
      return get(id);
    };
    world.now = start + hour;
    expect(await world.getToken()).toMatchObject({ generation: 2 });
    expect(reads).toBe(1);
  });

  it('has no scope where the provider named none', async () => {
    expect(await world.getToken()).not.toHaveProperty('scope');
  });
});

describe('a getter is told', () => {
  const expectRefusal = async (change: GrantChange, time: number, expected: object, rejected?: number) => {
    world.store.seed(grantWith(change));
    world.now = start + time;
    expect(await refusal(world.getToken(activeGrant.grantId, rejected))).toMatchObject(expected);
  };

  it('that there is no such grant, without its id', async () => {
    const error = await refusal(world.getToken('nobody'));
    expect(error).toMatchObject({ name: 'KeeperError', code: 'grant-not-found' });
    expect(error.message).toBe('There is no such grant. Connect the account or import its tokens first.');
    expect(await refusal(world.keeper.getGrant('nobody'))).toMatchObject({ code: 'grant-not-found' });
  });

  it('that the grant was revoked', () =>
    expectRefusal({ state: 'revoked', tokens: undefined }, minute, {
      code: 'grant-revoked',
      message: 'The grant was revoked. Connect the account again to use it.',
    }));

  it('that the owner must authorise again, and why', async () => {
    const condemned: GrantChange = { state: 'reauthorize', lastError: { code: 'OAU-213', at: start } };
    await expectRefusal(condemned, minute, {
      code: 'reauthorization-required',
      message: "The account's owner must authorise again (OAU-213).",
    });
    await expectRefusal({ state: 'reauthorize' }, minute, {
      message: "The account's owner must authorise again (refused by the provider).",
    });
    await expectRefusal(withoutRefreshToken, hour - second, {
      message: "The account's owner must authorise again (no-refresh-token).",
    });
  });

  it('that a report came too soon, and when it may come again', () =>
    expectRefusal(
      {},
      20 * second,
      {
        code: 'refresh-limited',
        message: expect.stringContaining('reported as rejected too soon or too often'),
        retryAfterMs: settings.minTokenAgeMs - 20 * second,
      },
      1,
    ));

  it('why the provider cannot be asked, and until when', async () => {
    const held = { holdUntil: start + 2 * hour };
    await expectRefusal({ ...held, lastError: { code: 'http-503', at: start } }, hour, {
      code: 'provider-unavailable',
      message: 'The provider cannot be asked now (http-503).',
      retryAfterMs: hour,
    });
    await expectRefusal(held, hour, { message: 'The provider cannot be asked now (on hold).' });
    await expectRefusal({ ...held, lastError: { code: 'OAU-153', at: start } }, hour, {
      code: 'misconfigured',
      message:
        "The provider refuses this grant's app (OAU-153). Check its client id, secret and server in the apps secret.",
      retryAfterMs: hour,
    });
  });

  it('the same by an answer that has just come', async () => {
    world.now = start + hour;
    world.onRefresh = () => ({ kind: 'unknown', code: 'timeout' });
    expect(await refusal(world.getToken())).toMatchObject({
      code: 'provider-unavailable',
      message: 'The provider cannot be asked now (timeout).',
      retryAfterMs: 30 * second,
    });
  });

  it('to come back in a moment when the invocation ends too soon for a refresh', async () => {
    world.now = start + hour;
    const deadlineAt = world.now + settings.providerTimeoutMs + settings.commitBudgetMs - 1;
    const request = { minTtlMs: 0 };
    expect(await refusal(world.keeper.getToken(activeGrant.grantId, request, deadlineAt))).toMatchObject({
      code: 'refresh-pending',
      message: 'A refresh of this grant is under way.',
      retryAfterMs: second,
    });
  });
});

describe('a getter that finds a refresh under way', () => {
  beforeEach(() => {
    world.now = start + 50 * minute;
    world.store.seed(grantWith(underWay(world.now)));
  });

  it('looks again, less and less often, until its budget is spent, and is told when the other one must be done', async () => {
    const waits = recordWaits();
    const until = world.now + settings.leaseMs;
    const error = await refusal(world.getToken());
    expect(waits.slice(0, 6)).toEqual([50, 100, 200, 400, 500, 500]);
    expect(sum(waits)).toBeLessThanOrEqual(settings.waitBudgetMs);
    expect(sum(waits)).toBeGreaterThan(settings.waitBudgetMs - 500);
    expect(error).toMatchObject({ code: 'refresh-pending', retryAfterMs: until - world.now });
    expect(world.calls).toEqual([]);
  });

  it('waits no longer than its invocation lets it', async () => {
    const waits = recordWaits();
    const waitUntil = world.now + 2 * second;
    const deadlineAt = waitUntil + settings.commitBudgetMs / 2;
    await refusal(world.keeper.getToken(activeGrant.grantId, { minTtlMs: 0 }, deadlineAt));
    expect(world.now).toBeLessThanOrEqual(waitUntil);
    expect(sum(waits)).toBeGreaterThan(second);
  });

  it('is told a second at least, even if the other one must be done sooner', async () => {
    world.now += settings.leaseMs - settings.waitBudgetMs - 100;
    expect(await refusal(world.getToken())).toMatchObject({ code: 'refresh-pending', retryAfterMs: second });
  });

  it('is served what the other one brings', async () => {
    world.onSleep = () => {
      world.onSleep = () => {};
      world.store.seed(
        grantWith({
          generation: 2,
          tokens: { ...tokens, accessToken: 'theirs', accessExpiresAt: world.now + hour },
          cacheUntil: world.now + 30 * minute,
        }),
      );
    };
    expect(await world.getToken()).toMatchObject({ accessToken: 'theirs', generation: 2 });
    expect(world.calls).toEqual([]);
  });
});

describe('a getter', () => {
  it('is told to come back where the record has no tokens: nothing that it could do would mend that', async () => {
    world.store.seed(grantWith({ tokens: undefined, refreshAt: undefined, dueAt: undefined }));
    expect(await refusal(world.getToken())).toMatchObject({ code: 'refresh-pending', retryAfterMs: second });
    expect(world.store.history).toEqual([]);
  });

  it('does not lose patience with others who take the attempt and give it back', async () => {
    world.now = start + hour;
    for (let i = 0; i < 3; i += 1) {
      world.store.writeFaults.push(() => {
        world.store.seed(grantWith({ attempt: { id: 'other', endsAt: world.now + minute } }));
        world.onSleep = () => world.store.seed(activeGrant);
      });
    }
    expect(await world.getToken()).toMatchObject({ generation: 2 });
  });

  it('waits out the skew of the clocks at the end of a promise, and then refreshes', async () => {
    world.now = activeGrant.cacheUntil;
    expect(await world.getToken()).toMatchObject({ generation: 2 });
    expect(world.calls[0]?.at).toBeGreaterThanOrEqual(activeGrant.cacheUntil + settings.maxClockSkewMs);
  });

  it('does not refresh for ever where tokens are dead on arrival', async () => {
    world.now = start + hour;
    world.onRefresh = () => {
      const answer = rotated(2 + world.calls.length);
      return answer.kind === 'rotated'
        ? { ...answer, response: { ...answer.response, accessLifetimeMs: 0 } }
        : answer;
    };
    expect(await refusal(world.getToken())).toMatchObject({ code: 'refresh-pending', retryAfterMs: 500 });
    expect(world.calls).toHaveLength(2);
  });

  it('has a new grant confirmed and is served, whether the sweep has come or not', async () => {
    world.store.seed(grantWith({ claimed: false, dueAt: start + 9 * day }));
    expect(await world.getToken()).toMatchObject({ accessToken: 'access-1' });
  });

  it('has a grant without a refresh token ended with its access token, and is told so', async () => {
    world.store.seed(grantWith(withoutRefreshToken));
    world.now = start + hour;
    expect(await refusal(world.getToken())).toMatchObject({
      code: 'reauthorization-required',
      message: "The account's owner must authorise again (access-token-expired).",
    });
    expect(world.facts).toContainEqual({
      type: 'condemned',
      grantId: activeGrant.grantId,
      code: 'access-token-expired',
    });
  });

  it('whose refresh somebody else begins first waits for that one', async () => {
    world.now = start + hour;
    world.store.writeFaults.push(() => {
      world.store.seed(grantWith(underWay(world.now)));
    });
    const waits = recordWaits();
    expect(await refusal(world.getToken())).toMatchObject({ code: 'refresh-pending' });
    expect(waits.length).toBeGreaterThan(5);
    expect(world.calls).toEqual([]);
  });

  it("of an app that is held is told why, and until when, from the app's standing", async () => {
    await world.store.standings.write(app.name, undefined, {
      name: app.name,
      failures: 1,
      refused: [],
      holdUntil: start + 2 * hour,
      holdReason: 'OAU-146',
    });
    world.now = start + hour;
    expect(await refusal(world.getToken())).toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining('(OAU-146)'),
      retryAfterMs: hour,
    });
    expect(world.calls).toEqual([]);
    expect(world.store.history).toEqual([]);
  });
});

it('a grant is shown as it is stored', async () => {
  expect(await world.keeper.getGrant(activeGrant.grantId)).toEqual(activeGrant);
});
