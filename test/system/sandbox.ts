/** The whole system around the real handlers: embedded DynamoDB, local AWS endpoints, RingCentral simulator. */
import { connectAlias, directAliases } from '../../functions/api/routes.ts';
import { callbackPath } from '../../functions/connect/routes.ts';
import type { Settings } from '../../functions/domain/settings.ts';
import type { SweepReport } from '../../functions/keeper/sweep.ts';
import { type Database, startDatabase } from '../../sandbox/aws/database.ts';
import {
  appsSecretId,
  type ConnectPlace,
  connectVariables,
  functionNames,
  jwtSecretId,
  localVariables,
} from '../../sandbox/aws/environment.ts';
import { openFrontDoor } from '../../sandbox/aws/front-door.ts';
import type { FunctionPool } from '../../sandbox/aws/function-pool.ts';
import { FunctionError } from '../../sandbox/aws/function-process.ts';
import { decodePath, matchApiRoute, matchConnectRoute } from '../../sandbox/aws/gateway-route.ts';
import { toHttpEvent, toHttpResponse } from '../../sandbox/aws/http-event.ts';
import { type LocalAws, startAws } from '../../sandbox/aws/services.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../sandbox/ringcentral/index.ts';

export const clientId = 'test-client_id';
export const clientSecret = 'test-client_secret';
export const owners = ['1001', '1002', '1003', '1004', '1005', '1006', '1007', '1008'] as const;

export type HttpAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
  readonly body: any;
};

/** A page or a redirect, as the connect function answered. */
export type Visit = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** `name=value` of the cookies that it sets, without their attributes. */
  readonly cookies: readonly string[];
  /** With their attributes. */
  readonly setCookies: readonly string[];
  readonly body: string;
};

export type VisitOptions = {
  readonly query?: Record<string, string>;
  readonly form?: Record<string, string>;
  /** `name=value` of each. */
  readonly cookies?: readonly string[];
  readonly headers?: Record<string, string>;
};

export type Sandbox = {
  /** The API, the connect function and Lambda's invoke endpoint over HTTP; where links lead, unless `startSandbox` was told. */
  readonly url: string;
  readonly database: Database;
  readonly aws: LocalAws;
  readonly simulator: Simulator;
  readonly variables: Record<string, string>;
  /** One request as API Gateway passes it on. */
  http(method: string, path: string, options?: HttpOptions): Promise<HttpAnswer>;
  /** One direct invocation through an alias (undefined: unqualified). */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
  direct(alias: string | undefined, event: unknown): Promise<any>;
  /** One request to the connect function, as API Gateway passes it on. `path`: encoded. Throws where there is no such route. */
  visit(method: string, path: string, options?: VisitOptions): Promise<Visit>;
  sweep(event?: unknown, remainingMs?: number): Promise<SweepReport>;
  /** Authorises a user at the simulator and imports the token response. */
  connect(grantId: string, ownerId: string, extra?: Record<string, unknown>): Promise<HttpAnswer>;
  close(): Promise<void>;
};

export type HttpOptions = {
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly rawBody?: string;
  readonly base64?: boolean;
  readonly remainingMs?: number;
};

export const functionArn = (alias?: string): string =>
  `arn:aws:lambda:us-east-1:123456789012:function:ringbearer-api${alias === undefined ? '' : `:${alias}`}`;

const connectFunctionArn = 'arn:aws:lambda:us-east-1:123456789012:function:ringbearer-connect';

export const lambdaContext = (invokedFunctionArn: string, remainingMs = 29_000) => ({
  callbackWaitsForEmptyEventLoop: true,
  functionName: 'ringbearer',
  functionVersion: '1',
  invokedFunctionArn,
  memoryLimitInMB: '256',
  awsRequestId: crypto.randomUUID(),
  logGroupName: 'log-group',
  logStreamName: 'log-stream',
  getRemainingTimeInMillis: () => remainingMs,
  done: () => {},
  fail: () => {},
  succeed: () => {},
});

export const httpEvent = (method: string, path: string, options: HttpOptions = {}) => {
  const { query, headers = {}, body, rawBody, base64 = false } = options;
  const route = matchApiRoute(method, path);
  const text = rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
  return {
    version: '2.0',
    ...route,
    rawPath: decodePath(path),
    rawQueryString: new URLSearchParams(query).toString(),
    headers: { 'content-type': 'application/json', ...headers },
    ...(query && { queryStringParameters: query }),
    requestContext: {
      accountId: '123456789012',
      apiId: 'api',
      domainName: 'api.example',
      domainPrefix: 'api',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
      requestId: 'request',
      routeKey: route.routeKey,
      stage: '$default',
      time: '22/Nov/2026:00:00:00 +0000',
      timeEpoch: 0,
    },
    isBase64Encoded: base64,
    ...(text !== undefined && { body: base64 ? Buffer.from(text).toString('base64') : text }),
  };
};

const formType = 'application/x-www-form-urlencoded';

