/** The HTTP way in: API Gateway's payload 2.0 to a request, and an answer to a response. */

import middy, { type MiddlewareObj } from '@middy/core';
import httpHeaderNormalizer from '@middy/http-header-normalizer';
import httpJsonBodyParser from '@middy/http-json-body-parser';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import * as v from 'valibot';
import type { Runtime } from '../runtime.ts';
import { logger } from '../telemetry.ts';
import { type Answer, perform } from './actions.ts';
import { ApiError, invalid, toProblem } from './problems.ts';
import type { RawRequest } from './requests.ts';
import { type Route, routes } from './routes.ts';

/** A token response is a few kilobytes. */
export const maxBodyBytes = 65_536;

type HttpEvent = Omit<APIGatewayProxyEventV2, 'body' | 'headers'> & {
  headers?: APIGatewayProxyEventV2['headers'];
  body?: unknown;
};

const texts = v.nullish(v.record(v.string(), v.string()));

/** What is read of an event. Whoever may invoke the alias of the HTTP API directly can send anything at all. */
const eventSchema = v.looseObject({
  routeKey: v.string(),
  rawPath: v.string(),
  pathParameters: texts,
  headers: texts,
  queryStringParameters: texts,
  requestContext: v.looseObject({ http: v.looseObject({ method: v.string() }) }),
  body: v.nullish(v.string()),
  isBase64Encoded: v.nullish(v.boolean()),
});

const checkEvent: MiddlewareObj<HttpEvent> = {
  before: ({ event }) => {
    if (v.is(eventSchema, event)) return;
    throw invalid('This alias takes HTTP requests from API Gateway. Invoke get, revoke or admin directly.');
  },
};

const looksLike = ({ path }: Route, rawPath: string): boolean => {
  const given = rawPath.split('/');
  const wanted = path.split('/');
  return (
    wanted.length === given.length && wanted.every((part, i) => part.startsWith('{') || part === given[i])
  );
};

/** What to say of a request for which API Gateway found no route. */
const noRoute = (method: string, rawPath: string): ApiError => {
  const alike = routes.filter(route => looksLike(route, rawPath));
  if (alike.length === 0 || alike.some(route => route.method === method)) {
    return new ApiError('route-not-found', 'There is no such route. The OpenAPI file lists them all.');
  }
  const allow = alike.map(route => route.method).join(', ');
  return new ApiError('method-not-allowed', `This path takes ${allow}.`, { allow });
};

/**
 * Takes the route that API Gateway matched, and with it what IAM allowed, and never looks for one in `rawPath`: that comes
 * decoded, and with an encoded slash or question mark in it looks like another route than the one that was authorised.
 */
const findRoute = ({ routeKey, rawPath, requestContext }: HttpEvent): Route => {
  const found = routes.find(({ method, path }) => `${method} ${path}` === routeKey);
  if (found === undefined) throw noRoute(requestContext.http.method, rawPath);
  return found;
};

const queryFields: Partial<Record<Route['action'], readonly string[]>> = {
  getToken: ['minTtl'],
  listGrants: ['state', 'limit', 'cursor'],
};

const queryOf = (event: HttpEvent, route: Route): Record<string, unknown> => {
  const known = queryFields[route.action] ?? [];
  const query = Object.entries(event.queryStringParameters ?? {});
  const stranger = query.find(([name]) => !known.includes(name));
  if (stranger !== undefined) {
    throw invalid(
      `This route takes ${known.length === 0 ? 'no query parameters' : `only ${known.join(', ')}`}.`,
    );
  }
  return Object.fromEntries(
    query.map(([name, value]) => [
      name,
      /^\d{1,15}$/.test(value ?? '') && name !== 'cursor' ? Number(value) : value,
    ]),
  );
};

const bodyFields = (route: Route, body: unknown): Pick<RawRequest, 'body' | 'rejectedGeneration'> => {
  if (route.action !== 'refreshToken') return { body };
  const fields = typeof body === 'object' && body !== null ? body : {};
  return 'rejectedGeneration' in fields ? { rejectedGeneration: fields.rejectedGeneration } : {};
};

const requestOf = (event: HttpEvent): RawRequest => {
  const route = findRoute(event);
  const grantId = event.pathParameters?.grantId;
  const ifMatch = event.headers?.['if-match'];
  // Ignoring a precondition would do what its sender wanted to rule out (RFC 9110 §13.1.1).
  if (ifMatch !== undefined && route.action !== 'putGrant') throw invalid('This route takes no If-Match.');
  return {
    action: route.action,
    ...(grantId !== undefined && { grantId }),
    ...queryOf(event, route),
    ...bodyFields(route, event.body),
    ...(ifMatch !== undefined && { ifMatch }),
  };
};

const baseHeaders = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

const respond = ({ status, result }: Answer): APIGatewayProxyStructuredResultV2 => ({
  statusCode: status,
  headers: {
    ...baseHeaders,
    'content-type': 'application/json',
    ...('connectionId' in result && { etag: `"${result.generation}"` }),
  },
  body: JSON.stringify(result),
});

const respondWithProblem = (error: unknown): APIGatewayProxyStructuredResultV2 => {
  const problem = toProblem(error);
  const { status, retryAfterSeconds } = problem;
  const allow = error instanceof ApiError ? error.allow : undefined;
  return {
    statusCode: status,
    headers: {
      ...baseHeaders,
      'content-type': 'application/problem+json',
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
      ...(allow !== undefined && { allow }),
    },
    body: JSON.stringify(problem),
  };
};

const hasBody = ({ body }: HttpEvent): boolean => body !== undefined && body !== null && body !== '';

/** Refuses a body that is too long before anything parses it. */
const limitBody: MiddlewareObj<HttpEvent> = {
  before: ({ event }) => {
    const encoding = event.isBase64Encoded ? 'base64' : 'utf8';
    const bytes = typeof event.body === 'string' ? Buffer.byteLength(event.body, encoding) : 0;
    if (bytes > maxBodyBytes) {
      throw new ApiError('body-too-large', `The body may have ${maxBodyBytes} bytes at most.`);
    }
  },
};

const jsonParser = httpJsonBodyParser({ disableContentTypeCheck: true });

const parseBody: MiddlewareObj<HttpEvent> = {
  before: async request => {
    if (!hasBody(request.event)) return;
    try {
      await jsonParser.before?.(request as never);
    } catch {
      // The parser's error quotes the body, and with it tokens.
      throw invalid('The body is not valid JSON.');
    }
  },
};

const logFault = (error: unknown): void => {
  if (toProblem(error).code === 'internal-error')
    logger.error('internal-error', { errorName: (error as Error).name });
};

const answerErrors: MiddlewareObj<HttpEvent, APIGatewayProxyStructuredResultV2> = {
  onError: request => {
    logFault(request.error);
    request.response = respondWithProblem(request.error);
  },
};

export const createHttpHandler = (runtime: Runtime) =>
  middy<HttpEvent, APIGatewayProxyStructuredResultV2, Error, Context>()
    .use(answerErrors)
    .use(checkEvent)
    .use(httpHeaderNormalizer() as unknown as MiddlewareObj<HttpEvent>)
    .use(limitBody)
    .use(parseBody)
    .handler(async (event, context) =>
      respond(
        await perform(runtime, requestOf(event), runtime.deadlineAt(context.getRemainingTimeInMillis())),
      ),
    );
