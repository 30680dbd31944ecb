/** Token material that must not be used any more, on its way into the list of what the sweep is to end. */
import { type Grant, maxRetiredTokens, type RetiredToken } from './grant.ts';
import { present } from './tokens.ts';

export const retiredToken = (grant: Grant, token: string, expiresAt: number): RetiredToken =>
  present({
    app: grant.app,
    server: grant.server,
    clientId: grant.clientId,
    ownerId: grant.ownerId,
    endpointId: grant.endpointId,
    sessionId: grant.sessionId,
    startedBy: grant.startedBy,
    token,
    expiresAt,
  }) as RetiredToken;

export const bounded = (retired: readonly RetiredToken[], now: number): RetiredToken[] =>
  retired
    .filter(({ expiresAt }) => expiresAt > now)
    .sort((a, b) => b.expiresAt - a.expiresAt)
    .slice(0, maxRetiredTokens);