/** As API Gateway passes it on: a form comes in Base64, cookies come apart from the headers. */
const visitEvent = (method: string, path: string, options: VisitOptions) => {
  const { query, form, cookies = [], headers = {} } = options;
  const route = matchConnectRoute(method, path);
  if (route === undefined) throw new Error(`the connect function has no route ${method} ${path}`);
  const given = { host: 'connect.example', ...(form && { 'content-type': formType }), ...headers };
  const request = {
    method,
    target: query === undefined ? path : `${path}?${new URLSearchParams(query)}`,
    headers: {
      ...Object.fromEntries(Object.entries(given).map(([name, value]) => [name, [value]])),
      ...(cookies.length > 0 && { cookie: [cookies.join('; ')] }),
    },
    body: Buffer.from(form === undefined ? '' : new URLSearchParams(form).toString()),
    sourceIp: '127.0.0.1',
  };
  return toHttpEvent(request, route, Date.now());
};

const toVisit = (result: unknown): Visit => {
  const { status, headers, body } = toHttpResponse(result);
  const setCookies = [headers['set-cookie'] ?? []].flat();
  const cookies = setCookies.map(cookie => cookie.split(';')[0] ?? '');
  return { status, headers, cookies, setCookies, body: String(body) };
};

/** A handler in this process, where the local run has processes of its own. */
const poolOf = (name: string, invoke: FunctionPool['invoke']): FunctionPool => ({
  name,
  invoke: (event, alias) =>
    invoke(event, alias).catch(error => {
      throw new FunctionError((error as Error).name, (error as Error).message);
    }),
  processes: () => [],
  close: async () => {},
});

const quiet: Partial<SimulatorOptions> = { rateLimitScope: 'off' };

/**
 * Starts everything. Handlers read the environment when they are loaded, so each test file may start one sandbox. `place`: where the
 * connect function is said to be, and where it may send browsers afterwards (default: its own port; nowhere).
 */
export const startSandbox = async (
  settings: Partial<Settings> = {},
  simulatorOptions: Partial<SimulatorOptions> = {},
  place: Partial<ConnectPlace> = {},
): Promise<Sandbox> => {
  const [database, aws, door] = await Promise.all([startDatabase(), startAws(), openFrontDoor(0)]);
  const connectPlace: ConnectPlace = { url: door.url, returnTo: [], ...place };
  const simulator = await startSimulator({
    apps: [
      {
        clientId,
        clientSecret,
        redirectUris: ['http://127.0.0.1/callback', connectPlace.url + callbackPath],
      },
    ],
    users: owners.map(ownerId => ({ ownerId, name: `User ${ownerId}` })),
    ...quiet,
    ...simulatorOptions,
  });
  aws.setSecret(
    appsSecretId,
    JSON.stringify({ apps: [{ name: 'main', server: simulator.url, clientId, clientSecret }] }),
  );
  const credentials = Object.keys(simulatorOptions.jwtCredentials ?? {}).map(jwt => ({
    name: jwt,
    app: 'main',
    jwt,
  }));
  aws.setSecret(jwtSecretId, JSON.stringify({ credentials }));
  const variables = {
    ...localVariables(database, aws, settings, connectPlace),
    ...connectVariables(database, door.url, connectPlace),
  };
  Object.assign(process.env, variables);
  const { handler: api } = await import('../../functions/api/handler.ts');
  const { handler: sweepHandler } = await import('../../functions/sweep/handler.ts');
  const { handler: connectHandler } = await import('../../functions/connect/handler.ts');
  const direct = (alias: string | undefined, event: unknown) => api(event, lambdaContext(functionArn(alias)));
  const visit = (event: unknown) =>
    connectHandler(event as Parameters<typeof connectHandler>[0], lambdaContext(connectFunctionArn));
  const apiPool = poolOf(functionNames.api, (event, alias) => direct(alias, event));
  door.open({
    api: apiPool,
    connect: poolOf(functionNames.connect, visit),
    functions: new Map([[functionNames.api, { pool: apiPool, aliases: [...directAliases, connectAlias] }]]),
    onServed: () => {},
  });

  const sandbox: Sandbox = {
    url: door.url,
    database,
    aws,
    simulator,
    variables,
    http: async (method, path, options = {}) => {
      const context = lambdaContext(functionArn('http'), options.remainingMs);
      const answer = (await api(httpEvent(method, path, options), context)) as {
        statusCode: number;
        headers: Record<string, string>;
        body: string;
      };
      return { status: answer.statusCode, headers: answer.headers, body: JSON.parse(answer.body) };
    },
    direct,
    visit: async (method, path, options = {}) => toVisit(await visit(visitEvent(method, path, options))),
    sweep: (event = {}, remainingMs = 60_000) =>
      sweepHandler(event, lambdaContext('arn:aws:lambda:us-east-1:123456789012:function:sweep', remainingMs)),
    connect: (grantId, ownerId, extra = {}) =>
      sandbox.http('PUT', `/grants/${grantId}`, {
        body: { ...simulator.provider.authorize(ownerId, clientId), ...extra },
      }),
    close: async () => {
      door.cut();
      await Promise.all([database.close(), aws.close(), simulator.close(), door.close()]);
    },
  };
  return sandbox;
};
