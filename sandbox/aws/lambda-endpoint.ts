/**
 * Lambda's own endpoint, as far as `Invoke` and `GetFunctionConfiguration` go, so that the AWS SDK's and CLI's clients can invoke the
 * functions by alias and see how they are set up.
 */

import type { FunctionPool } from './function-pool.ts';
import { FunctionError } from './function-process.ts';
import type { HttpRequest, HttpResponse } from './http-event.ts';

/** The functions and the aliases that each has. */
export type Functions = ReadonlyMap<
  string,
  {
    readonly pool: FunctionPool;
    readonly aliases: readonly string[];
    /** Its environment. */
    readonly variables?: Readonly<Record<string, string>>;
  }
>;

type Target = { readonly name: string; readonly qualifier?: string };

const prefix = '/2015-03-31/functions/';
/** Of a synchronous invocation. */
const maxPayloadBytes = 6 * 1024 * 1024;

export const isLambdaPath = (target: string): boolean => target.startsWith(prefix);

const json = (status: number, value: unknown, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value ?? null),
});

const fault = (status: number, type: string, message: string): HttpResponse =>
  json(
    status,
    { Type: status < 500 ? 'User' : 'Service', Message: message, message },
    { 'x-amzn-errortype': type },
  );

/** `name`, `name:alias`, or an ARN with or without an alias; the alias may come as `?Qualifier=` instead. */
export const parseTarget = (target: string, operation = 'invocations'): Target | undefined => {
  const [path = '', query = ''] = target.split('?');
  const [, encoded, asked] = /^\/2015-03-31\/functions\/([^/]+)\/([a-z]+)$/.exec(path) ?? [];
  if (encoded === undefined || asked !== operation) return undefined;
  let parts: string[];
  try {
    parts = decodeURIComponent(encoded).split(':');
  } catch {
    return undefined;
  }
  const [name = '', alias] = parts[0] === 'arn' ? parts.slice(6) : parts;
  const qualifier = alias ?? new URLSearchParams(query).get('Qualifier') ?? undefined;
  return { name, ...(qualifier !== undefined && qualifier !== '$LATEST' && { qualifier }) };
};

const parsePayload = (body: Buffer): { readonly event: unknown } | undefined => {
  if (body.length === 0) return { event: {} };
  try {
    return { event: JSON.parse(body.toString('utf8')) };
  } catch {
    return undefined;
  }
};

const run = async (
  pool: FunctionPool,
  event: unknown,
  qualifier: string | undefined,
): Promise<HttpResponse> => {
  const version = { 'x-amz-executed-version': '$LATEST' };
  try {
    return json(200, await pool.invoke(event, qualifier), version);
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error;
    const { type, message } = error;
    if (type === 'TooManyRequestsException') return fault(429, type, message);
    if (type === 'ServiceException') return fault(500, type, message);
    return json(
      200,
      { errorType: type, errorMessage: message },
      { ...version, 'x-amz-function-error': 'Unhandled' },
    );
  }
};

const find = (functions: Functions, { name, qualifier }: Target) => {
  const found = functions.get(name);
  return qualifier === undefined || found?.aliases.includes(qualifier) ? found : undefined;
};

const notFound = ({ name, qualifier }: Target): HttpResponse => {
  const wanted = qualifier === undefined ? name : `${name}:${qualifier}`;
  return fault(404, 'ResourceNotFoundException', `Function not found: ${wanted}`);
};

const configuration = (functions: Functions, target: Target): HttpResponse => {
  const found = find(functions, target);
  if (found === undefined) return notFound(target);
  return json(200, { FunctionName: target.name, Environment: { Variables: found.variables ?? {} } });
};

export const answerLambda = async (functions: Functions, request: HttpRequest): Promise<HttpResponse> => {
  const configured = parseTarget(request.target, 'configuration');
  if (configured !== undefined && request.method === 'GET') return configuration(functions, configured);
  const target = parseTarget(request.target);
  if (target === undefined || request.method !== 'POST') {
    return fault(
      404,
      'UnknownOperationException',
      'Only POST …/functions/{name}:{alias}/invocations and GET …/configuration are here',
    );
  }
  const { qualifier } = target;
  const found = find(functions, target);
  if (found === undefined) return notFound(target);
  if (request.body.length > maxPayloadBytes) {
    return fault(413, 'RequestTooLargeException', `The payload may have ${maxPayloadBytes} bytes at most`);
  }
  const payload = parsePayload(request.body);
  if (payload === undefined) {
    return fault(400, 'InvalidRequestContentException', 'Could not parse request body into json');
  }
  const [type = 'RequestResponse'] = request.headers['x-amz-invocation-type'] ?? [];
  if (type === 'DryRun') return { status: 204, headers: {}, body: '' };
  if (type !== 'Event') return run(found.pool, payload.event, qualifier);
  // Nobody waits for it, and it is not tried again: asynchronous retries are 0 where this deploys, too.
  void found.pool.invoke(payload.event, qualifier).catch(() => undefined);
  return { status: 202, headers: {}, body: '' };
};
