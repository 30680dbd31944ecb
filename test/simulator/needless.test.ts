import { describe, expect, it } from 'vitest';
import { ada, bob, confidential, createWorld, MINUTE, refreshRequest, type World } from './harness.ts';

const started = (over: Parameters<typeof createWorld>[0] = {}) => {
  const world = createWorld(over);
  return { world, first: world.login().tokens };
};

const counts = (world: World) => world.provider.stats().counts;

const send = (world: World, token: string | undefined) => world.provider.arrive(refreshRequest(token));

/** Processed, and the answer lost. */
const lose = (world: World, token: string | undefined) => {
  const exchange = send(world, token);
  const answer = exchange.process();
  exchange.settle('lost');
  return JSON.parse(answer.body);
};

describe('no request is needless', () => {
  it('when each refresh presents the token of the answer before', () => {
    const { world, first } = started();
    const second = world.refresh(first.refresh_token).tokens;
    world.refresh(second.refresh_token);
    expect(counts(world)).toMatchObject({ tokenRequests: 3, issued: 1, refreshed: 2, needless: 0 });
  });

  it('when a spent token is presented again after its answer was lost', () => {
    const { world, first } = started();
    lose(world, first.refresh_token);
    expect(world.refresh(first.refresh_token).status).toBe(200);
    expect(counts(world)).toMatchObject({
      replayed: 1,
      replaysAfterLoss: 1,
      replaysAfterDelivery: 0,
      needless: 0,
    });
    expect(world.provider.log().at(-1)).toMatchObject({
      outcome: 'replayed',
      replay: true,
      delivery: 'delivered',
    });
  });

  it('when the replay is lost as well', () => {
    const { world, first } = started();
    lose(world, first.refresh_token);
    lose(world, first.refresh_token);
    world.refresh(first.refresh_token);
    expect(counts(world)).toMatchObject({ replaysAfterLoss: 2, needless: 0 });
  });

  it('when the client gave up before a slow request was processed, and asked again', () => {
    const { world, first } = started();
    const slow = send(world, first.refresh_token);
    slow.settle('lost');
    const second = world.refresh(first.refresh_token).tokens;
    expect(JSON.parse(slow.process().body).access_token).toBe(second.access_token);
    expect(counts(world)).toMatchObject({ refreshed: 1, replayed: 1, concurrentRefreshes: 0, needless: 0 });
    world.refresh(first.refresh_token);
    expect(counts(world)).toMatchObject({ replaysAfterDelivery: 1, needless: 1 });
  });

  it('when a crash was declared', () => {
    const { world, first } = started();
    world.refresh(first.refresh_token);
    expect(world.provider.forgiveNext(first.session_id)).toBe(1);
    world.refresh(first.refresh_token);
    expect(counts(world)).toMatchObject({ replaysAfterLoss: 1, replaysAfterDelivery: 0, needless: 0 });
  });

  it('when the replay after a declared crash is lost', () => {
    const { world, first } = started();
    world.refresh(first.refresh_token);
    world.provider.forgiveNext(first.session_id);
    lose(world, first.refresh_token);
    world.refresh(first.refresh_token);
    expect(counts(world)).toMatchObject({ replaysAfterLoss: 2, needless: 0 });
  });

  it('when what was refused has been cured since: the first refusal counts anew', () => {
    const { world, first } = started();
    for (let i = 0; i < 2; i++) {
      world.provider.disableUser(ada.ownerId);
      world.refresh(first.refresh_token);
      world.provider.enableUser(ada.ownerId);
    }
    expect(counts(world)).toMatchObject({ refusedRefreshes: 2, needless: 0 });
  });

  it('when a session that had refused a stale token is refreshed, and later refuses for good', () => {
    const { world, first } = started();
    const second = lose(world, first.refresh_token);
    world.advance(61 * MINUTE);
    world.refresh(first.refresh_token);
    const third = world.refresh(second.refresh_token).tokens;
    world.provider.endSessions(ada.ownerId);
    world.refresh(third.refresh_token);
    expect(counts(world)).toMatchObject({ refusedRefreshes: 2, needless: 0 });
  });

  it('when it is the request that started the penalty, or was on its way before anybody could know', () => {
    const { world, first } = started({ rateLimitScope: 'user', rateLimitRequests: 1 });
    const limited = send(world, first.refresh_token);
    limited.process();
    limited.settle('lost');
    expect(world.refresh(first.refresh_token).status).toBe(429);
    expect(counts(world)).toMatchObject({ limited: 2, inPenalty: 0, needless: 0 });
  });
});

