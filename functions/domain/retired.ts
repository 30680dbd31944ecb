/** Token material that must not be used any more, on its way into the list of what the sweep is to end. */
import {
  canBeSameSession,
  type Grant,
  hasUnansweredRefresh,
  maxRetiredTokens,
  type RetiredToken,
  type SessionIdentity,
  type Tokens,
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

/** What an unanswered refresh bought may live longer than what bought it, and can be asked for while the provider replays it. */
const endOf = (grant: Grant, tokens: Tokens, { replayWindowMs }: Settings): number =>
  grant.sent !== undefined && hasUnansweredRefresh(grant)
    ? Math.max(tokensEndAt(tokens), grant.sent.at + replayWindowMs)
    : tokensEndAt(tokens);

/** What a grant lived by until now, if it cannot be the session that it lives by from now on. */
export const replaced = (
  grant: Grant | undefined,
  now: SessionIdentity,
  settings: Settings,
): RetiredToken[] => {
  const token = grant?.tokens?.refreshToken ?? grant?.tokens?.accessToken;
  if (grant?.tokens === undefined || token === undefined || canBeSameSession(grant, now)) return [];
  return [
    {
      ...retiredToken(grant, token, endOf(grant, grant.tokens, settings)),
      ...(hasUnansweredRefresh(grant) && { maybeSpent: true as const }),
    },
  ];
};

export const bounded = (retired: readonly RetiredToken[], now: number): RetiredToken[] =>
  retired
    .filter(({ expiresAt }) => expiresAt > now)
    .sort((a, b) => b.expiresAt - a.expiresAt)
    .slice(0, maxRetiredTokens);
