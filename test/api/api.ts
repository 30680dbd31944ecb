/** The api handler in its sandbox, with every answer held against the OpenAPI file. */
import { DeleteTableCommand, DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'vitest';
import type { Settings } from '../../functions/domain/settings.ts';
import { localCredentials, localRegion } from '../../sandbox/aws/database.ts';
import type { Fault, TokenResponse } from '../../sandbox/ringcentral/index.ts';
import { consent } from '../simulator/consent.ts';
import {
  clientId,
  clientSecret,
  type HttpAnswer,
  type HttpOptions,
  type Sandbox,
  startSandbox,
} from '../system/sandbox.ts';
import { answerFaults, faultsBySchema } from './contract.ts';

export const redirectUri = 'http://127.0.0.1/callback';
export const connectUrl = 'https://connect.example';
export const allowedReturn = 'https://app.example/connected';
export const otherClientId = 'other-client';
const otherClientSecret = 'other-secret';
const appsSecretId = 'ringbearer-apps';

/** Short enough for a test to wait for, and they fit together. */
export const quickSettings: Partial<Settings> = {
  providerTimeoutMs: 1000,
  commitBudgetMs: 400,
  leaseMs: 1600,
  maxClockSkewMs: 10,
  holdStepsMs: [150],
  penaltyMs: 1000,
  verdictDelayMs: 0,
  minTokenAgeMs: 0,
  refusalsToHoldApp: 1000,
  waitBudgetMs: 4000,
  appHoldCacheMs: 0,
  appsCacheMs: 0,
};

/** Credentials of users that `newOwner` does not come to; the last one is in the secret, and RingCentral does not know it. */
const jwtOwners = Array.from({ length: 50 }, (_, index) => String(11_900 + index));
const jwtCredentials = {
  ...Object.fromEntries(jwtOwners.map(ownerId => [`jwt-${ownerId}`, ownerId])),
  'jwt-refused': 'nobody',
};

export type Connected = {
  readonly id: string;
  readonly ownerId: string;
  /** What RingCentral answered and what was imported. */
  readonly response: TokenResponse;
  readonly answer: HttpAnswer;
};

export type Api = {
  readonly sandbox: Sandbox;
  readonly http: Sandbox['http'];
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
  direct(alias: string | undefined, event: unknown): Promise<any>;
  /** An id and a RingCentral user that nobody has used before. */
  newId(): string;
  newOwner(): string;
  authorize(ownerId: string): TokenResponse;
  /** The code of a user who has just consented. */
  consent(ownerId: string): string;
  /** A user who has a JWT credential, and its name, which nobody has used before. */
  newCredential(): { readonly credential: string; readonly ownerId: string };
  /** Imports a new user's tokens as a new grant; `extra` overrides what RingCentral answered. */
  connect(extra?: Record<string, unknown>): Promise<Connected>;
  /** As {@link connect}, with an access token that is over: the next getter has to refresh. */
  connectExpired(extra?: Record<string, unknown>): Promise<Connected>;
  /** As {@link connect}, for the second app, whose credentials a test may break. */
  connectOther(extra?: Record<string, unknown>): Promise<Connected>;
  fault(fault: Fault): void;
  refreshes(ownerId: string): number;
  /** Everything that is stored. */
  records(): Promise<string>;
  /** Overwrites a grant with something that cannot be read. */
  spoil(id: string): Promise<void>;
  deleteTable(): Promise<void>;
  setSecret(text?: string): void;
  close(): Promise<void>;
};

const connecting = (sandbox: Sandbox, http: Sandbox['http']) => {
  let count = 0;
  const next = (): number => {
    count += 1;
    return count;
  };
  const newId = () => `acme:${next()}`;
  const newOwner = () => String(10_000 + next());
  const { provider } = sandbox.simulator;
  const connectAs = async (app: string, client: string, extra: Record<string, unknown>) => {
    const id = newId();
    const ownerId = newOwner();
    const response = provider.authorize(ownerId, client);
    const body = { ...response, app, ...extra };
    return { id, ownerId, response, answer: await http('PUT', `/grants/${id}`, { body }) };
  };
  let credentials = 0;
  const newCredential = () => {
    const ownerId = jwtOwners[credentials++] ?? '';
    return { credential: `jwt-${ownerId}`, ownerId };
  };
  return {
    newId,
    newOwner,
    newCredential,
    authorize: (ownerId: string) => provider.authorize(ownerId, clientId),
    consent: (ownerId: string) => consent(provider, { ownerId, clientId, redirectUri }),
    connect: (extra = {}) => connectAs('main', clientId, extra),
    connectExpired: (extra = {}) => connectAs('main', clientId, { expires_in: 0, ...extra }),
    connectOther: (extra = {}) => connectAs('other', otherClientId, extra),
  };
};

const tables = (sandbox: Sandbox) => {
  const client = new DynamoDBClient({
    endpoint: sandbox.database.url,
    region: localRegion,
    credentials: localCredentials,
  });
  const { tableName: TableName } = sandbox.database;
  const keyOf = (id: string) => ({ pk: { S: `grant#${id}` } });
  return {
    records: async () => {
      const { Items: items = [] } = await client.send(new ScanCommand({ TableName, ConsistentRead: true }));
      return JSON.stringify(items.sort((a, b) => ((a.pk?.S ?? '') < (b.pk?.S ?? '') ? -1 : 1)));
    },
    spoil: async (id: string) => {
      const Item = { ...keyOf(id), nonce: { S: 'n' }, state: { S: 'active' } };
      await client.send(new PutItemCommand({ TableName, Item }));
    },
    deleteTable: async () => {
      await client.send(new DeleteTableCommand({ TableName }));
    },
  };
};

/** One for each test file: the handler reads its environment when it is loaded. */
export const startApi = async (settings: Partial<Settings> = {}): Promise<Api> => {
  process.env.POWERTOOLS_LOG_LEVEL ??= 'SILENT';
  process.env.POWERTOOLS_METRICS_DISABLED ??= 'true';
  const sandbox = await startSandbox(
    { ...quickSettings, ...settings },
    {
      apps: [
        { clientId, clientSecret, redirectUris: ['http://127.0.0.1/callback'] },
        {
          clientId: otherClientId,
          clientSecret: otherClientSecret,
          redirectUris: ['http://127.0.0.1/callback'],
        },
      ],
      users: Array.from({ length: 2000 }, (_, index) => ({ ownerId: String(10_000 + index), name: 'User' })),
      jwtCredentials,
    },
    { url: connectUrl, returnTo: [allowedReturn] },
  );
  const { url, provider, faults } = sandbox.simulator;
  const apps = [
    { name: 'main', server: url, clientId, clientSecret },
    { name: 'other', server: url, clientId: otherClientId, clientSecret: otherClientSecret },
  ];
  const setSecret = (text = JSON.stringify({ apps })) => sandbox.aws.setSecret(appsSecretId, text);
  setSecret();

  const http: Sandbox['http'] = async (method, path, options: HttpOptions = {}) => {
    const answer = await sandbox.http(method, path, options);
    expect(answerFaults(method, path, answer)).toEqual([]);
    return answer;
  };

  return {
    sandbox,
    http,
    direct: async (alias, event) => {
      const answer = await sandbox.direct(alias, event);
      expect(faultsBySchema('DirectAnswer', answer)).toEqual([]);
      return answer;
    },
    ...connecting(sandbox, http),
    ...tables(sandbox),
    fault: faults.add,
    refreshes: ownerId =>
      provider.log().filter(entry => entry.grantType === 'refresh_token' && entry.ownerId === ownerId).length,
    setSecret,
    close: sandbox.close,
  };
};
