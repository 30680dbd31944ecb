/** PUT of a credential, through both ways in, and what is then shown of the grant. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, startApi } from './api.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const put = (id: string, body: unknown, ifMatch?: string) =>
  api.http('PUT', `/grants/${id}`, {
    body,
    ...(ifMatch !== undefined && { headers: { 'If-Match': ifMatch } }),
  });
const sessionsOf = (ownerId: string) =>
  api.sandbox.simulator.provider.sessions().filter(session => session.ownerId === ownerId);
const mint = async (extra: object = {}) => {
  const { credential, ownerId } = api.newCredential();
  const id = api.newId();
  return { id, credential, ownerId, answer: await put(id, { credential, ...extra }) };
};

describe('PUT /grants/{grantId} with a credential', () => {
  it('answers 201 with a grant of kind jwt, that is served, and shows no secret', async () => {
    const { id, credential, ownerId, answer } = await mint({ strategy: 'hourly', label: 'Switchboard' });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      ...{ kind: 'jwt', credential, ownerId, state: 'active', strategy: 'hourly', label: 'Switchboard' },
      ...{ generation: 2, app: 'main', refreshing: false },
    });
    expect(answer.headers.etag).toBe('"2"');
    const served = await api.http('GET', `/grants/${id}/token`);
    expect(served).toMatchObject({ status: 200, body: { generation: 2 } });
    expect(JSON.stringify(answer)).not.toContain(served.body.accessToken);
    expect(sessionsOf(ownerId)).toHaveLength(1);
  });

  it('shows grants that a person authorised as of kind user, without a credential', async () => {
    const { answer } = await api.connect();
    expect(answer.body.kind).toBe('user');
    expect(answer.body).not.toHaveProperty('credential');
  });

  it('shows the kind in a listing too', async () => {
    const { id } = await mint();
    const { body } = await api.http('GET', '/grants', { query: { limit: '100' } });
    expect(body.grants.find((grant: { grantId: string }) => grant.grantId === id)).toMatchObject({
      kind: 'jwt',
    });
  });

  it('names one endpoint id for ever: of the grant, and of 43 characters', async () => {
    const { id, ownerId, answer } = await mint();
    expect(answer.body.endpointId).toMatch(/^[A-Za-z0-9_-]{43}$/);
    api.sandbox.simulator.provider.endSessions(ownerId);
    await api.http('POST', `/grants/${id}/refresh`, { body: { rejectedGeneration: 2 } });
    const endpoints = sessionsOf(ownerId).map(session => session.endpointId);
    expect(endpoints).toEqual([answer.body.endpointId, answer.body.endpointId]);
    expect((await mint()).answer.body.endpointId).not.toBe(answer.body.endpointId);
  });

  it('the same again is 200 and changes nothing; another one needs If-Match', async () => {
    const { id, credential, answer } = await mint();
    expect(await put(id, { credential })).toMatchObject({ status: 200, body: answer.body });
    const other = api.newCredential();
    expect(await put(id, { credential: other.credential })).toMatchObject({
      status: 412,
      body: { code: 'generation-mismatch' },
    });
    expect(await put(id, { credential: other.credential }, '"2"')).toMatchObject({
      status: 200,
      body: { ownerId: other.ownerId, generation: 4, credential: other.credential },
    });
  });

  it('asks for the lifetimes given', async () => {
    const { answer } = await mint({ accessTokenTtl: 600, refreshTokenTtl: 86_400 });
    const { accessExpiresAt, refreshExpiresAt, rotatedAt } = answer.body;
    expect(Date.parse(accessExpiresAt) - Date.parse(rotatedAt)).toBeCloseTo(600_000, -4);
    expect(Date.parse(refreshExpiresAt) - Date.parse(rotatedAt)).toBeCloseTo(86_400_000, -4);
  });

  it.each([
    ['an empty name', { credential: '' }, '"credential" must be the name of a credential'],
    ['a name that is none', { credential: 7 }, '"credential" must be the name of a credential'],
    ['an unknown name', { credential: 'nobody' }, 'Configured: jwt-'],
    ['a token response too', { credential: 'jwt-11900', access_token: 'a' }, 'not both'],
    ['a lifetime that is none', { credential: 'jwt-11900', refreshTokenTtl: -1 }, '"refreshTokenTtl"'],
    ['an app, which the secret says', { credential: 'jwt-11900', app: 'main' }, 'not both'],
  ])('refuses %s and says why', async (_, body, told) => {
    const answer = await put(api.newId(), body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    expect(answer.body.detail).toContain(told);
  });

  it('says that RingCentral refuses the credential, and stores nothing', async () => {
    const id = api.newId();
    const answer = await put(id, { credential: 'jwt-refused' });
    expect(answer).toMatchObject({ status: 400, body: { code: 'credential-refused' } });
    expect(await api.http('GET', `/grants/${id}`)).toMatchObject({ status: 404 });
  });

  it('is answered directly as well', async () => {
    const { credential, ownerId } = api.newCredential();
    const request = { action: 'putGrant', grantId: api.newId(), body: { credential } };
    expect(await api.direct('admin', request)).toMatchObject({
      ok: true,
      result: { kind: 'jwt', credential, ownerId },
    });
    expect(await api.direct('get', request)).toMatchObject({ ok: false, error: { code: 'forbidden' } });
  });
});
