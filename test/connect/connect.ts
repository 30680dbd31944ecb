/** The connect handler in its sandbox, as a browser goes its way through it. */
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { localCredentials, localRegion } from '../../sandbox/aws/database.ts';
import { appsSecretId } from '../../sandbox/aws/environment.ts';
import { matchConnectRoute } from '../../sandbox/aws/gateway-route.ts';
import { toHttpEvent } from '../../sandbox/aws/http-event.ts';
import type { AppConfig } from '../../sandbox/ringcentral/index.ts';
import {
  clientId,
  clientSecret,
  lambdaContext,
  type Sandbox,
  startSandbox,
  type Visit,
} from '../system/sandbox.ts';

export const connectUrl = 'https://connect.example';

export type MadeLink = {
  readonly grantId: string;
  readonly url: string;
  /** Of the page, as the URL has it. */
  readonly path: string;
  /** The parameter. */
  readonly link: string;
};

export type Connect = {
  readonly sandbox: Sandbox;
  /** A link for a grant that nobody has used before, of the app `main`. */
  link(body?: Record<string, unknown>, grantId?: string): Promise<MadeLink>;
  /** The button, as the link's own page sends it. */
  press(made: Pick<MadeLink, 'path' | 'link'>, cookies?: readonly string[]): Promise<Visit>;
  /** This user allows what was asked, and is sent back. */
  comeBack(pressed: Visit, ownerId: string): Promise<Visit>;
  /** The link as it is stored. */
  record(link: string): Promise<unknown>;
  /** Makes it something that cannot be read. */
  spoil(link: string): Promise<void>;
  /** An event as it is, with `change` in it; what the handler returns. */
  send(method: string, path: string, change?: object): Promise<{ readonly statusCode?: number | undefined }>;
};

const redirectUris = [`${connectUrl}/oauth/callback`];

/** Confidential, public, and confidential without PKCE. */
export const simulatedApps = (uris: readonly string[]): AppConfig[] => [
  { clientId, clientSecret, redirectUris: uris },
  { clientId: 'public-client', redirectUris: uris },
  { clientId: 'plain-client', clientSecret: 'plain-secret', redirectUris: uris },
];

export const configuredApps = (server: string) =>
  JSON.stringify({
    apps: [
      { name: 'main', server, clientId, clientSecret },
      { name: 'public', server, clientId: 'public-client', public: true },
      { name: 'plain', server, clientId: 'plain-client', clientSecret: 'plain-secret', pkce: false },
    ],
  });

const locationOf = ({ headers }: Visit): URL => new URL(String(headers.location));

const tableOf = ({ database: { url, tableName: TableName } }: Sandbox) => {
  const client = new DynamoDBClient({ endpoint: url, region: localRegion, credentials: localCredentials });
  const keyOf = (link: string) => ({ pk: { S: `link#${link.split('.')[0]}` } });
  return {
    record: async (link: string) =>
      (await client.send(new GetItemCommand({ TableName, Key: keyOf(link), ConsistentRead: true }))).Item,
    spoil: async (link: string) => {
      await client.send(new PutItemCommand({ TableName, Item: { ...keyOf(link), nonce: { S: 'n' } } }));
    },
  };
};

/** One for each test file: the handlers read their environment when they are loaded. */
export const startConnect = async (): Promise<Connect> => {
  process.env.POWERTOOLS_LOG_LEVEL ??= 'SILENT';
  process.env.POWERTOOLS_METRICS_DISABLED ??= 'true';
  const sandbox = await startSandbox(
    { appsCacheMs: 0, appHoldCacheMs: 0 },
    { apps: simulatedApps(redirectUris) },
    { url: connectUrl, returnTo: ['https://app.example/settings', 'http://localhost:3000/'] },
  );
  const { simulator } = sandbox;
  sandbox.aws.setSecret(appsSecretId, configuredApps(simulator.url));
  let grants = 0;
  return {
    sandbox,
    ...tableOf(sandbox),
    link: async (body = {}, grantId = `acme:${++grants}`) => {
      const answer = await sandbox.http('POST', `/grants/${grantId}/connect-links`, {
        body: { app: 'main', ...body },
      });
      const url = new URL(answer.body.url);
      return { grantId, url: url.href, path: url.pathname, link: url.searchParams.get('link') ?? '' };
    },
    press: ({ path, link }, cookies = []) =>
      sandbox.visit('POST', path, {
        form: { link },
        cookies,
        headers: { 'sec-fetch-site': 'same-origin', origin: connectUrl },
      }),
    comeBack: async (pressed, ownerId) => {
      const form = new URLSearchParams(locationOf(pressed).search);
      form.set('decision', 'allow');
      form.set('owner_id', ownerId);
      const { location = '' } = simulator.provider.decide(form).headers;
      const query = Object.fromEntries(new URL(location).searchParams);
      return sandbox.visit('GET', '/oauth/callback', { query, cookies: pressed.cookies });
    },
    send: async (method, path, change = {}) => {
      const route = matchConnectRoute(method, path);
      if (route === undefined) throw new Error(`no route ${method} ${path}`);
      const headers = { 'sec-fetch-site': ['same-origin'] };
      const request = { method, target: path, headers, body: Buffer.from(''), sourceIp: '127.0.0.1' };
      const { handler } = await import('../../functions/connect/handler.ts');
      const event = { ...toHttpEvent(request, route, Date.now()), ...change };
      return handler(event, lambdaContext('arn:aws:lambda:us-east-1:123456789012:function:connect'));
    },
  };
};
