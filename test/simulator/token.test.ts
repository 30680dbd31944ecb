import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createProvider } from '../../sandbox/ringcentral/index.ts';
import {
  ada,
  basic,
  confidential,
  createWorld,
  DAY,
  MINUTE,
  options,
  publicApp,
  redirectUri,
  SECOND,
  type World,
} from './harness.ts';

const consent = (world: World, extra: Record<string, string> = {}): string => {
  const answer = world.provider.decide(
    new URLSearchParams({
      client_id: confidential.clientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      owner_id: ada.ownerId,
      decision: 'allow',
      ...extra,
    }),
  );
  return new URL(answer.headers.location ?? '').searchParams.get('code') ?? '';
};

const exchange = (world: World, code: string, extra: Record<string, string> = {}) =>
  world.ask({ grant_type: 'authorization_code', code, redirect_uri: redirectUri, ...extra });

const verifier = 'v'.repeat(50);
const s256 = createHash('sha256').update(verifier).digest('base64url');

describe('a token response', () => {
  it('has every field that RingCentral documents', () => {
    const { status, tokens, headers } = createWorld().login();
    expect(status).toBe(200);
    expect(tokens).toEqual({
      access_token: expect.stringMatching(/^[\w-]{43}$/),
      token_type: 'bearer',
      expires_in: 3600,
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
      refresh_token_expires_in: 604_800,
      scope: 'ReadAccounts ReadCallLog',
      owner_id: ada.ownerId,
      endpoint_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      session_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(headers['cache-control']).toBe('no-store');
  });

  it('carries the configured prefix in both tokens, and random bytes from the source that was passed in', () => {
    const world = createWorld({ tokenPrefix: 'CANARY', random: bytes => new Uint8Array(bytes).fill(255) });
    const { access_token, refresh_token } = world.login().tokens;
    expect(access_token).toBe(`CANARY${'_'.repeat(42)}8`);
    expect(refresh_token).toMatch(/^CANARY/);
  });

  it('has no refresh token where the app is configured to issue none', () => {
    const world = createWorld({ apps: [{ ...confidential, issuesRefreshTokens: false }] });
    expect(world.login().tokens).not.toHaveProperty('refresh_token');
    expect(world.login().tokens).not.toHaveProperty('refresh_token_expires_in');
  });

  it('keeps the endpoint id that the request sent, over refreshes too', () => {
    const world = createWorld();
    const { tokens } = world.login({ endpoint_id: 'laptop-7' });
    expect(tokens.endpoint_id).toBe('laptop-7');
    const refreshed = world.refresh(tokens.refresh_token, { endpoint_id: 'another' }).tokens;
    expect(refreshed).toMatchObject({ endpoint_id: 'laptop-7', session_id: tokens.session_id });
  });
});

describe('access_token_ttl and refresh_token_ttl', () => {
  it.each([
    ['600', 600],
    ['1800', 1800],
    ['3601', 3600],
    ['599', 600],
    ['-1', 600],
  ])('access_token_ttl=%s gives %d s', (asked, granted) => {
    expect(createWorld().login({ access_token_ttl: asked }).tokens.expires_in).toBe(granted);
  });

  it.each([
    ['60', 60],
    ['2592000', 2_592_000],
    ['2592001', 2_592_000],
    ['0', 0],
  ])('refresh_token_ttl=%s gives %d s', (asked, granted) => {
    expect(createWorld().login({ refresh_token_ttl: asked }).tokens.refresh_token_expires_in).toBe(granted);
  });

  it('a refresh token of 0 s is expired at once', () => {
    const world = createWorld();
    const { tokens } = world.login({ refresh_token_ttl: '0' });
    expect(world.refresh(tokens.refresh_token)).toMatchObject({ status: 400, code: 'OAU-210' });
    expect(world.use(tokens.access_token).status).toBe(200);
  });

  it('are remembered by the session, and changed by a refresh that names others', () => {
    const world = createWorld();
    const first = world.login({ access_token_ttl: '900', refresh_token_ttl: '86400' }).tokens;
    const second = world.refresh(first.refresh_token).tokens;
    expect(second).toMatchObject({ expires_in: 900, refresh_token_expires_in: 86_400 });
    const third = world.refresh(second.refresh_token, { access_token_ttl: '1200' }).tokens;
    expect(third).toMatchObject({ expires_in: 1200, refresh_token_expires_in: 86_400 });
  });

  it('scale with compressed lifetimes', () => {
    const world = createWorld({ accessTokenMs: 60 * SECOND, refreshTokenMs: 7 * MINUTE });
    expect(world.login({ access_token_ttl: '1' }).tokens.expires_in).toBe(10);
    expect(world.login({ access_token_ttl: '600' }).tokens.expires_in).toBe(60);
    expect(world.login({ refresh_token_ttl: '99999' }).tokens.refresh_token_expires_in).toBe(30 * 60);
  });

  it('must be numbers', () => {
    expect(createWorld().login({ access_token_ttl: 'NaN' })).toMatchObject({
      status: 400,
      error: 'invalid_request',
    });
  });
});

describe('an authorization code', () => {
  it('works once, for a whole session', () => {
    const world = createWorld();
    const code = consent(world);
    expect(exchange(world, code)).toMatchObject({ status: 200, tokens: { owner_id: ada.ownerId } });
    expect(exchange(world, code)).toMatchObject({ status: 400, error: 'invalid_grant', code: 'OAU-213' });
  });

  it('lives for 60 s', () => {
    const world = createWorld();
    const [kept, late] = [consent(world), consent(world)];
    world.advance(60 * SECOND - 1);
    expect(exchange(world, kept).status).toBe(200);
    world.advance(1);
    expect(exchange(world, late)).toMatchObject({ status: 400, code: 'OAU-210' });
  });

  it('needs the very redirect URI it was sent to', () => {
    const world = createWorld();
    const answer = exchange(world, consent(world), { redirect_uri: `${redirectUri}&` });
    expect(answer).toMatchObject({ status: 400, error: 'invalid_grant', code: 'OAU-109' });
  });

  it('belongs to the app that asked for it', () => {
    const world = createWorld();
    const params = {
      grant_type: 'authorization_code',
      redirect_uri: redirectUri,
      client_id: publicApp.clientId,
    };
    const stolen = world.provider.answer({
      endpoint: 'token',
      contentType: 'application/x-www-form-urlencoded',
      body: new URLSearchParams({ ...params, code: consent(world) }).toString(),
    });
    expect(stolen.status).toBe(400);
  });

  it.each([
    ['S256', s256],
    ['plain', verifier],
  ])('with a %s challenge needs its verifier', (method, challenge) => {
    const world = createWorld();
    const pkce = { code_challenge: challenge, code_challenge_method: method };
    expect(exchange(world, consent(world, pkce), { code_verifier: verifier }).status).toBe(200);
    expect(exchange(world, consent(world, pkce), { code_verifier: `${verifier}x` }).error).toBe(
      'invalid_grant',
    );
    expect(exchange(world, consent(world, pkce)).error).toBe('invalid_grant');
  });

  it('without a challenge refuses a verifier (PKCE downgrade, RFC 9700)', () => {
    const world = createWorld();
    expect(exchange(world, consent(world), { code_verifier: verifier }).error).toBe('invalid_grant');
  });
});

describe('client authentication', () => {
  const assertion = {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: 'jwt-credential-of-ada',
  };

  it.each([
    ['a wrong secret', { authorization: basic(confidential.clientId, 'wrong') }],
    ['an unknown app', { authorization: basic('nobody', 'x') }],
    ['a header that is not Basic', { authorization: 'Bearer abc' }],
    ['a secret for a public app', { authorization: basic(publicApp.clientId, 'x') }],
  ])('refuses %s with OAU-153', (_, over) => {
    const answer = createWorld().ask(assertion, over);
    expect(answer).toMatchObject({ status: 401, error: 'invalid_client', code: 'OAU-153' });
    expect(answer.headers['www-authenticate']).toMatch(/^Basic/);
  });

  it('refuses a confidential app that sends its id in the body only', () => {
    const body = new URLSearchParams({ ...assertion, client_id: confidential.clientId }).toString();
    const answer = createWorld().provider.answer({
      endpoint: 'token',
      contentType: 'application/x-www-form-urlencoded',
      body,
    });
    expect(answer.status).toBe(401);
  });

  it('takes the id of a public app from the body', () => {
    const body = new URLSearchParams({ ...assertion, client_id: publicApp.clientId }).toString();
    const answer = createWorld().provider.answer({
      endpoint: 'token',
      contentType: 'application/x-www-form-urlencoded',
      body,
    });
    expect(answer.status).toBe(200);
  });
});

describe('a request that is not right', () => {
  it.each([
    ['no grant type', {}, 400, 'invalid_request'],
    ['an unknown grant type', { grant_type: 'password' }, 400, 'unsupported_grant_type'],
    ['no refresh token', { grant_type: 'refresh_token' }, 400, 'invalid_request'],
    ['no code', { grant_type: 'authorization_code' }, 400, 'invalid_request'],
    [
      'an unknown assertion',
      { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: 'x' },
      400,
      'invalid_grant',
    ],
  ])('%s', (_, params, status, error) => {
    expect(createWorld().ask(params as Record<string, string>)).toMatchObject({ status, error });
  });

  it('a grant type that the app may not use: 403, OAU-112', () => {
    const world = createWorld({ apps: [{ ...confidential, grantTypes: ['authorization_code'] }] });
    expect(world.login()).toMatchObject({ status: 403, code: 'OAU-112' });
  });

  it('a JSON body, or a parameter sent twice', () => {
    const world = createWorld();
    expect(world.ask({}, { contentType: 'application/json', body: '{}' }).error).toBe('invalid_request');
    const { refresh_token } = world.login().tokens;
    const twice = `grant_type=refresh_token&refresh_token=${refresh_token}&refresh_token=${refresh_token}`;
    expect(world.ask({}, { body: twice }).error).toBe('invalid_request');
  });

  it('rules that make no sense are refused when the provider is created', () => {
    expect(() => createProvider(options({ accessTokenMs: 0 }))).toThrow(
      'accessTokenMs must be a whole number',
    );
    expect(() => createProvider(options({ tokenPrefix: 'a b' }))).toThrow('tokenPrefix');
  });
});

describe('what the provider shows', () => {
  it('never contains a token, a code or a secret', () => {
    const world = createWorld({
      tokenPrefix: 'CANARY',
      apps: [{ ...confidential, clientSecret: 'CANARY-secret' }],
    });
    const authorization = basic(confidential.clientId, 'CANARY-secret');
    const code = consent(world);
    world.ask({ grant_type: 'authorization_code', code, redirect_uri: redirectUri }, { authorization });
    const { refresh_token, access_token } = world.provider.authorize(ada.ownerId, confidential.clientId);
    for (let i = 0; i < 3; i++) {
      world.ask({ grant_type: 'refresh_token', refresh_token: refresh_token ?? '' }, { authorization });
      world.advance(DAY);
    }
    world.use(access_token);
    world.ask({ token: refresh_token ?? '' }, { authorization, endpoint: 'revoke' });
    world.provider.rotateSecret(confidential.clientId);
    const shown = [world.events, world.provider.log(), world.provider.stats(), world.provider.sessions()];
    expect(JSON.stringify(shown)).not.toContain('CANARY');
    expect(world.provider.log().length).toBe(5);
  });
});
