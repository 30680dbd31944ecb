/** Token material that must not be used any more, on its way into the list of what the sweep is to end. */
import { maxRetiredTokens, type RetiredToken, type SessionIdentity } from './grant.ts';
import { present } from './tokens.ts';

type Issued = SessionIdentity & Pick<RetiredToken, 'server' | 'clientId'>;

export const retiredToken = (issued: Issued, token: string, expiresAt: number): RetiredToken =>
  present({
    app: issued.app,
    server: issued.server,
    clientId: issued.clientId,
    ownerId: issued.ownerId,
    endpointId: issued.endpointId,
    sessionId: issued.sessionId,
    startedBy: issued.startedBy,
    token,
    expiresAt,
  }) as RetiredToken;

export const bounded = (retired: readonly RetiredToken[], now: number): RetiredToken[] =>
  retired
    .filter(({ expiresAt }) => expiresAt > now)
    .sort((a, b) => b.expiresAt - a.expiresAt)
    .slice(0, maxRetiredTokens);
