import { createHash, createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTokenClient } from '../../client/index.ts';
import { served } from './fake.ts';

type Seen = { method: string; url: string; headers: Record<string, string>; body: string };

const seen: Seen[] = [];
let answer: { status: number; body: string; headers?: Record<string, string> };
const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { method = '', url = '', headers } = request;
  seen.push({ method, url, headers: headers as Record<string, string>, body });
  response
    .writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
    .end(answer.body);
});
let url: string;
beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const arn = (alias: string, region = 'eu-west-1') =>
  `arn:aws:lambda:${region}:123456789012:function:api:${alias}`;
const token = served(1);
const result = JSON.stringify(token.ok && token.result);

beforeEach(() => {
  seen.length = 0;
  answer = { status: 200, body: JSON.stringify(token) };
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('RINGBEARER_') || name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  }
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKID');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'SECRET');
  vi.stubEnv('AWS_SESSION_TOKEN', 'SESSION');
});
afterEach(() => vi.unstubAllEnvs());

describe('the environment', () => {
  it('that says nothing is an error at once, which says what to do', () => {
    expect(() => createTokenClient()).toThrow(
      expect.objectContaining({ code: 'misconfigured', detail: expect.stringContaining('grantGetToken()') }),
    );
    vi.stubEnv('RINGBEARER_FUNCTION', '');
    expect(() => createTokenClient()).toThrow('RINGBEARER_FUNCTION');
    vi.stubEnv('RINGBEARER_URL', 'not a url');
    expect(() => createTokenClient()).toThrow('not a URL');
  });

  it.each([
    ['get', { RINGBEARER_FUNCTION: arn('get') }, 'get'],
    ['revoke', { RINGBEARER_FUNCTION: arn('get'), RINGBEARER_REVOKE_FUNCTION: arn('revoke') }, 'revoke'],
    ['get', { RINGBEARER_ADMIN_FUNCTION: arn('admin') }, 'admin'],
    ['revoke', { RINGBEARER_ADMIN_FUNCTION: arn('admin') }, 'admin'],
    ['get', { RINGBEARER_FUNCTION: arn('get'), RINGBEARER_ADMIN_FUNCTION: arn('admin') }, 'get'],
  ] as const)('to %s with %j invokes the alias %s', async (method, variables, alias) => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    await createTokenClient()[method]('acme:101');
    expect(seen).toHaveLength(1);
    expect(decodeURIComponent(seen[0]?.url ?? '')).toBe(`/2015-03-31/functions/${arn(alias)}/invocations`);
  });

  it('with a URL uses it where there is no function', async () => {
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    vi.stubEnv('RINGBEARER_FUNCTION', arn('get'));
    vi.stubEnv('RINGBEARER_URL', `${url}/`);
    const client = createTokenClient();
    await client.get('acme:101');
    answer.body = result;
    await client.revoke('acme:101');
    expect(seen.map(({ method, url }) => `${method} ${url.split('%')[0]}`)).toEqual([
      'POST /2015-03-31/functions/arn',
      'DELETE /grants/acme:101',
    ]);
  });

  it('without the level that is asked for says which grant is missing', async () => {
    vi.stubEnv('RINGBEARER_FUNCTION', arn('get'));
    await expect(createTokenClient().revoke('acme:101')).rejects.toMatchObject({
      code: 'misconfigured',
      detail: expect.stringContaining('grantRevoke()'),
    });
    vi.stubEnv('RINGBEARER_FUNCTION', undefined);
    vi.stubEnv('RINGBEARER_REVOKE_FUNCTION', arn('revoke'));
    const client = createTokenClient();
    await expect(client.get('acme:101')).rejects.toThrow('grantGetToken()');
    expect(seen).toEqual([]);
  });
});

describe('an invocation', () => {
  const client = (options = {}) => createTokenClient({ function: arn('get'), maxWaitMs: 0, ...options });

  it('is signed for the region of the ARN, whatever region the caller is in', async () => {
    vi.stubEnv('AWS_REGION', 'us-east-1');
    await client().get('acme:101');
    expect(seen[0]?.headers.authorization).toContain('/eu-west-1/lambda/aws4_request');
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ action: 'getToken', grantId: 'acme:101' });
    await client({ function: 'api:get', region: 'ap-south-1' }).get('acme:101');
    expect(seen[1]?.headers.authorization).toContain('/ap-south-1/lambda/aws4_request');
  });

  it.each([
    ['AccessDeniedException', 403, 'forbidden', 'lambda:InvokeFunction'],
    ['ResourceNotFoundException', 404, 'misconfigured', 'there is no function'],
    ['TooManyRequestsException', 429, 'unreachable', 'TooManyRequestsException'],
    ['ServiceException', 500, 'unreachable', 'ServiceException'],
  ])('that Lambda refuses with %s is told as %s', async (type, status, code, detail) => {
    answer = { status, body: JSON.stringify({ message: 'no' }), headers: { 'x-amzn-errortype': type } };
    await expect(client().get('acme:101')).rejects.toMatchObject({
      code,
      detail: expect.stringContaining(detail),
    });
  });

  it('of a function that fails is told as its failure, without what it said', async () => {
    answer = {
      status: 200,
      body: JSON.stringify({ errorType: 'Sandbox.Timedout', errorMessage: 'SECRET' }),
      headers: { 'x-amz-function-error': 'Unhandled' },
    };
    const error = await client()
      .get('acme:101')
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'unreachable', detail: expect.stringContaining('Sandbox.Timedout') });
    expect(String(error)).not.toContain('SECRET');
  });

  it.each(['', 'null', '"x"', '{}', '<html>'])('that is answered by %j is not understood', async body => {
    answer = { status: 200, body };
    await expect(client().get('acme:101')).rejects.toMatchObject({ code: 'unreachable' });
  });
});

