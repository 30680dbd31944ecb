import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allowedThrough, directAliases, routes } from '../../functions/api/routes.ts';
import type { HttpAnswer } from '../system/sandbox.ts';
import { type Api, startApi } from './api.ts';
import { document, examples, faultsAt, places, pointerTo, promisedAnswers, resolve } from './contract.ts';

const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
  ([, target]) => target ?? '',
);

describe('the OpenAPI file', () => {
  it('has the routes of the handler and no others', () => {
    const described = places.map(
      ({ method, path, operation }) => `${operation.operationId} ${method} ${path}`,
    );
    const served = routes.map(({ action, method, path }) => `${action} ${method} ${path}`);
    expect(described.sort()).toEqual(served.sort());
  });

  it.each(routes)('says through which aliases $action may be invoked', ({ action }) => {
    const place = places.find(({ operation }) => operation.operationId === action);
    const allowed = directAliases.filter(alias => allowedThrough(alias, action));
    expect(place?.operation['x-ringbearer-aliases']).toEqual(allowed);
  });

  it('refers only to what it has, and has nothing that is not referred to', () => {
    const { schemas, responses, headers, parameters } = document.components as Record<string, object>;
    for (const target of references) expect(resolve(target), target).toBeDefined();
    const referred = new Set(references);
    const components = Object.entries({ schemas, responses, headers, parameters }).flatMap(
      ([kind, members]) => Object.keys(members ?? {}).map(name => pointerTo('components', kind, name)),
    );
    const loose = components.filter(pointer => !referred.has(pointer));
    // What no operation answers, and what direct invocations exchange.
    expect(loose.map(pointer => pointer.split('/').at(-1))).toEqual([
      'DirectRequest',
      'DirectAnswer',
      'RouteNotFound',
      'MethodNotAllowed',
    ]);
  });

  it('signs every operation with SigV4', () => {
    expect(document.security).toEqual([{ sigv4: [] }]);
    expect(resolve('#/components/securitySchemes/sigv4')).toMatchObject({
      type: 'apiKey',
      in: 'header',
      name: 'Authorization',
      'x-amazon-apigateway-authtype': 'awsSigv4',
    });
    for (const { operation } of places) expect(operation).not.toHaveProperty('security');
  });

  it.each(places)('describes $method $path', ({ operation }) => {
    expect(operation.summary).toMatch(/^[A-Z].+[^.]$/);
    expect(operation.description).toMatch(/\.$/);
    expect(operation.tags).toHaveLength(1);
  });

  it.each(places)('has every path parameter of $method $path', ({ path }) => {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const shared = (resolve(pointerTo('paths', path, 'parameters')) ?? []) as { $ref: string }[];
    expect(shared.map(({ $ref }) => (resolve($ref) as { name: string }).name)).toEqual(named);
  });

  it('has examples that are valid', () => {
    expect(examples.length).toBeGreaterThan(30);
    for (const { at, schemaAt, value } of examples) expect(faultsAt(schemaAt, value), at).toEqual([]);
  });

  it('has problems whose examples are the right ones for their code', () => {
    for (const { at, value } of examples) {
      const problem = value as { code?: string; type?: string };
      if (problem.code === undefined) continue;
      expect(at.endsWith(`/${problem.code}`), at).toBe(true);
      expect(problem.type).toBe(`urn:ringbearer:problem:${problem.code}`);
    }
  });
});

/** Answers that no test here can produce, and why. */
const outOfReach = new Set(
  // API Gateway's own, before the handler.
  routes.map(({ action }) => `${action} 403`),
);

type Scenario = readonly [answer: string, produce: (api: Api) => Promise<HttpAnswer>];

const tooLarge = { rawBody: ' '.repeat(65_537) };

const get = (api: Api, id: string, query?: Record<string, string>) =>
  api.http('GET', `/grants/${id}/token`, query && { query });
const report = (api: Api, id: string, rejectedGeneration: unknown = 1, remainingMs = 29_000) =>
  api.http('POST', `/grants/${id}/refresh`, { body: { rejectedGeneration }, remainingMs });
const put = (api: Api, id: string, body: object, headers: Record<string, string> = {}) =>
  api.http('PUT', `/grants/${id}`, { body, headers });

