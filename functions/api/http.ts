/** The HTTP way in: API Gateway's payload 2.0 to a request, and an answer to a response. */

import middy, { type MiddlewareObj } from '@middy/core';
import httpHeaderNormalizer from '@middy/http-header-normalizer';
import httpJsonBodyParser from '@middy/http-json-body-parser';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { Runtime } from '../runtime.ts';
import { logger } from '../telemetry.ts';
import { type Answer, perform } from './actions.ts';
import { ApiError, invalid, toProblem } from './problems.ts';
import type { RawRequest } from './requests.ts';
import { type Route, routes } from './routes.ts';

/** A token response is a few kilobytes. */
export const maxBodyBytes = 65_536;

type HttpEvent = Omit<APIGatewayProxyEventV2, 'body'> & { body?: unknown };

const segmentsOf = (path: string): string[] => path.split('/').slice(1);

const matchPath = (route: Route, path: string): { grantId?: string } | undefined => {
  const wanted = segmentsOf(route.path);
  const given = segmentsOf(path);
  if (wanted.length !== given.length) return undefined;
  const matches = wanted.every((segment, index) => segment === '{grantId}' || segment === given[index]);
  const grantId = given[wanted.indexOf('{grantId}')];
  return matches ? (grantId === undefined ? {} : { grantId }) : undefined;
};

/**
 * Routes on the path as it was sent. IAM policies by path see that one too, so nothing is decoded: an encoded id is outside the
 * alphabet and refused, and what IAM allowed is exactly what is done.
 */
const findRoute = (method: string, path: string): { route: Route; grantId?: string } => {
  const candidates = routes.flatMap(route => {
    const match = matchPath(route, path);
    return match === undefined ? [] : [{ route, ...match }];
  });
  const found = candidates.find(({ route }) => route.method === method);
  if (found !== undefined) return found;
  if (candidates.length === 0) {
    throw new ApiError('route-not-found', 'There is no such route. The OpenAPI file lists them all.');
  }
  const allowed = candidates.map(({ route }) => route.method).join(', ');
  throw new ApiError('method-not-allowed', `This path takes ${allowed}.`);
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
  const { route, ...match } = findRoute(event.requestContext.http.method, event.rawPath);
  const ifMatch = event.headers['if-match'];
  return {
    action: route.action,
    ...match,
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
  return {
    statusCode: status,
    headers: {
      ...baseHeaders,
      'content-type': 'application/problem+json',
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    },
    body: JSON.stringify(problem),
  };
};

const hasBody = ({ body }: HttpEvent): boolean => body !== undefined && body !== null && body !== '';

/** Refuses a body that is too long before anything parses it. */
const limitBody: MiddlewareObj<HttpEvent> = {
  before: ({ event }) => {
    const bytes = typeof event.body === 'string' ? Buffer.byteLength(event.body) : 0;
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
    .use(httpHeaderNormalizer() as unknown as MiddlewareObj<HttpEvent>)
    .use(answerErrors)
    .use(limitBody)
    .use(parseBody)
    .handler(async (event, context) =>
      respond(
        await perform(runtime, requestOf(event), runtime.deadlineAt(context.getRemainingTimeInMillis())),
      ),
    );
