import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../functions/api/routes.ts';
import { httpEvent } from '../system/sandbox.ts';
import { type Api, startApi } from './api.ts';
import { answerFaults, faultsBySchema } from './contract.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

describe('a path', () => {
  it.each([
    '/',
    '',
    '/nothing',
    '/Grants',
    '/grants/a/token/',
    '/grants/a/',
    '//grants',
    '//grants/a',
    '/grants//a/token',
    '/grants/a//token',
    '/grants/a/Token',
    '/grants/a/token/more',
    '/v1/grants',
    'x/grants',
    'grants',
    '/grants/a%2Ftoken/more/b',
    '/grants/../grants/a',
  ])('that is no route is answered 404: "%s"', async path => {
    const answer = await api.http('GET', path);
    expect(answer).toMatchObject({ status: 404, body: { code: 'route-not-found' } });
  });

  it.each([
    ['PATCH', '/grants', 'GET'],
    ['POST', '/grants', 'GET'],
    ['DELETE', '/grants', 'GET'],
    ['POST', '/grants/a', 'GET, PUT, DELETE'],
    ['PATCH', '/grants/a', 'GET, PUT, DELETE'],
    ['OPTIONS', '/grants/a', 'GET, PUT, DELETE'],
    ['HEAD', '/grants/a', 'GET, PUT, DELETE'],
    ['get', '/grants/a', 'GET, PUT, DELETE'],
    ['POST', '/grants/a/token', 'GET'],
    ['GET', '/grants/a/refresh', 'POST'],
    ['DELETE', '/grants/a/refresh', 'POST'],
    ['PUT', '/grants/a/reinstate', 'POST'],
  ])('with a method that it does not take is answered 405 with Allow: %s %s', async (method, path, allow) => {
    const answer = await api.http(method, path);
    expect(answer).toMatchObject({ status: 405, body: { code: 'method-not-allowed' } });
    expect(answer.headers.allow?.split(', ').sort()).toEqual(allow.split(', ').sort());
  });

  const strangeIds = [
    ...['.', '..', '~', '-a', ':a', '@a', '.a', 'a b', 'a/b', 'a%2Fb', 'a%', 'a+b', 'a,b'],
    ...[
      'a;b',
      'a?b',
      'a#b',
      'a\\b',
      'a"b',
      'é',
      'a\u0000',
      'a\n',
      '💍',
      '{grantId}',
      'a'.repeat(129),
      '__proto__%',
    ],
  ].filter(id => !id.includes('/'));
  it.each(strangeIds)('with an id outside the alphabet is answered 400: "%s"', async id => {
    const before = await api.records();
    for (const [method, suffix] of [
      ['GET', '/token'],
      ['POST', '/refresh'],
      ['GET', ''],
      ['PUT', ''],
      ['POST', '/reinstate'],
      ['DELETE', ''],
    ] as const) {
      const body = method === 'PUT' ? api.authorize('10000') : { rejectedGeneration: 1 };
      const answer = await api.http(method, `/grants/${id}${suffix}`, { body });
      expect(answer, `${method} ${suffix}`).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    }
    expect(await api.records()).toBe(before);
  });

  it.each(['a', '_', '0', 'acme:101', 'a@b.c~d-e_F', '__proto__', 'constructor', 'token', 'a'.repeat(128)])(
    'with an id of the alphabet finds its grant: "%s"',
    async id => {
      const ownerId = api.newOwner();
      const put = await api.http('PUT', `/grants/${id}`, {
        body: { ...api.authorize(ownerId), app: 'main' },
      });
      expect(put.status).toBe(201);
      expect((await api.http('GET', `/grants/${id}/token`)).body.grantId).toBe(id);
      expect((await api.http('GET', `/grants/${id}`)).body.ownerId).toBe(ownerId);
    },
  );
});

describe('a query parameter', () => {
  it.each([
    ['GET', '/grants/a/token', { ttl: '5' }],
    ['GET', '/grants/a/token', { minTTL: '5' }],
    ['GET', '/grants/a/token', { minTtl: '5', limit: '5' }],
    ['POST', '/grants/a/refresh', { rejectedGeneration: '1' }],
    ['GET', '/grants/a', { minTtl: '5' }],
    ['PUT', '/grants/a', { strategy: 'weekly' }],
    ['DELETE', '/grants/a', { force: 'true' }],
    ['POST', '/grants/a/reinstate', { now: '' }],
    ['GET', '/grants/a', { grantId: 'b' }],
    ['GET', '/grants/a', { action: 'revokeGrant' }],
  ] as const)('that is not known is refused: %s %s %j', async (method, path, query) => {
    const answer = await api.http(method, path, { query, body: { rejectedGeneration: 1 } });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
  });
});

describe('If-Match', () => {
  it.each([
    ['DELETE', '/grants/{id}', undefined],
    ['POST', '/grants/{id}/reinstate', undefined],
    ['POST', '/grants/{id}/refresh', { rejectedGeneration: 1 }],
  ])('is not ignored where it is not taken: %s %s', async (method, path, body) => {
    const { id } = await api.connect();
    const before = await api.records();
    const answer = await api.http(method, path.replace('{id}', id), { body, headers: { 'if-match': '"7"' } });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    expect(answer.body.detail).toContain('If-Match');
    expect(await api.records()).toBe(before);
  });
});

