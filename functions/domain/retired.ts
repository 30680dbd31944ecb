/** Token material that must not be used any more, on its way into the list of what the sweep is to end. */
import {
  canBeSameSession,
  type Grant,
  hasUnansweredRefresh,
  maxRetiredTokens,
  type RetiredToken,
  type SessionIdentity,
} from './grant.ts';
import type { Settings } from './settings.ts';
import { present, tokensEndAt } from './tokens.ts';

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

/** What a grant lived by until now, if it cannot be the session that it lives by from now on. */
export const replaced = (
  grant: Grant | undefined,
  successor: SessionIdentity,
  { replayWindowMs }: Settings,
): RetiredToken[] => {
  const token = grant?.tokens?.refreshToken ?? grant?.tokens?.accessToken;
  if (grant?.tokens === undefined || token === undefined || canBeSameSession(grant, successor)) return [];
  const endsAt = tokensEndAt(grant.tokens);
  if (!hasUnansweredRefresh(grant)) return [retiredToken(grant, token, endsAt)];
  // A token whose life was short may have bought a session whose life is long: it is asked for as long as anybody can.
  const askedUntil = (grant.sent?.at ?? 0) + replayWindowMs;
  return [{ ...retiredToken(grant, token, Math.max(endsAt, askedUntil)), maybeSpent: true }];
};

export const bounded = (retired: readonly RetiredToken[], now: number): RetiredToken[] =>
  retired
    .filter(({ expiresAt }) => expiresAt > now)
    .sort((a, b) => b.expiresAt - a.expiresAt)
    .slice(0, maxRetiredTokens);
