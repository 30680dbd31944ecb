import { describe, expect, it } from 'vitest';
import { ada, adasJwt, basic, confidential, createWorld, DAY, MINUTE, SECOND } from './harness.ts';

const started = (...over: Parameters<typeof createWorld>) => {
  const world = createWorld(...over);
  return { world, first: world.login().tokens };
};

describe('a refresh', () => {
  it('gives new tokens and kills the old access token at once', () => {
    const { world, first } = started();
    expect(world.use(first.access_token)).toMatchObject({
      status: 200,
      tokens: { id: Number(ada.ownerId), name: ada.name },
    });
    const second = world.refresh(first.refresh_token).tokens;
    expect(second.access_token).not.toBe(first.access_token);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(world.use(first.access_token)).toMatchObject({ status: 401, code: 'OAU-129' });
    expect(world.use(second.access_token).status).toBe(200);
  });

  it('works for the last time just before the refresh token expires', () => {
    const { world, first } = started();
    world.advance(7 * DAY - 1);
    expect(world.refresh(first.refresh_token).status).toBe(200);
  });

  it('is refused with OAU-210 from then on', () => {
    const { world, first } = started();
    world.advance(7 * DAY);
    expect(world.refresh(first.refresh_token)).toMatchObject({
      status: 400,
      error: 'invalid_grant',
      code: 'OAU-210',
    });
  });

  it('works after the access token has expired, unless the old article is right', () => {
    const [today, article] = [started(), started({ refreshNeedsLiveAccessToken: true })];
    for (const { world } of [today, article]) world.advance(60 * MINUTE);
    expect(today.world.refresh(today.first.refresh_token).status).toBe(200);
    expect(article.world.refresh(article.first.refresh_token).code).toBe('OAU-210');
  });

  it('is refused with OAU-213 for an unknown token, an access token, and another app', () => {
    const other = { ...confidential, clientId: 'other-app' };
    const { world, first } = started({ apps: [confidential, other] });
    expect(world.refresh('never-issued').code).toBe('OAU-213');
    expect(world.refresh(first.access_token).code).toBe('OAU-213');
    const params = { grant_type: 'refresh_token', refresh_token: first.refresh_token ?? '' };
    expect(world.ask(params, { authorization: basic('other-app') }).code).toBe('OAU-213');
    expect(world.refresh(first.refresh_token).status).toBe(200);
  });
});

