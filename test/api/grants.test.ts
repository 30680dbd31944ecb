import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, startApi } from './api.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const look = (id: string) => api.http('GET', `/grants/${id}`);
const tokenOf = (id: string) => api.http('GET', `/grants/${id}/token`);
const revoke = (id: string) => api.http('DELETE', `/grants/${id}`);
const reinstate = (id: string) => api.http('POST', `/grants/${id}/reinstate`);
const pause = (ms: number) => new Promise(done => setTimeout(done, ms));

const condemned = async () => {
  const grant = await api.connectExpired();
  api.sandbox.simulator.provider.disableUser(grant.ownerId);
  expect((await tokenOf(grant.id)).status).toBe(409);
  return grant;
};

describe('GET /grants/{grantId}', () => {
  it('shows everything but the secrets', async () => {
    const { id, ownerId, response } = await api.connect({ label: 'Front desk' });
    const { status, headers, body } = await look(id);
    expect(status).toBe(200);
    expect(headers.etag).toBe('"1"');
    const fields = [
      ...[
        'accessExpiresAt',
        'app',
        'cacheUntil',
        'connectedAt',
        'connectionId',
        'dueAt',
        'endpointId',
        'failures',
      ],
      ...[
        'generation',
        'grantId',
        'kind',
        'label',
        'ownerId',
        'refreshExpiresAt',
        'refreshing',
        'rotatedAt',
        'scope',
      ],
      ...['server', 'state', 'strategy', 'updatedAt'],
    ];
    expect(Object.keys(body).sort()).toEqual(fields);
    expect(body).toMatchObject({ grantId: id, ownerId, state: 'active', label: 'Front desk', generation: 1 });
    const text = JSON.stringify({ headers, body });
    for (const secret of [
      response.access_token,
      response.refresh_token,
      'test-client_secret',
      'test-client_id',
    ]) {
      expect(text).not.toContain(secret);
    }
  });

  it('shows the hold and the last error while the provider fails, and neither afterwards', async () => {
    const { id, ownerId } = await api.connectExpired();
    api.fault({ endpoint: 'token', kind: 'status', status: 500, ownerId });
    await tokenOf(id);
    const { body: held } = await look(id);
    expect(held).toMatchObject({ refreshing: true, failures: 1, lastError: { code: expect.any(String) } });
    expect(Date.parse(held.holdUntil)).toBeGreaterThan(Date.now() - 100);
    await pause(160);
    await tokenOf(id);
    const { body: healed } = await look(id);
    expect(healed).toMatchObject({ refreshing: false, failures: 0, generation: 2 });
    expect(healed).not.toHaveProperty('holdUntil');
    expect(healed).not.toHaveProperty('lastError');
  });

  it('answers 404 for a grant that nobody connected', async () => {
    expect(await look('nobody')).toMatchObject({ status: 404, body: { code: 'grant-not-found' } });
  });
});

describe('POST /grants/{grantId}/reinstate', () => {
  it('has a condemned grant tried again', async () => {
    const { id, ownerId } = await condemned();
    api.sandbox.simulator.provider.enableUser(ownerId);
    const answer = await reinstate(id);
    expect(answer).toMatchObject({ status: 202, body: { state: 'active', generation: 1 } });
    expect(Date.parse(answer.body.dueAt)).toBeLessThanOrEqual(Date.now());
    expect(await tokenOf(id)).toMatchObject({ status: 200, body: { generation: 2 } });
  });

  it('promises nothing of the tokens of a grant that is to be tried again', async () => {
    const { id } = await condemned();
    expect((await reinstate(id)).body).not.toHaveProperty('cacheUntil');
  });

  it('serves nothing before a refresh has succeeded, and gives up when it is refused again', async () => {
    const { id } = await condemned();
    await reinstate(id);
    expect(await tokenOf(id)).toMatchObject({ status: 409, body: { code: 'reauthorization-required' } });
    expect((await look(id)).body.state).toBe('reauthorize');
  });

  it('leaves an active grant as it is', async () => {
    const { id } = await api.connect();
    const before = await api.records();
    expect(await reinstate(id)).toMatchObject({ status: 202, body: { state: 'active', generation: 1 } });
    expect(await api.records()).toBe(before);
  });

  it('is refused for a revoked grant, and nothing is written', async () => {
    const { id } = await api.connect();
    await revoke(id);
    const before = await api.records();
    expect(await reinstate(id)).toMatchObject({ status: 410, body: { code: 'grant-revoked' } });
    expect(await api.records()).toBe(before);
  });

  it('is refused for a grant without a refresh token, and nothing is written', async () => {
    const obtainedAt = new Date(Date.now() - 900).toISOString();
    const { id } = await api.connect({ refresh_token: undefined, expires_in: 1, obtainedAt });
    await pause(120);
    await tokenOf(id);
    const before = await api.records();
    expect(await reinstate(id)).toMatchObject({ status: 409, body: { code: 'reauthorization-required' } });
    expect(await api.records()).toBe(before);
  });

  it('answers 404 for a grant that nobody connected', async () => {
    expect(await reinstate('nobody')).toMatchObject({ status: 404, body: { code: 'grant-not-found' } });
  });
});

