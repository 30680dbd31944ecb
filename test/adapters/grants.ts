/** Grants in every shape the domain allows, and many at a time. */
import * as fc from 'fast-check';
import { type Grant, type GrantSummary, grantStates, strategies } from '../../functions/domain/grant.ts';
import { laneOf } from '../../functions/domain/lane.ts';
import { activeGrant, start } from '../domain/grants.ts';

export const secrets = {
  accessToken: 'SECRET-access-token',
  refreshToken: 'SECRET-refresh-token',
  retired: 'SECRET-retired-token',
};

/** Every field that a grant can have: a new one is missed here by the compiler. */
export const fullGrant: Required<Grant> = {
  grantId: 'acme:101',
  state: 'active',
  strategy: 'hourly',
  connectionId: 'connection-1',
  generation: 7,
  app: 'main',
  server: 'https://platform.ringcentral.com',
  clientId: 'client',
  ownerId: '1001',
  endpointId: 'endpoint-1',
  sessionId: 'session-1',
  startedBy: 'connection-1',
  credential: 'switchboard',
  mustMint: true,
  mintedAt: start + 20,
  accessTokenTtlSeconds: 600,
  refreshTokenTtlSeconds: 0,
  label: 'Ada’s phone ☎',
  tokens: {
    accessToken: secrets.accessToken,
    tokenType: 'bearer',
    scope: 'ReadCallLog',
    accessExpiresAt: start + 1,
    accessLifetimeMs: 3_598_000,
    refreshToken: secrets.refreshToken,
    refreshExpiresAt: start + 2,
  },
  cacheUntil: start + 3,
  refreshAt: start + 4,
  dueAt: start + 5,
  attempt: { id: 'attempt-1', endsAt: start + 6 },
  sent: { at: start + 7, by: 'attempt-1' },
  holdUntil: start + 8,
  failures: 2,
  refusal: { code: 'OAU-213', at: start + 9 },
  lastError: { code: 'CMN-301', at: start + 10 },
  condemnedAt: start + 11,
  absolvedAt: start + 19,
  announcement: 'Grant Recovered',
  retired: [
    {
      app: 'main',
      ownerId: '1001',
      endpointId: 'endpoint-0',
      sessionId: 'session-0',
      startedBy: 'connection-0',
      clientId: 'client',
      server: 'https://platform.ringcentral.com',
      token: secrets.retired,
      expiresAt: start + 12,
      maybeSpent: true,
      failures: 1,
      retryAt: start + 13,
    },
  ],
  reports: { since: start + 14, count: 3 },
  importHash: 'hash-1',
  claimed: true,
  connectedAt: start + 15,
  rotatedAt: start + 16,
  updatedAt: start + 17,
  deleteAt: start + 18_000,
};

/** Nothing but what a grant must have. */
export const bareGrant: Grant = {
  grantId: 'acme:101',
  state: 'revoked',
  strategy: 'weekly',
  connectionId: 'connection-1',
  generation: 0,
  app: 'main',
  server: 'https://platform.ringcentral.com',
  clientId: 'client',
  ownerId: '1001',
  cacheUntil: 0,
  failures: 0,
  retired: [],
  importHash: 'hash-1',
  claimed: false,
  connectedAt: 0,
  rotatedAt: 0,
  updatedAt: 0,
};

export const grantOf = (grantId: string, change: Partial<Grant> = {}): Grant => ({
  ...activeGrant,
  grantId,
  ...change,
});

export const withoutDueTime = (grant: Grant): Grant => {
  const { dueAt: _, ...rest } = grant;
  return rest;
};

export const summaryOf = ({ tokens, retired: _, ...rest }: Grant): GrantSummary => {
  if (tokens === undefined) return rest;
  const { accessToken: _access, refreshToken: _refresh, ...expiries } = tokens;
  return { ...rest, tokens: expiries };
};

/** So many different ids of one lane. */
export const idsOfLane = (lane: number, count: number): string[] => {
  const ids: string[] = [];
  for (let i = 0; ids.length < count; i += 1) if (laneOf(`grant-${i}`) === lane) ids.push(`grant-${i}`);
  return ids;
};

const idCharacters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_'];
export const grantIds = fc
  .tuple(
    fc.constantFrom(...idCharacters),
    fc.string({ unit: fc.constantFrom(...idCharacters, ...'.~:@-'), maxLength: 127 }),
  )
  .map(([first, rest]) => first + rest);

const anyText = fc.string({ unit: 'grapheme', maxLength: 40 });
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
/** The last moment that a date can show. */
const lastTime = 8.64e15;
const time = fc.nat({ max: lastTime });
const count = fc.nat();

const identity = {
  app: text,
  server: text,
  clientId: text,
  ownerId: text,
  endpointId: text,
  sessionId: text,
  startedBy: text,
};

const exactly = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(fields, { noNullPrototype: true });

const retiredToken = fc.record(
  {
    ...identity,
    token: text,
    expiresAt: time,
    maybeSpent: fc.constant(true as const),
    failures: count,
    retryAt: time,
  },
  { noNullPrototype: true, requiredKeys: ['app', 'ownerId', 'clientId', 'server', 'token', 'expiresAt'] },
);

const tokens = fc.record(
  {
    accessToken: text,
    tokenType: text,
    scope: text,
    accessExpiresAt: time,
    accessLifetimeMs: time,
    refreshToken: text,
    refreshExpiresAt: time,
  },
  {
    noNullPrototype: true,
    requiredKeys: ['accessToken', 'tokenType', 'accessExpiresAt', 'accessLifetimeMs'],
  },
);

const required = Object.keys(bareGrant) as (keyof Grant)[];

type Arbitraries = { readonly [K in keyof Grant]-?: fc.Arbitrary<Required<Grant>[K]> };

const grantFields = (grantId: string): Arbitraries => ({
  ...identity,
  grantId: fc.constant(grantId),
  state: fc.constantFrom(...grantStates),
  strategy: fc.constantFrom(...strategies),
  connectionId: text,
  credential: text,
  mustMint: fc.constant(true as const),
  mintedAt: time,
  generation: count,
  accessTokenTtlSeconds: count,
  refreshTokenTtlSeconds: count,
  label: anyText,
  tokens,
  cacheUntil: fc.integer({ min: -lastTime, max: lastTime }),
  refreshAt: time,
  dueAt: time,
  attempt: exactly({ id: text, endsAt: time }),
  sent: exactly({ at: time, by: text }),
  holdUntil: time,
  failures: count,
  refusal: exactly({ code: text, at: time }),
  lastError: exactly({ code: anyText, at: time }),
  condemnedAt: time,
  absolvedAt: time,
  announcement: fc.constantFrom('Grant Needs Reauthorization', 'Grant Recovered', 'Grant Revoked'),
  retired: fc.array(retiredToken, { maxLength: 5 }),
  reports: exactly({ since: time, count }),
  importHash: text,
  claimed: fc.boolean(),
  connectedAt: time,
  rotatedAt: time,
  updatedAt: time,
  // DynamoDB's TTL counts whole seconds.
  deleteAt: fc.nat({ max: 1e12 }).map(seconds => seconds * 1000),
});

/** Any grant with this id, whether or not its fields make sense together. */
export const grantsWithId = (grantId: string): fc.Arbitrary<Grant> =>
  fc.record(grantFields(grantId), { noNullPrototype: true, requiredKeys: required }) as fc.Arbitrary<Grant>;