/** A grant that RingCentral refuses for good. */
const refused = async (api: Api): Promise<string> => {
  const { id, ownerId } = await api.connectExpired();
  api.sandbox.simulator.provider.endSessions(ownerId);
  return id;
};
const revokedGrant = async (api: Api): Promise<string> => {
  const { id } = await api.connect();
  await api.http('DELETE', `/grants/${id}`);
  return id;
};
const unreachable = async (api: Api): Promise<string> => {
  const { id, ownerId } = await api.connectExpired();
  api.fault({ endpoint: 'token', kind: 'status', status: 503, ownerId, times: 10 });
  return id;
};
/** A grant of the app whose secret was rotated. */
const wrongCredentials = async (api: Api): Promise<string> => {
  const { id } = await api.connectOther({ expires_in: 0 });
  return id;
};
const unrefreshable = async (api: Api): Promise<string> => {
  const { id } = await api.connect({ refresh_token: undefined, expires_in: 1, obtainedAt: secondsAgo(0.9) });
  await new Promise(done => setTimeout(done, 150));
  return id;
};
const secondsAgo = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();

/** Runs first: the apps secret was never readable. */
const beforeTheSecret: readonly Scenario[] = [
  ['createConnectLink 500 misconfigured', api => makeLink(api)],
  ['listApps 500 misconfigured', api => api.http('GET', '/apps')],
  ['putGrant 500 misconfigured', async api => put(api, api.newId(), api.authorize(api.newOwner()))],
];

const makeLink = (api: Api, body?: unknown) =>
  api.http('POST', `/grants/${api.newId()}/connect-links`, { body: body ?? { app: 'main' } });

const scenarios: readonly Scenario[] = [
  ['createConnectLink 201', api => makeLink(api)],
  ['createConnectLink 400 invalid-request', api => makeLink(api, { expiresIn: 59 })],
  ['createConnectLink 413 body-too-large', api => api.http('POST', '/grants/acme:1/connect-links', tooLarge)],
  ['getToken 200', async api => get(api, (await api.connect()).id)],
  ['getToken 400 invalid-request', api => get(api, 'acme:1', { minTtl: 'soon' })],
  ['getToken 404 grant-not-found', api => get(api, 'acme:none')],
  ['getToken 409 reauthorization-required', async api => get(api, await refused(api))],
  ['getToken 410 grant-revoked', async api => get(api, await revokedGrant(api))],
  ['getToken 413 body-too-large', api => api.http('GET', '/grants/acme:1/token', tooLarge)],
  ['getToken 500 misconfigured', async api => get(api, await wrongCredentials(api))],
  [
    'getToken 503 refresh-pending',
    async api => api.http('GET', `/grants/${(await api.connectExpired()).id}/token`, { remainingMs: 600 }),
  ],
  ['getToken 503 provider-unavailable', async api => get(api, await unreachable(api))],

  ['refreshToken 200', async api => report(api, (await api.connect()).id)],
  ['refreshToken 400 invalid-request', api => report(api, 'acme:1', 'one')],
  ['refreshToken 404 grant-not-found', api => report(api, 'acme:none')],
  ['refreshToken 409 reauthorization-required', async api => report(api, await refused(api))],
  ['refreshToken 410 grant-revoked', async api => report(api, await revokedGrant(api))],
  ['refreshToken 413 body-too-large', api => api.http('POST', '/grants/acme:1/refresh', tooLarge)],
  [
    'refreshToken 429 refresh-limited',
    async api => {
      const { id } = await api.connect();
      await report(api, id, 1);
      return report(api, id, 2);
    },
  ],
  ['refreshToken 500 misconfigured', async api => report(api, await wrongCredentials(api))],
  ['refreshToken 503 refresh-pending', async api => report(api, (await api.connectExpired()).id, 1, 600)],
  ['refreshToken 503 provider-unavailable', async api => report(api, await unreachable(api))],

  ['getGrant 200', async api => api.http('GET', `/grants/${(await api.connect()).id}`)],
  ['getGrant 400 invalid-request', api => api.http('GET', '/grants/.')],
  ['getGrant 404 grant-not-found', api => api.http('GET', '/grants/acme:none')],
  ['getGrant 413 body-too-large', api => api.http('GET', '/grants/acme:1', tooLarge)],

  ['listGrants 200', api => api.http('GET', '/grants')],
  ['listGrants 400 invalid-request', api => api.http('GET', '/grants', { query: { limit: '0' } })],
  ['listGrants 413 body-too-large', api => api.http('GET', '/grants', tooLarge)],

  ['listApps 200', api => api.http('GET', '/apps')],
  ['listApps 400 invalid-request', api => api.http('GET', '/apps', { query: { limit: '1' } })],
  ['listApps 413 body-too-large', api => api.http('GET', '/apps', tooLarge)],

  [
    'putGrant 200',
    async api => {
      const { id, response } = await api.connect();
      return put(api, id, { ...response, app: 'main' });
    },
  ],
  ['putGrant 201', async api => (await api.connect()).answer],
  ['putGrant 400 invalid-request', api => put(api, 'acme:1', {})],
  ['putGrant 400 credential-refused', api => put(api, api.newId(), { credential: 'jwt-refused' })],
  [
    'putGrant 409 owner-already-connected',
    async api => {
      const { ownerId } = await api.connect();
      return put(api, api.newId(), { ...api.authorize(ownerId), app: 'main' });
    },
  ],
  [
    'putGrant 412 generation-mismatch',
    async api => {
      const { id, ownerId } = await api.connect();
      return put(api, id, { ...api.authorize(ownerId), app: 'main' });
    },
  ],
  [
    'putGrant 503 provider-unavailable',
    api => {
      const { credential, ownerId } = api.newCredential();
      api.fault({ endpoint: 'token', kind: 'drop-before', ownerId });
      return put(api, api.newId(), { credential });
    },
  ],
  ['putGrant 413 body-too-large', api => api.http('PUT', '/grants/acme:1', tooLarge)],

  [
    'reinstateGrant 202',
    async api => {
      const id = await refused(api);
      await get(api, id);
      return api.http('POST', `/grants/${id}/reinstate`);
    },
  ],
  ['reinstateGrant 400 invalid-request', api => api.http('POST', '/grants/./reinstate')],
  ['reinstateGrant 404 grant-not-found', api => api.http('POST', '/grants/acme:none/reinstate')],
  [
    'reinstateGrant 409 reauthorization-required',
    async api => {
      const id = await unrefreshable(api);
      await get(api, id);
      return api.http('POST', `/grants/${id}/reinstate`);
    },
  ],
  [
    'reinstateGrant 410 grant-revoked',
    async api => api.http('POST', `/grants/${await revokedGrant(api)}/reinstate`),
  ],
  ['reinstateGrant 413 body-too-large', api => api.http('POST', '/grants/acme:1/reinstate', tooLarge)],

  ['revokeGrant 200', async api => api.http('DELETE', `/grants/${(await api.connect()).id}`)],
  [
    'revokeGrant 202',
    async api => {
      const { id, ownerId } = await api.connect();
      api.fault({ endpoint: 'revoke', kind: 'drop-before', ownerId });
      return api.http('DELETE', `/grants/${id}`);
    },
  ],
  ['revokeGrant 400 invalid-request', api => api.http('DELETE', '/grants/.')],
  ['revokeGrant 404 grant-not-found', api => api.http('DELETE', '/grants/acme:none')],
  ['revokeGrant 413 body-too-large', api => api.http('DELETE', '/grants/acme:1', tooLarge)],
];

