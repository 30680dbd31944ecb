/** HTTP as API Gateway's HTTP API passes it to a function (payload format 2.0), and the function's answer back. Pure. */
import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { decodePath, type GatewayRoute } from './gateway-route.ts';

export type HttpRequest = {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  /** Lower-case names; every value of each. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
  readonly body: Buffer;
  readonly sourceIp: string;
};

export type HttpResponse = {
  readonly status: number;
  /** Several values: a header of each. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer | string;
};

/** API Gateway passes these on as text and everything else, what has no type included, in Base64. */
const isText = (contentType: string | undefined): boolean =>
  /^(text\/|application\/(json|javascript|xml)\b)/i.test(contentType ?? '');

/** A name that comes twice has its values joined with commas, as in headers. */
const joined = (pairs: Iterable<readonly [string, string]>): Record<string, string> => {
  const values = new Map<string, string>();
  for (const [name, value] of pairs)
    values.set(name, values.has(name) ? `${values.get(name)},${value}` : value);
  return Object.fromEntries(values);
};

/** As they were sent. */
export const splitTarget = (target: string): { path: string; query: string } => {
  // A client that takes this for a proxy sends the whole URL.
  const origin = /^https?:\/\/[^/?]*/i.exec(target)?.[0] ?? '';
  const [path = '', ...rest] = target.slice(origin.length).split('?');
  return { path: path === '' ? '/' : path, query: rest.join('?') };
};

const bodyOf = (body: Buffer, contentType: string | undefined) => {
  if (body.length === 0) return { isBase64Encoded: false };
  const text = isText(contentType);
  return { isBase64Encoded: !text, body: body.toString(text ? 'utf8' : 'base64') };
};

const headersOf = (headers: HttpRequest['headers']): Record<string, string> =>
  joined(
    Object.entries(headers).flatMap(([name, values = []]) =>
      name === 'cookie' ? [] : values.map(value => [name, value] as const),
    ),
  );

export const toHttpEvent = (
  request: HttpRequest,
  route: GatewayRoute,
  nowMs: number,
): APIGatewayProxyEventV2 => {
  const { path: sentPath, query } = splitTarget(request.target);
  const path = decodePath(sentPath);
  const headers = headersOf(request.headers);
  const parameters = joined(new URLSearchParams(query));
  const cookies = (request.headers.cookie ?? []).flatMap(cookie => cookie.split('; '));
  return {
    version: '2.0',
    routeKey: route.routeKey,
    ...(route.pathParameters && { pathParameters: route.pathParameters }),
    rawPath: path,
    rawQueryString: query,
    ...(cookies.length > 0 && { cookies }),
    headers,
    ...(Object.keys(parameters).length > 0 && { queryStringParameters: parameters }),
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName: headers.host ?? '127.0.0.1',
      domainPrefix: 'local',
      http: {
        method: request.method,
        path,
        protocol: 'HTTP/1.1',
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: route.routeKey,
      stage: '$default',
      time: new Date(nowMs).toISOString(),
      timeEpoch: nowMs,
    },
    ...bodyOf(request.body, headers['content-type']),
  };
};

export const gatewayMessage = (status: number, message: string): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ message }),
});

/** What is not a response at all is API Gateway's 500. */
export const toHttpResponse = (result: unknown): HttpResponse => {
  const { statusCode, headers, cookies, body, isBase64Encoded } = (result ?? {}) as {
    statusCode?: unknown;
    headers?: Record<string, string>;
    cookies?: string[];
    body?: string;
    isBase64Encoded?: boolean;
  };
  if (typeof statusCode !== 'number') return gatewayMessage(500, 'Internal Server Error');
  return {
    status: statusCode,
    headers: { ...headers, ...(cookies !== undefined && { 'set-cookie': cookies }) },
    body: isBase64Encoded === true ? Buffer.from(body ?? '', 'base64') : (body ?? ''),
  };
};
