/** Grants as the API shows them, to test with. */
import type { App, Grant } from '../../cli/keeper.ts';
import { day, hour, minute, start } from '../domain/grants.ts';

export const iso = (ms: number): string => new Date(ms).toISOString();

export const grantView: Grant = {
  grantId: 'acme:101',
  state: 'active',
  strategy: 'weekly',
  generation: 1,
  connectionId: 'connection-1',
  app: 'main',
  server: 'https://platform.ringcentral.com',
  ownerId: '1001',
  accessExpiresAt: iso(start + hour),
  refreshExpiresAt: iso(start + 7 * day),
  cacheUntil: iso(start + 45 * minute),
  dueAt: iso(start + 5 * day),
  refreshing: false,
  failures: 0,
  connectedAt: iso(start),
  rotatedAt: iso(start),
  updatedAt: iso(start),
};

/** A field set to undefined is taken away. */
export const viewWith = (change: { readonly [K in keyof Grant]?: Grant[K] | undefined }): Grant =>
  Object.fromEntries(
    Object.entries({ ...grantView, ...change }).filter(([, value]) => value !== undefined),
  ) as Grant;

export const appView: App = {
  name: 'main',
  server: 'https://platform.ringcentral.com',
  clientId: 'client',
  public: false,
  refused: 0,
};