/** Runs last: the table is gone. */
const withoutTheTable: readonly Scenario[] = [
  ['createConnectLink 500 internal-error', api => makeLink(api)],
  ['getToken 500 internal-error', api => get(api, 'acme:1')],
  ['refreshToken 500 internal-error', api => report(api, 'acme:1')],
  ['getGrant 500 internal-error', api => api.http('GET', '/grants/acme:1')],
  ['listGrants 500 internal-error', api => api.http('GET', '/grants')],
  ['listApps 500 internal-error', api => api.http('GET', '/apps')],
  ['putGrant 500 internal-error', async api => put(api, 'acme:1', api.authorize(api.newOwner()))],
  ['reinstateGrant 500 internal-error', api => api.http('POST', '/grants/acme:1/reinstate')],
  ['revokeGrant 500 internal-error', api => api.http('DELETE', '/grants/acme:1')],
];

describe('every answer that the OpenAPI file promises', () => {
  let api: Api;
  beforeAll(async () => {
    api = await startApi({ maxReportsPerHour: 1 });
    api.sandbox.simulator.provider.rotateSecret('other-client');
    api.setSecret('{"apps":[]}');
  });
  afterAll(() => api.close());

  const produces = async ([promised, produce]: Scenario) => {
    const { status, body } = await produce(api);
    const action = promised.split(' ')[0];
    const code = status < 400 ? [] : [body.code];
    expect([action, status, ...code].join(' ')).toBe(promised);
  };

  it('is produced here, or said to be out of reach', () => {
    const produced = [...beforeTheSecret, ...scenarios, ...withoutTheTable].map(([promised]) => promised);
    expect([...produced, ...outOfReach].sort()).toEqual([...promisedAnswers].sort());
  });

  it.each(beforeTheSecret)('%s', (...scenario) => produces(scenario));

  describe('with a good apps secret', () => {
    beforeAll(() => api.setSecret());
    it.each(scenarios)('%s', (...scenario) => produces(scenario));
  });

  describe('and with no table', () => {
    beforeAll(() => api.deleteTable());
    it.each(withoutTheTable)('%s', (...scenario) => produces(scenario));
  });
});
