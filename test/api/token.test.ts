import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../sandbox/ringcentral/index.ts';
import { type Api, type Connected, startApi } from './api.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi({ maxReportsPerHour: 2 });
});
afterAll(() => api.close());

const tokenOf = ({ id }: Connected, query?: Record<string, string>) =>
  api.http('GET', `/grants/${id}/token`, query && { query });
const report = ({ id }: Connected, body?: unknown) => api.http('POST', `/grants/${id}/refresh`, { body });
const pause = (ms: number) => new Promise(done => setTimeout(done, ms));

describe('GET /grants/{grantId}/token', () => {
  it('serves the imported token, with what is promised of it', async () => {
    const grant = await api.connect();
    const { status, headers, body } = await tokenOf(grant);
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('no-store');
    expect(body).toMatchObject({
      grantId: grant.id,
      accessToken: grant.response.access_token,
      tokenType: 'bearer',
      generation: 1,
      scope: grant.response.scope,
      server: api.sandbox.simulator.url,
    });
    const [expiresAt, cacheUntil] = [body.expiresAt, body.cacheUntil].map(time => Date.parse(time));
    expect(Math.abs((expiresAt ?? 0) - Date.now() - 3_600_000)).toBeLessThan(5000);
    // The default margin of 15 minutes and the clock skew.
    expect((expiresAt ?? 0) - (cacheUntil ?? 0)).toBe(900_000 + 10);
    expect(api.refreshes(grant.ownerId)).toBe(0);
  });

  it('serves the same token again while its promise lasts', async () => {
    const grant = await api.connect();
    expect((await tokenOf(grant)).body).toEqual((await tokenOf(grant)).body);
  });

  it('refreshes on demand once the promise is over', async () => {
    const grant = await api.connectExpired();
    const { status, body } = await tokenOf(grant);
    expect(status).toBe(200);
    expect(body.generation).toBe(2);
    expect(body.accessToken).not.toBe(grant.response.access_token);
    expect(api.refreshes(grant.ownerId)).toBe(1);
  });

  it.each(['0', '1', '450', '900'])('takes a minTtl of %s, within the margin', async minTtl => {
    const grant = await api.connect();
    expect((await tokenOf(grant, { minTtl })).status).toBe(200);
    expect(api.refreshes(grant.ownerId)).toBe(0);
  });

  it.each(['901', '3600', '-1', '1.5', '1e2', 'soon', '', ' 5', '5,6', 'NaN', '99999999999999999'])(
    'refuses a minTtl of "%s"',
    async minTtl => {
      const answer = await tokenOf(await api.connect(), { minTtl });
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
      expect(answer.body.detail).toContain('"minTtl" must be a whole number of seconds from 0 to 900');
    },
  );

  it('lets others wait for the refresh that is under way, asks once, and serves nobody the old token', async () => {
    const grant = await api.connectExpired();
    api.fault({ endpoint: 'token', kind: 'delay', delayMs: 150, processed: true, ownerId: grant.ownerId });
    const answers = await Promise.all(Array.from({ length: 12 }, () => tokenOf(grant)));
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200));
    expect(new Set(answers.map(({ body }) => body.accessToken)).size).toBe(1);
    expect(answers[0]?.body.generation).toBe(2);
    expect(answers[0]?.body.accessToken).not.toBe(grant.response.access_token);
    expect(api.refreshes(grant.ownerId)).toBe(1);
  });

  it('waits for a refresh that a report began, even though the old token looked good', async () => {
    const grant = await api.connect();
    api.fault({ endpoint: 'token', kind: 'delay', delayMs: 200, processed: true, ownerId: grant.ownerId });
    const reported = report(grant, { rejectedGeneration: 1 });
    await pause(60);
    const [waited, first] = await Promise.all([tokenOf(grant), reported]);
    expect(waited.body).toEqual(first.body);
    expect(waited.body.generation).toBe(2);
  });

  it('answers 503 refresh-pending when the wait takes too long, and the token afterwards', async () => {
    const grant = await api.connectExpired();
    api.fault({ endpoint: 'token', kind: 'delay', delayMs: 600, ownerId: grant.ownerId });
    const first = tokenOf(grant);
    await pause(50);
    const hurried = await api.http('GET', `/grants/${grant.id}/token`, { remainingMs: 1000 });
    expect(hurried).toMatchObject({ status: 503, body: { code: 'refresh-pending' } });
    expect(Number(hurried.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(await first).toMatchObject({ status: 200, body: { generation: 2 } });
  });

  const outages: readonly Omit<Fault, 'endpoint'>[] = [
    { kind: 'status', status: 503 },
    { kind: 'html' },
    { kind: 'drop-before' },
  ] as never;
  it.each(outages)(
    'answers 503 provider-unavailable while RingCentral fails ($kind), and recovers',
    async outage => {
      const grant = await api.connectExpired();
      api.fault({ ...outage, endpoint: 'token', ownerId: grant.ownerId } as Fault);
      const failed = await tokenOf(grant);
      expect(failed).toMatchObject({ status: 503, body: { code: 'provider-unavailable' } });
      expect(failed.headers['retry-after']).toBe(String(failed.body.retryAfterSeconds));
      expect(await tokenOf(grant)).toMatchObject({ status: 503, body: { code: 'provider-unavailable' } });
      expect(api.refreshes(grant.ownerId)).toBe(1);
      await pause(160);
      expect(await tokenOf(grant)).toMatchObject({ status: 200, body: { generation: 2 } });
    },
  );

  it('passes a penalty of RingCentral on as Retry-After, and asks nothing during it', async () => {
    const grant = await api.connectExpired();
    api.fault({ endpoint: 'token', kind: 'rate-limit', retryAfterSeconds: 40, ownerId: grant.ownerId });
    const limited = await tokenOf(grant);
    expect(limited).toMatchObject({ status: 503, body: { code: 'provider-unavailable' } });
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(38);
    await tokenOf(grant);
    await report(grant, { rejectedGeneration: 1 });
    expect(api.refreshes(grant.ownerId)).toBe(1);
  });

  it('answers 409 once the session was ended at RingCentral, and goes on to', async () => {
    const grant = await api.connectExpired();
    api.sandbox.simulator.provider.endSessions(grant.ownerId);
    for (let time = 0; time < 2; time += 1) {
      const answer = await tokenOf(grant);
      expect(answer).toMatchObject({ status: 409, body: { code: 'reauthorization-required' } });
      expect(answer.body.detail).toContain('OAU-211');
    }
    expect(api.refreshes(grant.ownerId)).toBe(1);
  });

  it('answers 409 once the access token of a grant without a refresh token is over', async () => {
    const obtainedAt = new Date(Date.now() - 800).toISOString();
    const grant = await api.connect({ refresh_token: undefined, expires_in: 1, obtainedAt });
    await pause(220);
    expect(await tokenOf(grant)).toMatchObject({ status: 409, body: { code: 'reauthorization-required' } });
    const { body } = await api.http('GET', `/grants/${grant.id}`);
    expect(body).toMatchObject({ state: 'reauthorize', lastError: { code: 'access-token-expired' } });
  });

  it('answers 500 misconfigured while RingCentral refuses the app, and condemns no grant', async () => {
    const { provider } = api.sandbox.simulator;
    const grant = await api.connectOther({ expires_in: 0 });
    provider.rotateSecret('other-client', 'another-secret');
    const answer = await tokenOf(grant);
    expect(answer).toMatchObject({ status: 500, body: { code: 'misconfigured' } });
    expect(JSON.stringify(answer)).not.toMatch(/another-secret|other-secret/);
    expect((await api.http('GET', `/grants/${grant.id}`)).body.state).toBe('active');
    provider.rotateSecret('other-client', 'other-secret');
    await pause(200);
    expect(await tokenOf(grant)).toMatchObject({ status: 200, body: { generation: 2 } });
  });

  it('answers 404 for a grant that nobody connected', async () => {
    const answer = await api.http('GET', '/grants/nobody/token');
    expect(answer).toMatchObject({ status: 404, body: { code: 'grant-not-found' } });
    expect(answer.headers['content-type']).toBe('application/problem+json');
  });
});

