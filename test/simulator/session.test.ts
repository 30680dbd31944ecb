import { describe, expect, it } from 'vitest';
import { ada, basic, bob, confidential, createWorld, MINUTE } from './harness.ts';

describe('revoke', () => {
  it.each(['access_token', 'refresh_token'] as const)('with the %s ends the whole session', kind => {
    const world = createWorld();
    const { tokens } = world.login();
    const other = world.login().tokens;
    expect(world.revoke(tokens[kind]).status).toBe(200);
    expect(world.use(tokens.access_token).code).toBe('OAU-213');
    expect(world.refresh(tokens.refresh_token).code).toBe('OAU-213');
    expect(world.use(other.access_token).status).toBe(200);
    expect(world.provider.stats().counts).toMatchObject({ revoked: 1, revokedUnknown: 0, revokedSpent: 0 });
  });

  it('with a spent token ends nothing, and is counted', () => {
    const world = createWorld();
    const first = world.login().tokens;
    const second = world.refresh(first.refresh_token).tokens;
    expect(world.revoke(first.refresh_token).status).toBe(200);
    expect(world.revoke(first.access_token).status).toBe(200);
    expect(world.use(second.access_token).status).toBe(200);
    expect(world.provider.stats().counts).toMatchObject({ revoked: 0, revokedSpent: 2 });
  });

  it('with an unknown token, or one revoked before, is 200 all the same and counted (RFC 7009 §2.2)', () => {
    const world = createWorld();
    const { tokens } = world.login();
    world.revoke(tokens.refresh_token);
    expect(world.revoke(tokens.refresh_token).status).toBe(200);
    expect(world.revoke('never-issued').status).toBe(200);
    expect(world.provider.stats().counts).toMatchObject({ revokeRequests: 3, revoked: 1, revokedUnknown: 2 });
  });

  it("does not end another app's session, and needs the app's credentials and a token", () => {
    const world = createWorld({ apps: [confidential, { ...confidential, clientId: 'other-app' }] });
    const { tokens } = world.login();
    const params = { token: tokens.access_token };
    expect(world.ask(params, { endpoint: 'revoke', authorization: basic('other-app') }).status).toBe(200);
    expect(world.ask(params, { endpoint: 'revoke', authorization: basic('nobody') }).code).toBe('OAU-153');
    expect(world.revoke('').error).toBe('invalid_request');
    expect(world.use(tokens.access_token).status).toBe(200);
  });
});

describe('the sixth session of a user and app', () => {
  it('ends the oldest', () => {
    const world = createWorld();
    const sessions = Array.from({ length: 6 }, () => world.login().tokens);
    const codes = sessions.map(({ access_token }) => world.use(access_token).code);
    expect(codes).toEqual(['OAU-213', undefined, undefined, undefined, undefined, undefined]);
    expect(world.refresh(sessions[0]?.refresh_token).code).toBe('OAU-213');
    expect(world.events).toContainEqual(
      expect.objectContaining({ type: 'session-ended', reason: 'too-many-sessions' }),
    );
  });

  it('does not count sessions that ended, expired or belong to others', () => {
    const world = createWorld({ maxSessionsPerUser: 2 });
    const kept = world.login().tokens;
    world.provider.authorize(bob.ownerId, confidential.clientId);
    world.revoke(world.login().tokens.access_token);
    world.login({ refresh_token_ttl: '0', access_token_ttl: '600' });
    world.advance(10 * MINUTE);
    world.login();
    expect(world.use(kept.access_token).status).toBe(200);
  });
});

describe('one active access token', () => {
  it('is per session by default', () => {
    const world = createWorld();
    const first = world.login().tokens;
    world.login();
    expect(world.use(first.access_token).status).toBe(200);
  });

  it("per user: a new one kills the user's others, whose refresh tokens live on", () => {
    const world = createWorld({ oneActiveAccessToken: 'user' });
    const first = world.login().tokens;
    const bobs = world.provider.authorize(bob.ownerId, confidential.clientId);
    const second = world.login().tokens;
    expect(world.use(first.access_token).code).toBe('OAU-129');
    expect(world.use(bobs.access_token).status).toBe(200);
    const renewed = world.refresh(first.refresh_token).tokens;
    expect(world.use(renewed.access_token).status).toBe(200);
    expect(world.use(second.access_token).code).toBe('OAU-129');
  });
});

