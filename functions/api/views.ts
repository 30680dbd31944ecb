/** What callers see of a grant: everything but secrets, with times in ISO 8601. */
import type { Grant, GrantSummary } from '../domain/grant.ts';
import { present } from '../domain/tokens.ts';
import type { ServedToken } from '../keeper/get-token.ts';
import type { AppSummary } from '../keeper/list-apps.ts';

const iso = (time: number): string => new Date(time).toISOString();
const isoIf = (time: number | undefined): string | undefined => (time === undefined ? undefined : iso(time));

export const viewToken = (token: ServedToken) => ({
  ...token,
  expiresAt: iso(token.expiresAt),
  cacheUntil: iso(token.cacheUntil),
});

export type TokenView = ReturnType<typeof viewToken>;

/** A hold is shown while it lasts, and a promise unless it was taken back. */
export const viewGrant = (grant: Grant | GrantSummary, now: number) =>
  present({
    grantId: grant.grantId,
    kind: grant.credential === undefined ? ('user' as const) : ('jwt' as const),
    credential: grant.credential,
    label: grant.label,
    state: grant.state,
    strategy: grant.strategy,
    generation: grant.generation,
    connectionId: grant.connectionId,
    app: grant.app,
    server: grant.server,
    ownerId: grant.ownerId,
    endpointId: grant.endpointId,
    scope: grant.tokens?.scope,
    accessExpiresAt: isoIf(grant.tokens?.accessExpiresAt),
    refreshExpiresAt: isoIf(grant.tokens?.refreshExpiresAt),
    cacheUntil: grant.state === 'active' && grant.cacheUntil > 0 ? iso(grant.cacheUntil) : undefined,
    dueAt: isoIf(grant.dueAt),
    refreshing: grant.sent !== undefined,
    holdUntil: (grant.holdUntil ?? 0) > now ? isoIf(grant.holdUntil) : undefined,
    failures: grant.failures,
    lastError: grant.lastError && { code: grant.lastError.code, at: iso(grant.lastError.at) },
    connectedAt: iso(grant.connectedAt),
    rotatedAt: iso(grant.rotatedAt),
    updatedAt: iso(grant.updatedAt),
  });

export type GrantView = ReturnType<typeof viewGrant>;

export const viewApp = ({ holdUntil, ...app }: AppSummary) =>
  present({ ...app, holdUntil: isoIf(holdUntil) });

export type AppView = ReturnType<typeof viewApp>;