describe('a request is needless', () => {
  it('that presents a spent token after its answer was delivered', () => {
    const { world, first } = started();
    world.refresh(first.refresh_token);
    world.refresh(first.refresh_token);
    expect(counts(world)).toMatchObject({
      replayed: 1,
      replaysAfterLoss: 0,
      replaysAfterDelivery: 1,
      needless: 1,
    });
    expect(world.provider.log().at(-1)?.needless).toBe('replay-after-delivery');
    expect(world.events.at(-1)).toMatchObject({ type: 'replayed', needless: 'replay-after-delivery' });
  });

  it('that does so after the window, too', () => {
    const { world, first } = started();
    world.refresh(first.refresh_token);
    world.advance(61 * MINUTE);
    world.refresh(first.refresh_token);
    expect(counts(world)).toMatchObject({ refusedRefreshes: 1, replaysAfterDelivery: 1, needless: 1 });
  });

  it('that replays once more after a delivered replay', () => {
    const { world, first } = started();
    lose(world, first.refresh_token);
    world.refresh(first.refresh_token);
    world.refresh(first.refresh_token);
    expect(counts(world)).toMatchObject({ replaysAfterLoss: 1, replaysAfterDelivery: 1, needless: 1 });
  });

  it('that presents an older token although its lost answer must have been learnt since', () => {
    const { world, first } = started();
    const second = lose(world, first.refresh_token);
    world.refresh(second.refresh_token);
    world.refresh(first.refresh_token);
    expect(counts(world)).toMatchObject({ replaysAfterDelivery: 1, refusedRefreshes: 1, needless: 1 });
  });

  it('that is sent while another refresh of the session is in flight', () => {
    const { world, first } = started();
    const [a, b] = [send(world, first.refresh_token), send(world, first.refresh_token)];
    for (const exchange of [a, b]) {
      exchange.process();
      exchange.settle('delivered');
    }
    expect(counts(world)).toMatchObject({
      concurrentRefreshes: 1,
      replaysAfterDelivery: 0,
      replaysAfterLoss: 0,
      needless: 1,
    });
  });

  it('only for its own session: two users may refresh at once', () => {
    const { world, first } = started();
    const bobs = world.provider.authorize(bob.ownerId, confidential.clientId);
    const both = [send(world, first.refresh_token), send(world, bobs.refresh_token)];
    for (const exchange of both) exchange.process();
    for (const exchange of both) exchange.settle('delivered');
    expect(counts(world)).toMatchObject({ refreshed: 2, needless: 0 });
  });

  it('that is refused again', () => {
    const { world, first } = started();
    world.provider.endSessions(ada.ownerId);
    world.refresh(first.refresh_token);
    expect(counts(world)).toMatchObject({ refusedRefreshes: 1, needless: 0 });
    world.refresh(first.refresh_token);
    expect(counts(world)).toMatchObject({ refusedRefreshes: 2, refreshesAfterRefusal: 1, needless: 1 });
  });

  it('unless the first refusal never arrived', () => {
    const { world, first } = started();
    world.provider.endSessions(ada.ownerId);
    lose(world, first.refresh_token);
    world.refresh(first.refresh_token);
    expect(counts(world)).toMatchObject({ refusedRefreshes: 2, needless: 0 });
  });

  it('that is sent in a penalty that was announced, revocations included', () => {
    const { world, first } = started({ rateLimitScope: 'user', rateLimitRequests: 1 });
    world.refresh(first.refresh_token);
    expect(counts(world).inPenalty).toBe(0);
    world.refresh(first.refresh_token);
    world.revoke(first.access_token);
    expect(counts(world)).toMatchObject({ limited: 3, inPenalty: 2, needless: 2 });
    world.advance(MINUTE);
    world.refresh(first.refresh_token);
    expect(counts(world).needless).toBe(2);
  });

  it('in an announced penalty that a request with a lost answer has started again', () => {
    const { world, first } = started({ rateLimitScope: 'user', rateLimitRequests: 1 });
    world.refresh(first.refresh_token);
    lose(world, first.refresh_token);
    world.refresh(first.refresh_token);
    expect(counts(world)).toMatchObject({ limited: 3, inPenalty: 2 });
  });

  it('once at most, under the first reason', () => {
    const { world, first } = started({ rateLimitScope: 'user', rateLimitRequests: 1 });
    world.refresh(first.refresh_token);
    const [a, b] = [send(world, first.refresh_token), send(world, first.refresh_token)];
    for (const exchange of [a, b]) exchange.process();
    expect(counts(world)).toMatchObject({ inPenalty: 2, concurrentRefreshes: 0, needless: 2 });
  });
});

