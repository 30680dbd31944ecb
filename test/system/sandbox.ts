/** The whole system around the real handlers: embedded DynamoDB, local AWS endpoints, RingCentral simulator. */
import type { Settings } from '../../functions/domain/settings.ts';
import type { SweepReport } from '../../functions/keeper/sweep.ts';
import { type Database, startDatabase } from '../../sandbox/aws/database.ts';
import { appsSecretId, jwtSecretId, localVariables } from '../../sandbox/aws/environment.ts';
import { decodePath, matchRoute } from '../../sandbox/aws/gateway-route.ts';
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

export type Sandbox = {
  readonly database: Database;
  readonly aws: LocalAws;
  readonly simulator: Simulator;
  readonly variables: Record<string, string>;
  /** One request as API Gateway passes it on. */
  http(method: string, path: string, options?: HttpOptions): Promise<HttpAnswer>;
  /** One direct invocation through an alias (undefined: unqualified). */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
  direct(alias: string | undefined, event: unknown): Promise<any>;
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
  const route = matchRoute(method, path);
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

const quiet: Partial<SimulatorOptions> = { rateLimitScope: 'off' };

/** Starts everything. Handlers read the environment when they are loaded, so each test file may start one sandbox. */
export const startSandbox = async (
  settings: Partial<Settings> = {},
  simulatorOptions: Partial<SimulatorOptions> = {},
): Promise<Sandbox> => {
  const [database, aws] = await Promise.all([startDatabase(), startAws()]);
  const simulator = await startSimulator({
    apps: [{ clientId, clientSecret, redirectUris: ['http://127.0.0.1/callback'] }],
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
  const variables = localVariables(database, aws, settings);
  Object.assign(process.env, variables);
  const { handler: api } = await import('../../functions/api/handler.ts');
  const { handler: sweepHandler } = await import('../../functions/sweep/handler.ts');

  const sandbox: Sandbox = {
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
    direct: (alias, event) => api(event, lambdaContext(functionArn(alias))),
    sweep: (event = {}, remainingMs = 60_000) =>
      sweepHandler(event, lambdaContext('arn:aws:lambda:us-east-1:123456789012:function:sweep', remainingMs)),
    connect: (grantId, ownerId, extra = {}) =>
      sandbox.http('PUT', `/grants/${grantId}`, {
        body: { ...simulator.provider.authorize(ownerId, clientId), ...extra },
      }),
    close: async () => {
      await Promise.all([database.close(), aws.close(), simulator.close()]);
    },
  };
  return sandbox;
};
