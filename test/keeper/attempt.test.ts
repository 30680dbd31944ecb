/** One attempt at a refresh: what is asked, recorded and reported, whatever fails around it. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { TokenAnswer } from '../../functions/domain/answer.ts';
import type { AppStanding } from '../../functions/domain/app.ts';
import {
  activeGrant,
  connection,
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
} from '../domain/grants.ts';
import { app, createWorld, rotated, type World } from './world.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.store.seed(activeGrant);
  world.now = start + 5 * day;
});

const { grantId } = activeGrant;
const limited: TokenAnswer = { kind: 'limited', code: 'CMN-301', retryAfterMs: minute };
const refused: TokenAnswer = { kind: 'refused', code: 'OAU-213' };
const wrongSecret: TokenAnswer = { kind: 'misconfigured', code: 'OAU-153' };
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'served',
    error => error.code ?? error.message,
  );
const reported = (type: string) => world.facts.filter(fact => fact.type === type);
const standAs = (standing: Partial<AppStanding>) =>
  world.store.standings.write('main', undefined, { name: 'main', failures: 0, refused: [], ...standing });
const standing = async () => (await world.store.standings.get('main'))?.value;
/** The store of app standings is down for so many writes. */
const standingsFail = (times: number) => {
  const { write } = world.store.standings;
  world.store.standings.write = async (...args) => {
    if (times-- > 0) throw new Error('the store is down');
    return write(...args);
  };
};

describe('a refresh is reported', () => {
  it('with its reason, its expiries and when the next is due', async () => {
    await world.sweep();
    expect(world.facts).toEqual([
      {
        type: 'refreshed',
        grantId,
        reason: 'due',
        strategy: 'weekly',
        generation: 2,
        replayed: false,
        accessExpiresAt: world.now + hour,
        refreshExpiresAt: world.now + 7 * day,
        dueAt: world.now + 5 * day,
      },
    ]);
  });

  it.each<[string, number | undefined]>([
    ['getter', undefined],
    ['reported', 1],
  ])('as wanted by a %s', async (reason, rejectedGeneration) => {
    world.now = reason === 'getter' ? start + hour : start + 10 * minute;
    await world.getToken(grantId, rejectedGeneration);
    expect(reported('refreshed')).toMatchObject([{ reason }]);
  });

  it('without what is not known', async () => {
    const { refreshExpiresAt: _, ...endless } = tokens;
    world.store.seed(grantWith({ tokens: endless }));
    world.onRefresh = () => ({
      kind: 'rotated',
      response: { accessToken: 'access-2', tokenType: 'bearer', accessLifetimeMs: hour },
    });
    await world.sweep();
    const [fact] = reported('refreshed');
    expect(fact).toBeDefined();
    expect(fact).not.toHaveProperty('refreshExpiresAt');
  });
});

describe('the expiries of a refresh', () => {
  it('are counted from before the attempt was written, however long that took', async () => {
    world.store.writeFaults.push(() => {
      world.now += 5 * second;
    });
    const before = world.now;
    expect(await world.getToken()).toMatchObject({ expiresAt: before + hour });
  });
});

describe('an attempt', () => {
  it('spends the token of the generation that was read, and of no other', async () => {
    const other: GrantChange = {
      generation: 2,
      tokens: { ...tokens, refreshToken: 'refresh-7' },
      sent: { at: world.now, by: 'dead' },
    };
    world.store.writeFaults.push(() => world.store.seed(grantWith(other)));
    expect(await world.getToken()).toMatchObject({ generation: 3, accessToken: 'access-8' });
    expect(world.calls.map(({ token }) => token)).toEqual(['refresh-7']);
  });

  it('ends with the lease that was written, and not later', async () => {
    await world.getToken();
    expect(world.store.history[0]?.attempt?.endsAt).toBe(world.now + settings.leaseMs);
  });

  it('is not begun by an invocation that ends before the lease, if its answer could not be stored any more', async () => {
    world.store.writeFaults.push(() => {
      world.now += 15 * second;
    });
    expect(await code(world.getToken())).toBe('refresh-pending');
    expect(world.calls).toEqual([]);
  });

  it('asks again with a new secret only while there is time', async () => {
    world.readApps = fresh => [fresh ? { ...app, clientSecret: 'new' } : app];
    world.onRefresh = () => {
      world.now += 10 * second;
      return wrongSecret;
    };
    expect(await code(world.getToken())).toBe('misconfigured');
    expect(world.calls).toHaveLength(1);
  });

  it.each<[TokenAnswer]>([[{ kind: 'unknown', code: 'timeout' }], [limited], [refused]])(
    'does not ask again with a new secret after any other answer: %j',
    async answer => {
      world.readApps = fresh => [fresh ? { ...app, clientSecret: 'new' } : app];
      world.onRefresh = () => answer;
      await code(world.getToken());
      expect(world.calls).toHaveLength(1);
    },
  );

  it('finds its app among several by the name', async () => {
    world.apps = [{ ...app, name: 'other', clientId: 'other-client' }, app];
    expect(await world.getToken()).toMatchObject({ generation: 2 });
  });

  it('does not ask again where the apps cannot be read again, or the app is there no more', async () => {
    world.onRefresh = () => wrongSecret;
    world.readApps = fresh => {
      if (fresh) throw new Error('denied');
      return [app];
    };
    expect(await code(world.getToken())).toBe('misconfigured');
    expect(world.calls).toHaveLength(1);
  });

  it('tries the app as it is now where the one that is known does not fit', async () => {
    world.readApps = fresh => (fresh ? [app] : []);
    expect(await world.getToken()).toMatchObject({ generation: 2 });
  });
});