describe('a declared crash', () => {
  it('excuses one request', () => {
    const { world, first } = started();
    world.refresh(first.refresh_token);
    world.provider.forgiveNext(ada.ownerId);
    world.refresh(first.refresh_token);
    world.refresh(first.refresh_token);
    expect(counts(world)).toMatchObject({ replaysAfterLoss: 1, replaysAfterDelivery: 1, needless: 1 });
  });

  it('is used up by a replay that was legitimate anyway', () => {
    const { world, first } = started();
    lose(world, first.refresh_token);
    world.provider.forgiveNext(first.session_id);
    world.refresh(first.refresh_token);
    world.refresh(first.refresh_token);
    expect(counts(world)).toMatchObject({ replaysAfterLoss: 1, needless: 1 });
  });

  it('lapses when the session is refreshed normally', () => {
    const { world, first } = started();
    world.provider.forgiveNext(first.session_id);
    world.refresh(first.refresh_token);
    world.refresh(first.refresh_token);
    expect(counts(world).needless).toBe(1);
  });

  it('does not excuse a request in a penalty', () => {
    const { world, first } = started({ rateLimitScope: 'user', rateLimitRequests: 1 });
    world.refresh(first.refresh_token);
    world.provider.forgiveNext(first.session_id);
    world.refresh(first.refresh_token);
    expect(counts(world)).toMatchObject({ inPenalty: 1, needless: 1 });
  });
});

it('a request that a fault swallowed is logged as unprocessed', () => {
  const { world, first } = started();
  const exchange = send(world, first.refresh_token);
  exchange.faulted('drop-before');
  exchange.settle('lost');
  expect(world.provider.log().at(-1)).toMatchObject({
    outcome: 'unprocessed',
    fault: 'drop-before',
    delivery: 'lost',
  });
  expect(counts(world)).toMatchObject({ tokenRequests: 2, unprocessed: 1 });
});

it('the log says of each request when, what, whose and how it ended', () => {
  const { world, first } = started();
  world.refresh(first.refresh_token);
  expect(world.provider.log().at(-1)).toEqual({
    seq: 2,
    at: world.now(),
    endpoint: 'token',
    grantType: 'refresh_token',
    clientId: confidential.clientId,
    ownerId: ada.ownerId,
    sessionId: first.session_id,
    outcome: 'refreshed',
    replay: false,
    delivery: 'delivered',
  });
});

it('counts and log can be emptied', () => {
  const { world } = started();
  world.provider.resetCounts();
  expect(world.provider.log()).toEqual([]);
  expect(Object.values(counts(world)).every(count => count === 0)).toBe(true);
});
