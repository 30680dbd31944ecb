import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpEvent } from '../system/sandbox.ts';
import { type Api, redirectUri, startApi } from './api.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const authorised = (ownerId: string) => ({ ...api.authorize(ownerId), app: 'main' });

/** What the connect function sends once the user has consented. */
const consented = (ownerId: string) => ({
  app: 'main',
  redirectUri,
  code: api.consent(ownerId),
});

/** Each action as a request that succeeds, for a grant of its own. */
const requests: Record<string, () => Promise<object>> = {
  getToken: async () => ({ grantId: (await api.connect()).id }),
  refreshToken: async () => ({ grantId: (await api.connect()).id, rejectedGeneration: 1 }),
  getGrant: async () => ({ grantId: (await api.connect()).id }),
  listGrants: async () => ({}),
  listApps: async () => ({}),
  putGrant: async () => ({ grantId: api.newId(), body: authorised(api.newOwner()) }),
  reinstateGrant: async () => {
    const { id, ownerId } = await api.connectExpired();
    api.sandbox.simulator.provider.endSessions(ownerId);
    await api.http('GET', `/grants/${id}/token`);
    return { grantId: id };
  },
  revokeGrant: async () => ({ grantId: (await api.connect()).id }),
  createConnectLink: async () => ({ grantId: api.newId(), body: { app: 'main' } }),
  connectGrant: async () => ({ grantId: api.newId(), body: consented(api.newOwner()) }),
};

/** Written out once more: what each alias is for. */
const permissions: Record<string, readonly string[]> = {
  get: ['getToken', 'refreshToken', 'getGrant'],
  revoke: ['revokeGrant'],
  admin: Object.keys(requests).filter(action => action !== 'connectGrant'),
  connect: ['connectGrant'],
  unqualified: [],
  '1': [],
  $LATEST: [],
};

const cases = Object.entries(permissions).flatMap(([alias, allowed]) =>
  Object.keys(requests).map(action => ({ alias, action, allowed: allowed.includes(action) })),
);

const invoke = (alias: string, event: unknown) =>
  api.direct(alias === 'unqualified' ? undefined : alias, event);

describe('a direct invocation', () => {
  it.each(cases.filter(({ allowed }) => allowed))('through $alias may $action', async ({ alias, action }) => {
    const answer = await invoke(alias, { action, ...(await requests[action]?.()) });
    expect(answer).toEqual({ ok: true, result: expect.any(Object) });
  });

  it.each(cases.filter(({ allowed }) => !allowed))(
    'through $alias may not $action',
    async ({ alias, action }) => {
      const request = await requests[action]?.();
      const before = await api.records();
      const answer = await invoke(alias, { action, ...request });
      expect(answer).toMatchObject({ ok: false, error: { code: 'forbidden', status: 403 } });
      expect(await api.records()).toBe(before);
    },
  );

  it.each(Object.keys(requests))('through the http alias does nothing: %s', async action => {
    const request = await requests[action]?.();
    const before = await api.records();
    const answer = await api.sandbox.direct('http', { action, ...request });
    expect(answer.statusCode).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'invalid-request' });
    expect(await api.records()).toBe(before);
  });

  it.each(['get', 'revoke', 'admin', 'unqualified'])(
    'through %s that looks like an HTTP request does nothing, whatever it asks for',
    async alias => {
      const { id } = await api.connect();
      const before = await api.records();
      const event = { ...httpEvent('DELETE', `/grants/${id}`), routeKey: 'DELETE /grants/{grantId}' };
      for (const disguised of [event, { ...event, action: 'getGrant', grantId: id }]) {
        expect(await invoke(alias, disguised)).toMatchObject({
          ok: false,
          error: { code: 'invalid-request' },
        });
      }
      expect(await api.records()).toBe(before);
    },
  );
});