describe('a grant whose app is gone', () => {
  it('is held, longer each time, and nobody else’s new connection with it', async () => {
    world.apps = [];
    world.store.seed(grantWith({ failures: 1 }));
    await world.sweep();
    expect(world.grant().holdUntil).toBe(world.now + minute);
    world.store.seed(activeGrant);
    const anew = grantWith({ generation: 2, connectionId: 'connection-2' });
    world.store.writeFaults.push(() => world.store.seed(anew));
    await world.sweep();
    expect(world.grant()).not.toHaveProperty('holdUntil');
  });
});

describe('an answer that settles nothing', () => {
  it('is reported with the hold that it brings', async () => {
    world.onRefresh = () => limited;
    await world.sweep();
    expect(world.facts).toEqual([
      {
        type: 'deferred',
        grantId,
        code: 'CMN-301',
        holdUntil: world.now + minute + settings.maxClockSkewMs,
      },
    ]);
  });

  it('is reported as a fault of the configuration where it is one, with the longer of both holds', async () => {
    await standAs({ failures: 3 });
    world.onRefresh = () => wrongSecret;
    await world.sweep();
    expect(reported('misconfigured')).toEqual([
      { type: 'misconfigured', app: 'main', code: 'OAU-153', grantId },
    ]);
    expect(reported('deferred')).toMatchObject([{ holdUntil: world.now + 5 * minute }]);
  });

  it('of one grant holds no app where limits are per grant', async () => {
    world.onRefresh = () => limited;
    await world.sweep();
    expect(await standing()).toBeUndefined();
  });

  it('gives the attempt back even if it cannot be recorded on the app', async () => {
    standingsFail(1000);
    world.onRefresh = () => wrongSecret;
    expect(await code(world.getToken())).toBe('misconfigured');
    expect(world.grant()).toMatchObject({ failures: 1 });
    expect(world.grant()).not.toHaveProperty('attempt');
  });

  it('is recorded on the app though its store fails at first', async () => {
    standingsFail(3);
    world.onRefresh = () => wrongSecret;
    await code(world.getToken());
    expect(await standing()).toMatchObject({ holdReason: 'OAU-153' });
  });

  it('is reported by nobody whose attempt is over', async () => {
    world.onRefresh = () => {
      world.store.seed({ ...world.grant(), ...(underWay(world.now) as object) });
      return { kind: 'unknown', code: 'timeout' };
    };
    await world.sweep();
    expect(reported('deferred')).toEqual([]);
    expect(world.grant().attempt?.id).toBe('other');
  });
});

describe('a success', () => {
  it('proves the app good', async () => {
    await standAs({ failures: 2, refused: ['a'], holdUntil: start });
    await world.sweep();
    expect(await standing()).toMatchObject({ failures: 0, refused: [], succeededAt: world.now });
  });

  it('is served even if that cannot be recorded', async () => {
    await standAs({ failures: 2, holdUntil: start });
    standingsFail(1);
    expect(await world.getToken()).toMatchObject({ generation: 2 });
  });
});

