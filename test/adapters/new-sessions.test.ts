/** How the token endpoint is asked for new sessions, by whom, and for how long: against the simulator. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTokenEndpoint } from '../../functions/adapters/token-endpoint.ts';
import type { App } from '../../functions/domain/app.ts';
import type { Clock } from '../../functions/keeper/ports.ts';
import { type Simulator, startSimulator } from '../../sandbox/ringcentral/index.ts';
import { consent } from '../simulator/consent.ts';
import { serve } from './http.ts';

const clock: Clock = { now: Date.now, sleep: async () => {} };
const endpoint = createTokenEndpoint(1000, clock);
const ownerId = '1001';
const redirectUri = 'https://connect.example/oauth/callback';
const assertion = 'SECRET-jwt';
const codeVerifier = 'v'.repeat(64);
const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');

let simulator: Simulator;
let confidential: App;
let open: App;
beforeAll(async () => {
  simulator = await startSimulator({
    apps: [
      { clientId: 'confidential-app_1', clientSecret: 'SECRET', redirectUris: [redirectUri] },
      { clientId: 'public-app', redirectUris: [redirectUri] },
    ],
    users: [{ ownerId, name: 'Ada' }],
    jwtCredentials: { [assertion]: ownerId },
    rateLimitScope: 'off',
  });
  const { url: server } = simulator;
  confidential = { name: 'main', server, clientId: 'confidential-app_1', clientSecret: 'SECRET' };
  open = { name: 'open', server, clientId: 'public-app' };
});
afterAll(() => simulator.close());
beforeEach(() => simulator.faults.clear());

const codeFor = ({ clientId }: App, challenge: { codeChallenge?: string } = { codeChallenge }) =>
  consent(simulator.provider, { ownerId, clientId, redirectUri, ...challenge });

const tokensOf = async (asked: ReturnType<typeof endpoint.exchange>) => {
  const answer = await asked;
  if (answer.kind !== 'rotated') expect.unreachable(JSON.stringify(answer));
  return answer.response;
};

describe('an authorization code', () => {
  it.each(['confidential', 'public'])('of a %s client brings a session, with PKCE', async kind => {
    const app = kind === 'public' ? open : confidential;
    const tokens = await tokensOf(endpoint.exchange(app, { code: codeFor(app), codeVerifier, redirectUri }));
    expect(tokens).toMatchObject({ ownerId, tokenType: 'bearer' });
    expect(tokens.refreshToken).toBeDefined();
  });

  it('of a confidential client brings one without PKCE too', async () => {
    const code = codeFor(confidential, {});
    expect(await tokensOf(endpoint.exchange(confidential, { code, redirectUri }))).toMatchObject({ ownerId });
  });

  it('works once', async () => {
    const exchange = { code: codeFor(confidential), codeVerifier, redirectUri };
    await tokensOf(endpoint.exchange(confidential, exchange));
    expect(await endpoint.exchange(confidential, exchange)).toEqual({ kind: 'refused', code: 'OAU-213' });
  });

  it('is refused with another verifier, and of another app', async () => {
    const other = { code: codeFor(confidential), codeVerifier: 'w'.repeat(64), redirectUri };
    expect(await endpoint.exchange(confidential, other)).toMatchObject({ kind: 'refused' });
    const foreign = { code: codeFor(open), codeVerifier, redirectUri };
    expect(await endpoint.exchange(confidential, foreign)).toMatchObject({ kind: 'refused' });
  });

  it('with another redirect URI is no verdict on anything stored', async () => {
    const exchange = { code: codeFor(confidential), codeVerifier, redirectUri: `${redirectUri}/2` };
    expect(await endpoint.exchange(confidential, exchange)).toEqual({ kind: 'unknown', code: 'OAU-109' });
  });

  it('whose answer is lost is not sent again', async () => {
    simulator.faults.add({ kind: 'drop-after', endpoint: 'token' });
    const exchange = { code: codeFor(confidential), codeVerifier, redirectUri };
    simulator.provider.resetCounts();
    expect(await endpoint.exchange(confidential, exchange)).toMatchObject({ kind: 'unknown' });
    expect(simulator.provider.log()).toHaveLength(1);
  });
});

describe('a JWT credential', () => {
  it('brings a session of its own', async () => {
    expect(await tokensOf(endpoint.mint(confidential, { assertion }))).toMatchObject({ ownerId });
  });

  it('that RingCentral does not know is refused', async () => {
    expect(await endpoint.mint(confidential, { assertion: 'SECRET-other' })).toMatchObject({
      kind: 'refused',
    });
  });

  it.each([
    ['OAU-112', 403],
    ['OAU-125', 403],
    ['OAU-250', 400],
    ['OAU-251', 400],
  ])(
    'for an app that may not use one (%s) is no fault of its client credentials',
    async (errorCode, status) => {
      const server = await serve(response => {
        response.writeHead(status).end(JSON.stringify({ error: 'invalid_request', errors: [{ errorCode }] }));
      });
      const app = { ...confidential, server: server.url };
      expect(await endpoint.mint(app, { assertion })).toEqual({
        kind: 'misconfigured',
        code: errorCode,
        flow: true,
      });
      expect(await endpoint.refresh(app, 'r')).toEqual({ kind: 'misconfigured', code: errorCode });
    },
  );

  it('of an app whose client credentials are wrong says nothing of the JWT', async () => {
    const app = { ...confidential, clientSecret: 'SECRET-wrong' };
    expect(await endpoint.mint(app, { assertion })).toEqual({ kind: 'misconfigured', code: 'OAU-153' });
  });
});

describe('a public client', () => {
  it('names itself in the body and has no Authorization header, whatever it asks', async () => {
    const server = await serve(response => response.end('{"access_token":"a"}'));
    const app = { ...open, server: server.url };
    await endpoint.refresh(app, 'r');
    await endpoint.exchange(app, { code: 'c', codeVerifier, redirectUri });
    await endpoint.mint(app, { assertion });
    await endpoint.revoke(app, 't');
    expect(server.received).toHaveLength(4);
    for (const { headers, body } of server.received) {
      expect(headers.authorization).toBeUndefined();
      expect(headers.accept).toBe('application/json');
      expect(new URLSearchParams(body).get('client_id')).toBe('public-app');
    }
  });

  it('refreshes and ends its sessions', async () => {
    const first = await tokensOf(endpoint.exchange(open, { code: codeFor(open), codeVerifier, redirectUri }));
    const second = await tokensOf(endpoint.refresh(open, first.refreshToken ?? ''));
    expect(await endpoint.revoke(open, second.refreshToken ?? '')).toEqual({ kind: 'ended' });
    expect(await endpoint.refresh(open, second.refreshToken ?? '')).toMatchObject({ kind: 'refused' });
  });
});

describe('lifetimes', () => {
  const ttls = { accessTokenTtlSeconds: 1200, refreshTokenTtlSeconds: 1_209_600 };
  const lifetimes = { accessLifetimeMs: 1_200_000, refreshLifetimeMs: 1_209_600_000 };

  it('are asked for as they are wanted, and the endpoint id with them', async () => {
    const code = codeFor(confidential);
    const session = { endpointId: 'installation-1', ttls };
    const exchanged = endpoint.exchange(confidential, { code, codeVerifier, redirectUri, ...session });
    expect(await tokensOf(exchanged)).toMatchObject({ ...lifetimes, endpointId: 'installation-1' });
    const minted = await tokensOf(endpoint.mint(confidential, { assertion, ...session }));
    expect(minted).toMatchObject({ ...lifetimes, endpointId: 'installation-1' });
    const longer = { accessTokenTtlSeconds: 3600 };
    const refreshed = await tokensOf(endpoint.refresh(confidential, minted.refreshToken ?? '', longer));
    expect(refreshed).toMatchObject({ accessLifetimeMs: 3_600_000 });
  });

  it('of nothing can be asked for a refresh token', async () => {
    const withoutRefresh = { ttls: { refreshTokenTtlSeconds: 0 } };
    const { refreshLifetimeMs } = await tokensOf(
      endpoint.mint(confidential, { assertion, ...withoutRefresh }),
    );
    expect(refreshLifetimeMs ?? 0).toBe(0);
  });

  it('that nobody wants are left to the provider: nothing is sent of them', async () => {
    const server = await serve(response => response.end('{"access_token":"a"}'));
    await endpoint.refresh({ ...confidential, server: server.url }, 'r');
    expect([...new URLSearchParams(server.received[0]?.body)].map(([name]) => name).sort()).toEqual([
      'grant_type',
      'refresh_token',
    ]);
  });
});
