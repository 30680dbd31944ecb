import { describe, expect, it } from 'vitest';
import { matchApiRoute, matchConnectRoute } from '../../sandbox/aws/gateway-route.ts';
import { type HttpRequest, splitTarget, toHttpEvent, toHttpResponse } from '../../sandbox/aws/http-event.ts';

const request = (over: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  target: '/grants/demo:ada',
  headers: { host: ['127.0.0.1:4000'] },
  body: Buffer.alloc(0),
  sourceIp: '127.0.0.1',
  ...over,
});

const eventOf = (over: Partial<HttpRequest>) => {
  const sent = request(over);
  return toHttpEvent(sent, matchApiRoute(sent.method, splitTarget(sent.target).path), 0);
};

describe('a request as API Gateway passes it on', () => {
  it('finds the route on the path as it was sent, and hands on what is decoded', () => {
    expect(eventOf({ target: '/grants/a%3Ab%2Fc/token?minTtl=1' })).toMatchObject({
      version: '2.0',
      routeKey: 'GET /grants/{grantId}/token',
      pathParameters: { grantId: 'a:b/c' },
      rawPath: '/grants/a:b/c/token',
      rawQueryString: 'minTtl=1',
      queryStringParameters: { minTtl: '1' },
    });
    expect(eventOf({ target: 'http://127.0.0.1:4000/grants?limit=1' }).rawPath).toBe('/grants');
    expect(eventOf({ target: '/grants/%zz' }).pathParameters).toEqual({ grantId: '%zz' });
    expect(eventOf({ target: '/elsewhere' }).routeKey).toBe('$default');
  });

  it('joins what comes twice with commas', () => {
    const event = eventOf({ target: '/grants?state=a&state=b', headers: { 'if-match': ['"1"', '"2"'] } });
    expect(event.queryStringParameters).toEqual({ state: 'a,b' });
    expect(event.headers).toEqual({ 'if-match': '"1","2"' });
    expect(eventOf({})).not.toHaveProperty('queryStringParameters');
  });

  it('keeps cookies apart from headers', () => {
    const event = eventOf({ headers: { cookie: ['a=1; b=2'] } });
    expect(event.cookies).toEqual(['a=1', 'b=2']);
    expect(event.headers).toEqual({});
  });

  it.each([
    ['application/json', false],
    ['application/json; charset=utf-8', false],
    ['text/plain', false],
    ['application/x-www-form-urlencoded', true],
    ['application/octet-stream', true],
    [undefined, true],
  ])('passes a body of type %s on in Base64: %s', (type, isBase64Encoded) => {
    const event = eventOf({ body: Buffer.from('{"ä":1}'), headers: type ? { 'content-type': [type] } : {} });
    expect(event.isBase64Encoded).toBe(isBase64Encoded);
    expect(Buffer.from(event.body ?? '', isBase64Encoded ? 'base64' : 'utf8').toString()).toBe('{"ä":1}');
  });
});

describe('the route of a request to the connect function', () => {
  it.each([
    ['GET', '/connect/a%3Ab', 'GET /connect/{grantId}', 'a:b'],
    ['POST', '/connect/a', 'POST /connect/{grantId}', 'a'],
    ['GET', '/oauth/callback', 'GET /oauth/callback', undefined],
    ['GET', '/oauth/connected', 'GET /oauth/connected', undefined],
  ])('is one of its own: %s %s', (method, path, routeKey, grantId) => {
    const route = matchConnectRoute(method, path);
    expect([route?.routeKey, route?.pathParameters?.grantId]).toEqual([routeKey, grantId]);
  });

  it.each([
    ['PUT', '/connect/a'],
    ['GET', '/connect/a/b'],
    ['GET', '/connect/'],
    ['GET', '/oauth/token'],
    ['GET', '/grants/a'],
  ])('is none where API Gateway has none: %s %s', (method, path) => {
    expect(matchConnectRoute(method, path)).toBeUndefined();
  });
});

describe("a function's answer", () => {
  it('becomes the response', () => {
    const result = { statusCode: 201, headers: { etag: '"1"' }, body: '{}' };
    expect(toHttpResponse(result)).toEqual({ status: 201, headers: { etag: '"1"' }, body: '{}' });
  });

  it('sets each cookie with a header of its own', () => {
    const result = { statusCode: 303, headers: { location: '/' }, cookies: ['a=1; Path=/', 'b=2'], body: '' };
    expect(toHttpResponse(result).headers).toEqual({ location: '/', 'set-cookie': ['a=1; Path=/', 'b=2'] });
  });

  it.each([[undefined], [null], ['text'], [{ ok: true }]])('is a 500 where it is none: %j', result => {
    expect(toHttpResponse(result)).toMatchObject({
      status: 500,
      body: '{"message":"Internal Server Error"}',
    });
  });
});