describe('a refusal', () => {
  it('is noted on the app before the grant, and both are tried again where the store fails', async () => {
    world.onRefresh = () => refused;
    standingsFail(2);
    world.store.writeFaults.push(undefined, 'fails');
    await world.sweep();
    expect(world.grant()).toMatchObject({ refusal: { code: 'OAU-213' } });
    expect(await standing()).toMatchObject({ refused: [grantId] });
    expect(reported('refused')).toEqual([{ type: 'refused', grantId, code: 'OAU-213' }]);
  });

  it('of a token that was replaced meanwhile is reported by nobody', async () => {
    world.onRefresh = () => {
      world.store.seed(grantWith({ generation: 2 }));
      return refused;
    };
    expect(await world.sweep()).toMatchObject({ skipped: 1, failed: 0 });
    expect(reported('refused')).toEqual([]);
    expect(world.grant()).not.toHaveProperty('refusal');
  });
});

describe('a late answer', () => {
  it('that may not be stored is kept to be ended, and reported', async () => {
    world.onRefresh = async () => {
      await world.keeper.putGrant(grantId, {
        response: { ...connection.response, ownerId: '1001' },
        importHash: 'other',
        ifGeneration: 1,
      });
      return rotated(7);
    };
    await code(world.getToken());
    expect(reported('late-answer-retired')).toEqual([{ type: 'late-answer-retired', grantId }]);
    expect(world.grant().retired.map(({ token }) => token)).toContain('refresh-7');
  });

  it('that is not kept is reported by nobody', async () => {
    world.onRefresh = () => {
      world.store.seed(grantWith({ generation: 2, tokens: { ...tokens, accessToken: 'theirs' } }));
      return rotated(2);
    };
    expect(await world.sweep()).toMatchObject({ skipped: 1, failed: 0 });
    expect(reported('late-answer-retired')).toEqual([]);
    expect(reported('refreshed')).toEqual([]);
  });

  it('that another worker has stored already is served, and reported once', async () => {
    world.onRefresh = async () => {
      const { attempt: _, sent: __, ...rest } = world.grant();
      const answer = rotated(2);
      if (answer.kind !== 'rotated') return answer;
      world.store.seed({
        ...rest,
        generation: 2,
        tokens: { ...tokens, accessToken: 'access-2', accessExpiresAt: world.now + hour },
        cacheUntil: world.now + minute,
      });
      return answer;
    };
    expect(await world.getToken()).toMatchObject({ accessToken: 'access-2', generation: 2 });
    expect(reported('refreshed')).toEqual([]);
  });
});

describe('a suspect', () => {
  const doubted: Partial<AppStanding> = {
    refused: Array.from({ length: settings.refusalsToHoldApp }, (_, i) => `grant-${i}`),
    holdReason: 'many-grants-refused',
  };

  it('waits a round longer than others while its app is held', async () => {
    await standAs({ ...doubted, holdUntil: world.now + minute });
    world.store.seed(grantWith({ absolvedAt: start }));
    await world.sweep();
    expect(world.grant().dueAt).toBe(world.now + minute + settings.sweepIntervalMs);
    world.store.seed(activeGrant);
    await world.sweep();
    expect(world.grant().dueAt).toBe(world.now + minute);
    expect(world.calls).toEqual([]);
  });

  it('asks for all of them when the hold is over, one at a time', async () => {
    await standAs({ ...doubted, holdUntil: world.now });
    for (const id of ['a', 'b']) {
      world.store.seed(grantWith({ grantId: id, ownerId: id, absolvedAt: start }));
    }
    world.store.seed(grantWith({ dueAt: undefined }));
    world.onRefresh = () => refused;
    expect(await world.sweep()).toMatchObject({ due: 2, tended: 1, deferred: 1 });
    expect(world.calls).toHaveLength(1);
  });

  it('is a suspect no more once the app has proved itself', async () => {
    await standAs({ ...doubted, holdUntil: world.now, succeededAt: start + 1 });
    world.store.seed(grantWith({ absolvedAt: start }));
    expect(await world.sweep()).toMatchObject({ refreshed: 1 });
    expect(await standing()).not.toHaveProperty('probeUntil');
  });

  it('needs nobody’s leave where the app is in doubt no more', async () => {
    await standAs({ holdUntil: world.now });
    world.store.seed(grantWith({ absolvedAt: start }));
    await world.sweep();
    expect(await standing()).not.toHaveProperty('probeUntil');
  });

  it('is unlike any other grant, which asks as ever', async () => {
    await standAs({ ...doubted, holdUntil: world.now, probeUntil: world.now });
    expect(await world.sweep()).toMatchObject({ refreshed: 1 });
  });
});