describe('from outside the protocol', () => {
  it("a user's sessions are ended: OAU-211", () => {
    const world = createWorld();
    const { tokens } = world.login();
    const bobs = world.provider.authorize(bob.ownerId, confidential.clientId);
    expect(world.provider.endSessions(ada.ownerId)).toBe(1);
    expect(world.refresh(tokens.refresh_token)).toMatchObject({
      status: 400,
      error: 'invalid_grant',
      code: 'OAU-211',
    });
    expect(world.use(tokens.access_token).code).toBe('OAU-213');
    expect(world.use(bobs.access_token).status).toBe(200);
  });

  it('a password is changed: OAU-213', () => {
    const world = createWorld();
    const { tokens } = world.login();
    expect(world.provider.changePassword(ada.ownerId)).toBe(1);
    expect(world.refresh(tokens.refresh_token).code).toBe('OAU-213');
  });

  it('a login is disabled: OAU-140 everywhere, until it is enabled', () => {
    const world = createWorld();
    const { tokens } = world.login();
    world.provider.disableUser(ada.ownerId);
    expect(world.refresh(tokens.refresh_token)).toMatchObject({ status: 401, code: 'OAU-140' });
    expect(world.use(tokens.access_token)).toMatchObject({ status: 401, code: 'OAU-140' });
    expect(world.login().code).toBe('OAU-140');
    world.provider.enableUser(ada.ownerId);
    expect(world.refresh(tokens.refresh_token).status).toBe(200);
    expect(world.provider.stats().counts.needless).toBe(0);
  });

  it("an app's secret is rotated: the old one is refused, and no session ends", () => {
    const world = createWorld();
    const { tokens } = world.login();
    const secret = world.provider.rotateSecret(confidential.clientId);
    expect(world.refresh(tokens.refresh_token).code).toBe('OAU-153');
    const params = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' };
    expect(world.ask(params, { authorization: basic(confidential.clientId, secret) }).status).toBe(200);
    expect(world.provider.rotateSecret(confidential.clientId, 'chosen')).toBe('chosen');
  });

  it('an authorisation needs no request', () => {
    const world = createWorld();
    const tokens = world.provider.authorize(bob.ownerId, confidential.clientId, {
      accessTokenTtlSeconds: 700,
      refreshTokenTtlSeconds: 800,
      endpointId: 'e',
    });
    expect(tokens).toMatchObject({
      expires_in: 700,
      refresh_token_expires_in: 800,
      endpoint_id: 'e',
      owner_id: bob.ownerId,
    });
    expect(world.use(tokens.access_token).status).toBe(200);
    expect(world.provider.stats().counts.tokenRequests).toBe(0);
  });

  it('unknown users and apps are errors that say so', () => {
    const { provider } = createWorld();
    expect(() => provider.endSessions('nobody')).toThrow('no such user: nobody');
    expect(() => provider.authorize(ada.ownerId, 'nothing')).toThrow('no such app: nothing');
    expect(() => provider.rotateSecret('browser-app')).toThrow('public client');
  });
});

describe('memory', () => {
  it('is bounded: dead sessions are forgotten first, then the oldest', () => {
    const world = createWorld({ maxSessions: 2 });
    const oldest = world.login().tokens;
    world.revoke(world.login().tokens.access_token);
    const third = world.login().tokens;
    expect(world.use(oldest.access_token).status).toBe(200);
    const fourth = world.login().tokens;
    expect(world.provider.sessions().length).toBe(2);
    expect([oldest, third, fourth].map(({ access_token }) => world.use(access_token).status)).toEqual([
      401, 200, 200,
    ]);
  });

  it('keeps the newest requests in its log', () => {
    const world = createWorld({ maxLogEntries: 3 });
    for (let i = 0; i < 10; i++) world.refresh(`unknown-${i}`);
    expect(world.provider.log().map(({ seq }) => seq)).toEqual([8, 9, 10]);
  });

  it('forgets tokens of a session that has rotated many times', () => {
    const world = createWorld();
    const first = world.login().tokens;
    let { refresh_token } = first;
    for (let i = 0; i < 17; i++) refresh_token = world.refresh(refresh_token).tokens.refresh_token;
    expect(world.provider.ownerOfToken(first.refresh_token ?? '')).toBeUndefined();
    expect(world.provider.ownerOfToken(refresh_token ?? '')).toBe(ada.ownerId);
  });
});
