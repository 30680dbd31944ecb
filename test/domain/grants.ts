/** Grants to test with, at a fixed time. */
import type { Grant, Tokens } from '../../functions/domain/grant.ts';
import { defaultSettings } from '../../functions/domain/settings.ts';
import type { Connection, Moment } from '../../functions/domain/writes.ts';

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

/** When the grants below were connected. */
export const start = Date.UTC(2026, 0, 1);
export const settings = defaultSettings;

export const at = (ms: number): Moment => ({ now: start + ms, settings });

export const tokens: Tokens = {
  accessToken: 'access-1',
  tokenType: 'bearer',
  accessExpiresAt: start + hour,
  accessLifetimeMs: hour,
  refreshToken: 'refresh-1',
  refreshExpiresAt: start + 7 * day,
};

export const activeGrant: Grant = {
  grantId: 'acme:101',
  state: 'active',
  strategy: 'weekly',
  connectionId: 'connection-1',
  generation: 1,
  app: 'main',
  server: 'https://platform.ringcentral.com',
  clientId: 'client',
  ownerId: '1001',
  endpointId: 'endpoint-1',
  tokens,
  cacheUntil: start + 45 * minute - settings.maxClockSkewMs,
  refreshAt: start + 5 * day,
  dueAt: start + 5 * day,
  failures: 0,
  retired: [],
  importHash: 'hash-1',
  claimed: true,
  connectedAt: start,
  rotatedAt: start,
  updatedAt: start,
};

/** A change of a grant; a field set to undefined is taken away. */
export type GrantChange = { readonly [K in keyof Grant]?: Grant[K] | undefined };

export const grantWith = (change: GrantChange): Grant =>
  Object.fromEntries(
    Object.entries({ ...activeGrant, ...change }).filter(([, value]) => value !== undefined),
  ) as Grant;

const { refreshToken: _token, refreshExpiresAt: _expiry, ...accessOnly } = tokens;
export const withoutRefreshToken: GrantChange = {
  tokens: accessOnly,
  refreshAt: undefined,
  cacheUntil: start + hour - settings.maxClockSkewMs,
  dueAt: start + hour,
};

/** A refresh of another worker, begun at `beganAt`. */
export const underWay = (beganAt: number): GrantChange => ({
  attempt: { id: 'other', endsAt: beganAt + settings.leaseMs },
  sent: { at: beganAt, by: 'other' },
});

export const response = {
  accessToken: 'access-2',
  tokenType: 'bearer',
  accessLifetimeMs: hour,
  refreshToken: 'refresh-2',
  refreshLifetimeMs: 7 * day,
};

export const connection: Connection = {
  grantId: 'acme:101',
  connectionId: 'connection-2',
  strategy: 'weekly',
  app: 'main',
  server: 'https://platform.ringcentral.com',
  clientId: 'client',
  ownerId: '1001',
  importHash: 'hash-2',
  response: { ...response, endpointId: 'endpoint-2' },
  obtainedAt: start,
};