describe('DELETE /grants/{grantId}', () => {
  const sessionOf = (ownerId: string) =>
    api.sandbox.simulator.provider.sessions().find(session => session.ownerId === ownerId);

  it('revokes here and at RingCentral: 200', async () => {
    const { id, ownerId } = await api.connect();
    const answer = await revoke(id);
    expect(answer).toMatchObject({
      status: 200,
      body: { state: 'revoked', generation: 2 },
      headers: { etag: '"2"' },
    });
    expect(sessionOf(ownerId)?.alive).toBe(false);
    expect(await tokenOf(id)).toMatchObject({ status: 410, body: { code: 'grant-revoked' } });
    expect(await look(id)).toMatchObject({ status: 200, body: { state: 'revoked' } });
  });

  it('answers the same again, and changes nothing', async () => {
    const { id } = await api.connect();
    await revoke(id);
    const before = await api.records();
    expect(await revoke(id)).toMatchObject({ status: 200, body: { state: 'revoked', generation: 2 } });
    expect(await api.records()).toBe(before);
  });

  it('answers 202 when RingCentral does not, serves nobody from then on, and the sweep finishes it', async () => {
    const { id, ownerId } = await api.connect();
    api.fault({ endpoint: 'revoke', kind: 'drop-before', ownerId });
    expect(await revoke(id)).toMatchObject({ status: 202, body: { state: 'revoking', generation: 2 } });
    expect(sessionOf(ownerId)?.alive).toBe(true);
    expect(await tokenOf(id)).toMatchObject({ status: 410, body: { code: 'grant-revoked' } });
    expect((await look(id)).body).not.toHaveProperty('cacheUntil');
    await pause(170);
    await api.sandbox.sweep();
    expect((await look(id)).body.state).toBe('revoked');
    expect(sessionOf(ownerId)?.alive).toBe(false);
  });

  it('serves nobody while RingCentral is still being told', async () => {
    const { id, ownerId } = await api.connect();
    api.fault({ endpoint: 'revoke', kind: 'delay', delayMs: 250, ownerId });
    const revoking = revoke(id);
    await pause(80);
    expect((await tokenOf(id)).status).toBe(410);
    expect(
      (await api.http('POST', `/grants/${id}/refresh`, { body: { rejectedGeneration: 1 } })).status,
    ).toBe(410);
    expect((await revoking).status).toBe(200);
  });

  it('lets no refresh that is under way bring the grant back', async () => {
    const { id, ownerId } = await api.connectExpired();
    api.fault({ endpoint: 'token', kind: 'delay', delayMs: 200, processed: true, ownerId });
    const getting = tokenOf(id);
    await pause(60);
    expect((await revoke(id)).status).toBe(202);
    expect((await getting).status).toBe(410);
    expect((await tokenOf(id)).status).toBe(410);
  });

  it('revokes a condemned grant', async () => {
    const { id } = await condemned();
    expect((await revoke(id)).body.state).toMatch(/^revok/);
    expect((await tokenOf(id)).status).toBe(410);
  });

  it('answers 404 for a grant that nobody connected', async () => {
    expect(await revoke('nobody')).toMatchObject({ status: 404, body: { code: 'grant-not-found' } });
  });
});