describe('an event', () => {
  const invoke = async (event: unknown) => {
    const answer = await api.sandbox.direct('http', event);
    expect(faultsBySchema('Problem', JSON.parse(answer.body))).toEqual([]);
    return answer;
  };

  it.each([
    [{ action: 'revokeGrant', grantId: 'a' }],
    [{ action: 'listGrants' }],
    [{}],
    [null],
    [[]],
    ['text'],
    [7],
    [true],
    [{ requestContext: null }],
    [{ requestContext: { http: {} }, rawPath: '/grants' }],
    [{ requestContext: { http: { method: 'GET' } } }],
    [{ requestContext: { http: { method: 'GET' } }, rawPath: 5, headers: {} }],
    [{ requestContext: { http: { method: {} } }, rawPath: '/grants', headers: {} }],
    [{ ...httpEvent('GET', '/grants'), queryStringParameters: 'limit=5' }],
    [{ ...httpEvent('GET', '/grants'), headers: 'none' }],
    [{ ...httpEvent('PUT', '/grants/a'), body: { access_token: 'a' } }],
  ])('that is not from API Gateway is refused through the http alias: %j', async event => {
    const before = await api.records();
    const answer = await invoke(event);
    expect(answer.statusCode).toBe(400);
    expect(JSON.parse(answer.body).code).toBe('invalid-request');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(await api.records()).toBe(before);
  });

  it('is served without headers and without a query', async () => {
    const { headers: _, ...event } = httpEvent('GET', '/grants');
    expect((await invokeRaw(event)).statusCode).toBe(200);
  });

  it('takes the route that API Gateway matched, and no other that the decoded path looks like', async () => {
    const { id } = await api.connect();
    const before = await api.records();
    // IAM and API Gateway saw `POST /grants/<id>/reinstate%3F/refresh`, or the like; this is what is handed on.
    for (const [method, path] of [
      ['DELETE', ''],
      ['POST', '/reinstate'],
      ['GET', '/token'],
    ] as const) {
      const event = { ...httpEvent(method, `/grants/${id}${path}`), routeKey: '$default' };
      expect((await invoke(event)).statusCode, `${method} ${path}`).toBe(404);
    }
    expect(await api.records()).toBe(before);
  });

  it.each([':', '%3A', '%3a'])(
    'with an id that is percent-encoded means the id that it spells: %s',
    async colon => {
      const ownerId = api.newOwner();
      const body = { ...api.authorize(ownerId), app: 'main' };
      const put = await api.http('PUT', `/grants/spelt${colon}${ownerId}`, { body });
      expect(put).toMatchObject({ status: 201, body: { grantId: `spelt:${ownerId}` } });
    },
  );

  const invokeRaw = (event: unknown) => api.sandbox.direct('http', event);
});

describe('any event whatsoever', () => {
  // No grant that another test has connected: whoever may delete it does.
  const paths = fc.oneof(
    fc.constantFrom(
      '/grants',
      '/grants/none',
      '/grants/none/token',
      '/grants/none/refresh',
      '/grants/none/reinstate',
      '/',
    ),
    fc.string().map(text => `/grants/none${text}`),
    fc.string(),
    fc.jsonValue(),
  );
  const events = fc.record(
    {
      version: fc.constant('2.0'),
      routeKey: fc.oneof(
        {
          weight: 6,
          arbitrary: fc.constantFrom('$default', ...routes.map(({ method, path }) => `${method} ${path}`)),
        },
        { weight: 1, arbitrary: fc.jsonValue() },
      ),
      pathParameters: fc.oneof(
        fc.constant({ grantId: 'none' }),
        fc.dictionary(fc.constant('grantId'), fc.string()),
        fc.jsonValue(),
      ),
      rawPath: paths,
      rawQueryString: fc.string(),
      headers: fc.oneof(
        fc.dictionary(
          fc.constantFrom('If-Match', 'if-match', 'content-type', 'x'),
          fc.oneof(fc.string(), fc.jsonValue()),
        ),
        fc.jsonValue(),
      ),
      queryStringParameters: fc.oneof(
        fc.dictionary(
          fc.constantFrom('limit', 'state', 'cursor', 'minTtl', 'x'),
          fc.oneof(fc.string(), fc.jsonValue()),
        ),
        fc.jsonValue(),
      ),
      requestContext: fc.oneof(
        {
          weight: 4,
          arbitrary: fc.record(
            { http: fc.record({ method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'x') }) },
            { requiredKeys: ['http'] },
          ),
        },
        { weight: 1, arbitrary: fc.jsonValue() },
      ),
      body: fc.oneof(fc.string(), fc.json(), fc.jsonValue()),
      isBase64Encoded: fc.oneof(fc.boolean(), fc.jsonValue()),
    },
    { requiredKeys: ['rawPath', 'requestContext'] },
  );

  it('gets an answer, and never a 5xx for what its sender did wrong', async () => {
    const before = await api.records();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof({ weight: 6, arbitrary: events }, { weight: 1, arbitrary: fc.jsonValue() }),
        async event => {
          const sent = JSON.parse(JSON.stringify(event)) as Partial<ReturnType<typeof httpEvent>> | null;
          const { statusCode: status, headers, body } = await api.sandbox.direct('http', sent);
          expect(status).toBeGreaterThanOrEqual(200);
          expect(status).toBeLessThan(500);
          expect(headers['cache-control']).toBe('no-store');
          const route = routes.find(({ method, path }) => `${method} ${path}` === sent?.routeKey);
          const answer = { status, headers, body: JSON.parse(body) };
          if (route === undefined || status === 400)
            expect(faultsBySchema('Problem', answer.body)).toEqual([]);
          else expect(answerFaults(route.method, route.path, answer)).toEqual([]);
        },
      ),
      { numRuns: 1500 },
    );
    expect(await api.records()).toBe(before);
  });
});
