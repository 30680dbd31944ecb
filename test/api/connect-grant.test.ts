/** The connect function's way in: a code, and what becomes of it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Api, redirectUri, startApi } from './api.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());
beforeEach(() => api.sandbox.simulator.faults.clear());

const bodyFor = (ownerId: string, change: object = {}) => ({
  app: 'main',
  redirectUri,
  code: api.consent(ownerId),
  ...change,
});

const connect = (grantId: string, body: unknown) =>
  api.direct('connect', { action: 'connectGrant', grantId, body });

describe('an authorization code', () => {
  it('makes a grant, whose token is served and works, and whose view has no token', async () => {
    const id = api.newId();
    const ownerId = api.newOwner();
    const answer = await connect(
      id,
      bodyFor(ownerId, { strategy: 'hourly', label: 'Ada', endpointId: 'place-1' }),
    );
    expect(answer).toMatchObject({
      ok: true,
      result: {
        grantId: id,
        state: 'active',
        ownerId,
        strategy: 'hourly',
        label: 'Ada',
        endpointId: 'place-1',
      },
    });
    const { body } = await api.http('GET', `/grants/${id}/token`);
    expect(JSON.stringify(answer)).not.toContain(body.accessToken);
    const used = await fetch(`${body.server}/restapi/v1.0/account/~/extension/~`, {
      headers: { authorization: `Bearer ${body.accessToken}` },
    });
    expect(used.status).toBe(200);
  });

  it('renews a grant that was revoked, and one that lives, under the endpoint id it has', async () => {
    const { id, ownerId } = await api.connect();
    const first = await connect(id, bodyFor(ownerId, { endpointId: 'place-2' }));
    expect(first).toMatchObject({ ok: true, result: { generation: 2, endpointId: 'place-2' } });
    await api.http('DELETE', `/grants/${id}`);
    const second = await connect(id, bodyFor(ownerId, { endpointId: 'place-2' }));
    expect(second).toMatchObject({ ok: true, result: { state: 'active', endpointId: 'place-2' } });
    await api.sandbox.sweep();
    const alive = api.sandbox.simulator.provider.sessions().filter(s => s.ownerId === ownerId && s.alive);
    expect(alive).toHaveLength(1);
    expect(await api.http('GET', `/grants/${id}/token`)).toMatchObject({ status: 200 });
  });

  it('asked for with lifetimes makes a grant that has them', async () => {
    const id = api.newId();
    const lifetimes = { accessTokenTtl: 600, refreshTokenTtl: 0 };
    expect(await connect(id, bodyFor(api.newOwner(), lifetimes))).toMatchObject({ ok: true });
    const { body } = await api.http('GET', `/grants/${id}`);
    expect(body.refreshExpiresAt).toBeUndefined();
    expect(Date.parse(body.accessExpiresAt) - Date.now()).toBeLessThan(601_000);
  });
});

describe('a code that brings nothing', () => {
  it.each([
    ['a code that was used', 'authorization-refused', 400, {}],
    ['a user whom another grant has', 'owner-already-connected', 409, {}],
  ])('is answered with its code: %s', async (what, code, status) => {
    const { ownerId } = await api.connect();
    const body = bodyFor(what.includes('used') ? api.newOwner() : ownerId);
    if (what.includes('used')) await connect(api.newId(), body);
    const answer = await connect(api.newId(), body);
    expect(answer).toMatchObject({ ok: false, error: { code, status } });
    expect(JSON.stringify(answer)).not.toContain(body.code);
  });

  it('is answered owner-mismatch for another user than the grant has, unless that is allowed', async () => {
    const { id } = await api.connect();
    const other = api.newOwner();
    expect(await connect(id, bodyFor(other))).toMatchObject({
      ok: false,
      error: { code: 'owner-mismatch', status: 409 },
    });
    expect(await connect(id, bodyFor(other, { allowOwnerChange: true }))).toMatchObject({
      ok: true,
      result: { ownerId: other },
    });
  });

  it('is answered with when to begin again, in a penalty', async () => {
    const { id, ownerId } = await api.connect();
    api.fault({ kind: 'rate-limit', endpoint: 'token', retryAfterSeconds: 30 });
    expect(await connect(id, bodyFor(ownerId))).toMatchObject({
      ok: false,
      error: { code: 'provider-unavailable', status: 503, retryAfterSeconds: 31 },
    });
  });
});

describe('a request of another shape', () => {
  it.each([
    ['no object', 'SECRET-code', 'The body must be a JSON object'],
    ['no app', { app: undefined }, '"app" is missing'],
    ['no code', { code: undefined }, '"code" is missing'],
    ['a code that is no text', { code: 7 }, '"code" must be the authorization code'],
    ['no redirect URI', { redirectUri: undefined }, '"redirectUri" is missing'],
    ['a short verifier', { codeVerifier: 'SECRET' }, '"codeVerifier" must be 43 to 128'],
    ['an access token of no time', { accessTokenTtl: 0 }, '"accessTokenTtl" must be a whole number'],
    ['half a second', { refreshTokenTtl: 0.5 }, '"refreshTokenTtl" must be a whole number'],
    [
      'a permission that is no boolean',
      { allowOwnerChange: 'yes' },
      '"allowOwnerChange" must be true or false',
    ],
    ['another strategy', { strategy: 'daily' }, '"strategy" must be one of weekly, hourly'],
  ])('is refused, and asks nobody: %s', async (_, change, detail) => {
    const body = typeof change === 'string' ? change : bodyFor(api.newOwner(), change);
    const before = api.sandbox.simulator.provider.log().length;
    const answer = await connect(api.newId(), body);
    expect(answer).toMatchObject({ ok: false, error: { code: 'invalid-request', status: 400 } });
    expect(answer.error.detail).toContain(detail);
    expect(JSON.stringify(answer)).not.toContain('SECRET');
    expect(api.sandbox.simulator.provider.log()).toHaveLength(before);
  });
});