describe('the replay window', () => {
  it('answers the spent token with the same tokens and what is left of their lifetimes', () => {
    const { world, first } = started();
    const second = world.refresh(first.refresh_token).tokens;
    world.advance(10 * MINUTE);
    expect(world.refresh(first.refresh_token).tokens).toEqual({
      ...second,
      expires_in: 3000,
      refresh_token_expires_in: 604_200,
    });
  });

  it('is 60 min long while the new access token is unused', () => {
    const { world, first } = started();
    world.refresh(first.refresh_token);
    world.advance(60 * MINUTE - 1);
    expect(world.refresh(first.refresh_token).status).toBe(200);
    world.advance(1);
    expect(world.refresh(first.refresh_token)).toMatchObject({ status: 400, code: 'OAU-213' });
  });

  it('ends 10 s after the first use, however often the token is used', () => {
    const { world, first } = started();
    const second = world.refresh(first.refresh_token).tokens;
    world.advance(5 * MINUTE);
    world.use(second.access_token);
    world.advance(10 * SECOND - 1);
    world.use(second.access_token);
    expect(world.refresh(first.refresh_token).status).toBe(200);
    world.advance(1);
    expect(world.refresh(first.refresh_token).code).toBe('OAU-213');
  });

  it('is not shortened by an earlier use of the access token that was replaced', () => {
    const { world, first } = started();
    world.use(first.access_token);
    world.advance(20 * SECOND);
    world.refresh(first.refresh_token);
    world.advance(20 * SECOND);
    expect(world.refresh(first.refresh_token).status).toBe(200);
  });

  it('is not ended by a refused use of the old access token', () => {
    const { world, first } = started();
    world.refresh(first.refresh_token);
    world.use(first.access_token);
    world.advance(10 * MINUTE);
    expect(world.refresh(first.refresh_token).status).toBe(200);
  });

  it('is open for the newest spent token only', () => {
    const { world, first } = started();
    const second = world.refresh(first.refresh_token).tokens;
    const third = world.refresh(second.refresh_token).tokens;
    expect(world.refresh(first.refresh_token).code).toBe('OAU-213');
    expect(world.refresh(second.refresh_token).tokens.access_token).toBe(third.access_token);
  });

  it('leaves the session alone when it is missed: the new token still works', () => {
    const { world, first } = started();
    const second = world.refresh(first.refresh_token).tokens;
    world.advance(2 * 60 * MINUTE);
    expect(world.refresh(first.refresh_token).code).toBe('OAU-213');
    expect(world.refresh(second.refresh_token).status).toBe(200);
  });

  it('has the configured lengths', () => {
    const { world, first } = started({ replayWindowMs: 1000, replayAfterUseMs: 10 });
    world.refresh(first.refresh_token);
    world.advance(1000);
    expect(world.refresh(first.refresh_token).code).toBe('OAU-213');
  });

  it('does not exist under strict single use: the spent token ends the whole session', () => {
    const { world, first } = started({ replay: false });
    const second = world.refresh(first.refresh_token).tokens;
    expect(world.refresh(first.refresh_token).code).toBe('OAU-213');
    expect(world.refresh(second.refresh_token).code).toBe('OAU-213');
    expect(world.use(second.access_token).code).toBe('OAU-213');
    expect(world.provider.sessions()[0]).toMatchObject({ alive: false, endReason: 'reuse' });
  });
});

describe('the API', () => {
  it.each([
    ['expired: OAU-128', 60 * MINUTE, (token: string) => token, 'OAU-128'],
    ['unparsable: OAU-149', 0, () => 'not a token', 'OAU-149'],
    ['unknown: OAU-213', 0, () => 'x'.repeat(43), 'OAU-213'],
  ])('refuses a token that is %s', (_, waitMs, change, code) => {
    const { world, first } = started();
    world.advance(waitMs);
    expect(world.use(change(first.access_token))).toMatchObject({ status: 401, code });
  });

  it('refuses a refresh token, and says what a former token died of', () => {
    const { world, first } = started();
    expect(world.use(first.refresh_token ?? '').code).toBe('OAU-213');
    world.refresh(first.refresh_token);
    world.advance(60 * MINUTE);
    expect(world.use(first.access_token).code).toBe('OAU-128');
  });
});

describe('a restart from a snapshot', () => {
  it('knows the sessions, and an answer that was under way counts as lost', () => {
    const { world, first } = started();
    const secret = world.provider.rotateSecret(confidential.clientId);
    const authorization = basic(confidential.clientId, secret);
    const params = { grant_type: 'refresh_token', refresh_token: first.refresh_token ?? '' };
    const body = new URLSearchParams(params).toString();
    const contentType = 'application/x-www-form-urlencoded';
    const answered = world.provider.arrive({ endpoint: 'token', authorization, contentType, body }).process();
    world.provider.disableUser('256440017');

    const snapshot = JSON.parse(JSON.stringify(world.provider.snapshot()));
    const restarted = createWorld({}, snapshot);
    const replayed = restarted.ask(params, { authorization });
    expect(replayed.tokens).toEqual(JSON.parse(answered.body));
    expect(restarted.provider.stats().counts).toMatchObject({
      refreshed: 1,
      replaysAfterLoss: 1,
      needless: 0,
    });
    expect(() => restarted.provider.authorize('256440017', confidential.clientId)).not.toThrow();
    const assertion = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: adasJwt };
    expect(restarted.ask(assertion).code).toBe('OAU-153');
  });

  it('is refused where the snapshot is of another version', () => {
    const snapshot = { ...createWorld().provider.snapshot(), version: 2 as 1 };
    expect(() => createWorld({}, snapshot)).toThrow('unknown snapshot version');
  });
});