describe('GET /grants', () => {
  type Listed = { readonly grantId: string; readonly state: string };
  const page = (query: Record<string, string> = {}) => api.http('GET', '/grants', { query });

  const readAll = async (query: Record<string, string>): Promise<Listed[]> => {
    const grants: Listed[] = [];
    let cursor: string | null = null;
    for (let pages = 0; pages < 200; pages += 1) {
      const { body } = await page({ ...query, ...(cursor !== null && { cursor }) });
      expect(body.grants.length).toBeLessThanOrEqual(Number(query.limit ?? 50));
      grants.push(...body.grants);
      cursor = body.cursor;
      if (cursor === null) return grants;
    }
    throw new Error('the listing has no end');
  };

  let expected: Listed[];
  beforeAll(async () => {
    await Promise.all(Array.from({ length: 12 }, () => api.connect()));
    const records = JSON.parse(await api.records()) as Record<string, { S?: string }>[];
    expected = records.flatMap(({ pk, state }) =>
      pk?.S?.startsWith('grant#') ? [{ grantId: pk.S.slice(6), state: state?.S ?? '' }] : [],
    );
    expect(new Set(expected.map(({ state }) => state))).toEqual(
      new Set(['active', 'reauthorize', 'revoking', 'revoked']),
    );
  });

  const idsOf = (grants: readonly Listed[], state?: string) =>
    grants.filter(grant => state === undefined || grant.state === state).map(({ grantId }) => grantId);

  it.each(['1', '3', '50', '100'])('reads every grant once, %s to a page', async limit => {
    expect(idsOf(await readAll({ limit })).sort()).toEqual(idsOf(expected).sort());
  });

  it.each(['active', 'reauthorize', 'revoking', 'revoked'])(
    'reads the %s ones in order of their ids',
    async state => {
      const grants = await readAll({ state, limit: '2' });
      expect(idsOf(grants)).toEqual(idsOf(expected, state).sort());
      expect(new Set(grants.map(grant => grant.state))).toEqual(new Set([state]));
    },
  );

  it('shows each grant as it is shown alone, and no secret', async () => {
    const { body, headers } = await page({ state: 'active', limit: '1' });
    const { body: alone } = await look(body.grants[0].grantId);
    expect(body.grants[0]).toEqual(alone);
    expect(headers).not.toHaveProperty('etag');
    const stored = await api.records();
    const secrets = [...stored.matchAll(/"(?:accessToken|refreshToken)":\{"S":"([^"]+)"/g)].map(
      match => match[1] ?? '',
    );
    expect(secrets.length).toBeGreaterThan(20);
    const listed = JSON.stringify(await readAll({}));
    for (const secret of secrets) expect(listed).not.toContain(secret);
  });

  it('goes on without a grant that cannot be read', async () => {
    await api.spoil('spoilt');
    expect(idsOf(await readAll({ limit: '2' })).sort()).toEqual(idsOf(expected).sort());
    expect(await look('spoilt')).toMatchObject({ status: 500, body: { code: 'internal-error' } });
  });

  it('refuses a cursor of a listing with another state', async () => {
    const { body: all } = await page({ limit: '1' });
    const { body: active } = await page({ limit: '1', state: 'active' });
    for (const query of [
      { cursor: all.cursor, state: 'active' },
      { cursor: active.cursor },
      { cursor: active.cursor, state: 'revoked' },
    ]) {
      expect(await page(query)).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    }
  });

  it('refuses a cursor that was changed in any byte', async () => {
    const { body } = await page({ limit: '1' });
    const cursor = body.cursor as string;
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=., \u00e9';
    const changes = fc.tuple(fc.nat(cursor.length - 1), fc.constantFrom(...alphabet, ''));
    await fc.assert(
      fc.asyncProperty(changes, async ([at, letter]) => {
        fc.pre(cursor[at] !== letter);
        const changed = cursor.slice(0, at) + letter + cursor.slice(at + 1);
        expect(await page({ cursor: changed })).toMatchObject({
          status: 400,
          body: { code: 'invalid-request' },
        });
      }),
      { numRuns: 400 },
    );
  });

  it.each(['', 'x', '0', '12345', 'null', 'W10', 'x'.repeat(513), '\u0000', 'a,b'])(
    'refuses the cursor "%s"',
    async cursor => {
      expect(await page({ cursor })).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    },
  );

  it('refuses a cursor with anything added', async () => {
    const { cursor } = (await page({ limit: '1' })).body;
    for (const changed of [
      `${cursor}A`,
      `${cursor}=`,
      ` ${cursor}`,
      `${cursor}${cursor}`,
      `${cursor},${cursor}`,
    ]) {
      expect((await page({ cursor: changed })).status).toBe(400);
    }
  });

  it.each([
    { limit: '0' },
    { limit: '101' },
    { limit: '1.5' },
    { limit: '-1' },
    { limit: '' },
    { limit: '1,2' },
    { limit: 'all' },
    { state: 'ACTIVE' },
    { state: '' },
    { state: 'active,revoked' },
    { state: '1' },
    { State: 'active' },
    { filter: 'active' },
    { minTtl: '5' },
    { 'limit ': '5' },
    { __proto__x: '5' },
  ])('refuses the query %j', async query => {
    expect(await page(query as Record<string, string>)).toMatchObject({
      status: 400,
      body: { code: 'invalid-request' },
    });
  });
});