describe('POST /grants/{grantId}/refresh', () => {
  it('replaces the token that was rejected', async () => {
    const grant = await api.connect();
    const { status, body } = await report(grant, { rejectedGeneration: 1 });
    expect(status).toBe(200);
    expect(body.generation).toBe(2);
    expect(body.accessToken).not.toBe(grant.response.access_token);
  });

  it('serves what is stored, without a refresh, when the rejected generation is stored no more', async () => {
    const grant = await api.connect();
    await report(grant, { rejectedGeneration: 1 });
    const stale = await report(grant, { rejectedGeneration: 1 });
    expect(stale).toMatchObject({ status: 200, body: { generation: 2 } });
    expect(api.refreshes(grant.ownerId)).toBe(1);
  });

  it('refreshes once when many report the same generation at once', async () => {
    const grant = await api.connect();
    api.fault({ endpoint: 'token', kind: 'delay', delayMs: 80, ownerId: grant.ownerId });
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => report(grant, { rejectedGeneration: 1 })),
    );
    expect(answers.map(({ body }) => body.generation)).toEqual(Array(8).fill(2));
    expect(api.refreshes(grant.ownerId)).toBe(1);
  });

  it('answers 429 with Retry-After when tokens are reported too often', async () => {
    const grant = await api.connect();
    await report(grant, { rejectedGeneration: 1 });
    await report(grant, { rejectedGeneration: 2 });
    const answer = await report(grant, { rejectedGeneration: 3 });
    expect(answer).toMatchObject({ status: 429, body: { code: 'refresh-limited' } });
    const seconds = Number(answer.headers['retry-after']);
    expect(seconds).toBeGreaterThan(3590);
    expect(seconds).toBeLessThanOrEqual(3600);
    expect(api.refreshes(grant.ownerId)).toBe(2);
    // The token itself is served as before.
    expect(await tokenOf(grant)).toMatchObject({ status: 200, body: { generation: 3 } });
  });

  it.each([
    ['no body', undefined],
    ['an empty object', {}],
    ['a list', [{ rejectedGeneration: 1 }]],
    ['null', null],
    ['a string', 'rejectedGeneration'],
    ['a generation as text', { rejectedGeneration: '1' }],
    ['generation 0', { rejectedGeneration: 0 }],
    ['a broken generation', { rejectedGeneration: 1.5 }],
    ['a negative generation', { rejectedGeneration: -1 }],
    ['a generation of null', { rejectedGeneration: null }],
    ['a list of generations', { rejectedGeneration: [1] }],
  ])('refuses %s, and refreshes nothing', async (_, body) => {
    const grant = await api.connect();
    const before = await api.records();
    const answer = await report(grant, body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    expect(answer.body.detail).toContain('"rejectedGeneration" must be');
    expect(await api.records()).toBe(before);
  });
});
