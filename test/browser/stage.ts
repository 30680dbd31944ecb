/** The sandbox that browsers visit: apps of every kind, more users than tests, and an app of somebody's to return to. */
import { buffer } from 'node:stream/consumers';
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { localCredentials, localRegion } from '../../sandbox/aws/database.ts';
import { appsSecretId } from '../../sandbox/aws/environment.ts';
import type { Provider } from '../../sandbox/ringcentral/index.ts';
import { clientId, clientSecret, type Sandbox, startSandbox } from '../system/sandbox.ts';
import { type LittleServer, serve } from './browser.ts';

export type Stage = {
  readonly sandbox: Sandbox;
  /** Where links may return to. */
  readonly appUrl: string;
  newOwner(): string;
  newId(): string;
  /** The URL of a link; throws where none is made. */
  link(grantId: string, body?: Record<string, unknown>): Promise<string>;
  /** As the API shows it. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
  grant(grantId: string): Promise<any>;
  /** Whether its token is served and works at RingCentral. */
  works(grantId: string): Promise<boolean>;
  /** Where RingCentral's page at this URL would send the browser if this user allowed it. */
  callbackFor(authorizeUrl: string, ownerId: string): string;
  /** Whom the app `silent` is sent back for at once. */
  silentOwner: string;
  /** Changes a link as it is stored. */
  alter(url: string, change: { readonly returnTo: string } | { readonly expiresAt: number }): Promise<void>;
  close(): Promise<void>;
};

/** Where a user who allows it is sent. */
const decide = (provider: Pick<Provider, 'decide'>, authorizeUrl: URL, ownerId: string): string => {
  const form = new URLSearchParams(authorizeUrl.search);
  form.set('decision', 'allow');
  form.set('owner_id', ownerId);
  return provider.decide(form).headers.location ?? '';
};

/** RingCentral for those who are logged in and have allowed it before: it sends them straight back. */
const serveSilent = (sandbox: () => Sandbox, owner: () => string): Promise<LittleServer> =>
  serve(async (request, response) => {
    const { url: simulator, provider } = sandbox().simulator;
    const url = new URL(request.url ?? '', simulator);
    if (request.method === 'GET') {
      response.writeHead(302, { location: decide(provider, url, owner()) });
      response.end();
      return;
    }
    const { authorization = '', 'content-type': type = '' } = request.headers;
    const answer = await fetch(simulator + url.pathname, {
      method: 'POST',
      headers: { authorization, 'content-type': type, accept: 'application/json' },
      body: await buffer(request),
    });
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(await answer.text());
  });

const start = async (app: LittleServer): Promise<Sandbox> => {
  const redirectUris: string[] = [];
  const sandbox = await startSandbox(
    { appsCacheMs: 0, appHoldCacheMs: 0 },
    {
      apps: [
        { clientId, clientSecret, redirectUris },
        { clientId: 'public-client', redirectUris },
        { clientId: 'plain-client', clientSecret, redirectUris },
        { clientId: 'silent-client', clientSecret, redirectUris },
      ],
      users: Array.from({ length: 50 }, (_, index) => ({ ownerId: String(2001 + index), name: 'User' })),
    },
    { returnTo: [`${app.url}/settings`] },
  );
  // Its port was not known before.
  redirectUris.push(`${sandbox.url}/oauth/callback`);
  return sandbox;
};

/** The same by another name: to a browser RingCentral is another site than ours, as it is in truth. */
const elsewhere = (url: string): string => url.replace('127.0.0.1', 'localhost');

export const startStage = async (): Promise<Stage> => {
  const app = await serve((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<h1>Your settings</h1>');
  });
  const sandbox = await start(app);
  const silent = await serveSilent(
    () => sandbox,
    () => stage.silentOwner,
  );
  const server = elsewhere(sandbox.simulator.url);
  const apps = [
    { name: 'main', server, clientId, clientSecret },
    { name: 'public', server, clientId: 'public-client', public: true },
    { name: 'plain', server, clientId: 'plain-client', clientSecret, pkce: false },
    { name: 'silent', server: elsewhere(silent.url), clientId: 'silent-client', clientSecret },
  ];
  sandbox.aws.setSecret(appsSecretId, JSON.stringify({ apps }));
  const { url: endpoint, tableName: TableName } = sandbox.database;
  const database = new DynamoDBClient({ endpoint, region: localRegion, credentials: localCredentials });
  let count = 0;
  const stage: Stage = {
    sandbox,
    appUrl: app.url,
    silentOwner: '',
    callbackFor: (url, ownerId) => decide(sandbox.simulator.provider, new URL(url), ownerId),
    newOwner: () => String(2001 + count++),
    newId: () => `acme:${++count}`,
    link: async (grantId, body = {}) => {
      const made = await sandbox.http('POST', `/grants/${grantId}/connect-links`, {
        body: { app: 'main', ...body },
      });
      if (made.status !== 201) throw new Error(made.body.detail);
      return made.body.url;
    },
    grant: async grantId => (await sandbox.http('GET', `/grants/${grantId}`)).body,
    works: async grantId => {
      const { status, body } = await sandbox.http('GET', `/grants/${grantId}/token`);
      if (status !== 200) return false;
      const authorization = `Bearer ${body.accessToken}`;
      return (await fetch(`${server}/restapi/v1.0/account/~/extension/~`, { headers: { authorization } })).ok;
    },
    alter: async (url, change) => {
      const linkId = new URL(url).searchParams.get('link')?.split('.')[0];
      await database.send(
        new UpdateItemCommand({
          TableName,
          Key: { pk: { S: `link#${linkId}` } },
          UpdateExpression: 'SET #name = :value',
          ExpressionAttributeNames: { '#name': Object.keys(change)[0] ?? '' },
          ExpressionAttributeValues: marshall({ ':value': Object.values(change)[0] }),
        }),
      );
    },
    close: async () => {
      app.close();
      silent.close();
      await sandbox.close();
    },
  };
  return stage;
};