describe('the two ways in', () => {
  it('give the same token', async () => {
    const { id } = await api.connect();
    const { result } = await api.direct('get', { action: 'getToken', grantId: id, minTtl: 900 });
    expect(result).toEqual((await api.http('GET', `/grants/${id}/token`)).body);
  });

  it('show the same grant and the same listing', async () => {
    const { id } = await api.connect();
    const { result } = await api.direct('get', { action: 'getGrant', grantId: id });
    expect(result).toEqual((await api.http('GET', `/grants/${id}`)).body);
    const { result: listed } = await api.direct('admin', { action: 'listGrants', state: 'active', limit: 2 });
    const { body } = await api.http('GET', '/grants', { query: { state: 'active', limit: '2' } });
    expect(listed).toEqual(body);
    const next = { action: 'listGrants', state: 'active', limit: 2, cursor: listed.cursor };
    expect(await api.direct('admin', next)).toMatchObject({ ok: true });
  });

  it('know the same If-Match', async () => {
    const { id, ownerId } = await api.connect();
    for (const [ifMatch, generation] of [
      [1, 2],
      ['2', 3],
      ['"3"', 4],
    ]) {
      const event = { action: 'putGrant', grantId: id, body: authorised(ownerId), ifMatch };
      expect(await api.direct('admin', event)).toMatchObject({ ok: true, result: { generation } });
    }
    const stale = { action: 'putGrant', grantId: id, body: authorised(ownerId), ifMatch: 1 };
    expect(await api.direct('admin', stale)).toMatchObject({ error: { code: 'generation-mismatch' } });
  });

  it('give the same errors', async () => {
    const { body } = await api.http('GET', '/grants/nobody/token');
    const { ok, error } = await api.direct('get', { action: 'getToken', grantId: 'nobody' });
    expect(ok).toBe(false);
    expect(error).toEqual(body);
  });

  it('say when to ask again', async () => {
    const { id, ownerId } = await api.connectExpired();
    api.fault({ endpoint: 'token', kind: 'html', ownerId });
    const { error } = await api.direct('get', { action: 'getToken', grantId: id });
    expect(error).toMatchObject({ code: 'provider-unavailable', retryAfterSeconds: 1 });
  });
});

describe('a malformed event', () => {
  it.each([
    [{}],
    [null],
    [[]],
    ['getToken'],
    [7],
    [{ action: 'getToken' }],
    [{ action: 'gettoken', grantId: 'a' }],
    [{ action: ['getToken'], grantId: 'a' }],
    [{ action: 'getToken', grantId: 5 }],
    [{ action: 'getToken', grantId: ['a'] }],
    [{ action: 'getToken', grantId: '' }],
    [{ action: 'getToken', grantId: 'a/b' }],
    [{ action: 'getToken', grantId: 'a', minTtl: '5' }],
    [{ action: 'getToken', grantId: 'a', minTtl: 901 }],
    [{ action: 'getToken', grantId: 'a', minTtl: null }],
    [{ action: 'getToken', grantId: 'a', rejectedGeneration: 1 }],
    [{ action: 'refreshToken', grantId: 'a' }],
    [{ action: 'refreshToken', grantId: 'a', rejectedGeneration: '1' }],
    [{ action: 'listGrants', grantId: 'a' }],
    [{ action: 'listGrants', limit: '5' }],
    [{ action: 'listGrants', state: null }],
    [{ action: 'listGrants', cursor: 5 }],
    [{ action: 'putGrant', grantId: 'a' }],
    [{ action: 'putGrant', grantId: 'a', body: '{}' }],
    [{ action: 'putGrant', grantId: 'a', access_token: 'a' }],
    [{ action: 'revokeGrant', grantId: 'a', ifMatch: 1 }],
    [{ action: 'revokeGrant', grantIds: ['a'] }],
  ])('is refused: %j', async event => {
    expect(await api.direct('admin', event)).toMatchObject({
      ok: false,
      error: { code: 'invalid-request', status: 400 },
    });
  });

  it('of any kind is answered, and is never our fault', async () => {
    const before = await api.records();
    const values = fc.oneof(fc.constantFrom<unknown>('a', 'nobody', 1, 0, '1', null), fc.jsonValue());
    const fields = fc.dictionary(
      fc.constantFrom(
        'grantId',
        'minTtl',
        'rejectedGeneration',
        'state',
        'limit',
        'cursor',
        'body',
        'ifMatch',
        'x',
      ),
      values,
    );
    const events = fc.oneof(
      fc.jsonValue(),
      fc
        .tuple(fc.constantFrom(...Object.keys(requests)), fields)
        .map(([action, rest]) => ({ action, ...rest })),
    );
    const aliases = fc.constantFrom('get', 'revoke', 'admin', 'unqualified');
    await fc.assert(
      fc.asyncProperty(aliases, events, async (alias, event) => {
        const answer = await invoke(alias, JSON.parse(JSON.stringify(event)));
        if (answer.ok) return;
        expect(['invalid-request', 'forbidden', 'grant-not-found']).toContain(answer.error.code);
      }),
      { numRuns: 1500 },
    );
    expect(await api.records()).toBe(before);
  });
});