/** AWS Signature Version 4, from its specification, for a path that is sent as it is. */
const expectedSignature = ({ method, url, headers, body }: Seen, region: string): string => {
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const signed = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1] ?? '';
  const [path = '', query = ''] = url.split('?');
  const canonical = [
    method,
    path.split('/').map(encodeURIComponent).join('/'),
    query,
    ...signed.split(';').map(name => `${name}:${headers[name]}`),
    '',
    signed,
    sha256(body),
  ].join('\n');
  const date = headers['x-amz-date'] ?? '';
  const scope = `${date.slice(0, 8)}/${region}/execute-api/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const key = scope.split('/').reduce<string | Buffer>(hmac, 'AWS4SECRET');
  return hmac(key, toSign).toString('hex');
};

describe('a request over HTTP', () => {
  const client = (options = {}) => createTokenClient({ url, region: 'eu-west-1', maxWaitMs: 0, ...options });
  beforeEach(() => {
    answer.body = result;
  });

  it.each([
    ['get', 'GET /grants/a.b_~:@-c/token', ''],
    ['getWithTtl', 'GET /grants/a.b_~:@-c/token?minTtl=60', ''],
    ['reject', 'POST /grants/a.b_~:@-c/refresh', '{"rejectedGeneration":7}'],
    ['grant', 'GET /grants/a.b_~:@-c', ''],
    ['revoke', 'DELETE /grants/a.b_~:@-c', ''],
  ])('to %s is %s, with the signature that its specification demands', async (name, line, body) => {
    const tokens = client();
    const id = 'a.b_~:@-c';
    const calls: Record<string, () => Promise<unknown>> = {
      get: () => tokens.get(id),
      getWithTtl: () => tokens.get(id, { minTtl: 60 }),
      reject: () => tokens.reject(id, 7),
      grant: () => tokens.grant(id),
      revoke: () => tokens.revoke(id),
    };
    await calls[name]?.();
    const [request] = seen;
    if (request === undefined) throw new Error('nothing was sent');
    expect([`${request.method} ${request.url}`, request.body]).toEqual([line, body]);
    expect(request.headers['x-amz-security-token']).toBe('SESSION');
    expect(request.headers.authorization).toContain('SignedHeaders=');
    expect(request.headers.authorization).toContain(`Signature=${expectedSignature(request, 'eu-west-1')}`);
  });

  it('is signed for the region in its host name, with credentials of the caller if there are any', async () => {
    const sent: { headers: Record<string, string>; url: string }[] = [];
    vi.stubGlobal('fetch', async (target: URL, { headers }: { headers: Record<string, string> }) => {
      sent.push({ headers, url: target.href });
      return new Response(result, { headers: { 'content-type': 'application/json' } });
    });
    const credentials = async () => ({ accessKeyId: 'OWN', secretAccessKey: 'own' });
    const apiUrl = 'https://abc.execute-api.ap-south-1.amazonaws.com';
    await createTokenClient({ url: apiUrl, credentials }).get('acme:101');
    vi.unstubAllGlobals();
    expect(sent[0]?.url).toBe(`${apiUrl}/grants/acme:101/token`);
    expect(sent[0]?.headers.authorization).toMatch(
      /Credential=OWN\/\d{8}\/ap-south-1\/execute-api\/aws4_request/,
    );
    expect(sent[0]?.headers).not.toHaveProperty('x-amz-security-token');
  });

  it('for which no region is known says so', async () => {
    await expect(createTokenClient({ url }).get('acme:101')).rejects.toMatchObject({
      code: 'misconfigured',
      detail: expect.stringContaining('AWS_REGION'),
    });
  });

  it('that API Gateway refuses is forbidden, and what it quotes of the request is not repeated', async () => {
    answer = { status: 403, body: JSON.stringify({ message: "x-amz-security-token:'SESSION'" }) };
    const error = await client()
      .get('acme:101')
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'forbidden', status: 403 });
    expect(String(error)).not.toContain('SESSION');
  });

  it.each([
    [429, '{"message":"Too Many Requests"}'],
    [503, '{"message":"Service Unavailable"}'],
    [500, '{"message":"Internal Server Error"}'],
    [200, '<html>'],
  ])('that is answered %i by something else is unreachable', async (status, body) => {
    answer = { status, body };
    await expect(client().get('acme:101')).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('that is redirected is not sent anywhere else', async () => {
    answer = { status: 302, body: '', headers: { location: `${url}/elsewhere` } };
    await expect(client().get('acme:101')).rejects.toMatchObject({ code: 'unreachable' });
    expect(seen.map(({ url }) => url)).toEqual(['/grants/acme:101/token']);
  });

  it('that the API refuses is an error of its class', async () => {
    const problem = { code: 'reauthorization-required', status: 409, detail: 'Again.' };
    answer = { status: 409, body: JSON.stringify(problem) };
    await expect(client().get('acme:101')).rejects.toMatchObject(problem);
  });
});
