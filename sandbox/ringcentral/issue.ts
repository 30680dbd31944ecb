/** Starts sessions, hands out their tokens and ends them. */

import { type App, type GrantType, jwtBearerGrantType } from './config.ts';
import { type EndReason, isAlive, type Lifetimes, rotate, type Session, type TokenSet } from './session.ts';
import { addSession, changeTokens, sessionsOf } from './session-store.ts';
import { randomId, randomToken, type State } from './state.ts';

export const grantTypeOf = (parameter: string): GrantType | undefined => {
  if (parameter === jwtBearerGrantType) return 'jwt-bearer';
  return parameter === 'authorization_code' || parameter === 'refresh_token' ? parameter : undefined;
};

const newTokens = (
  state: State,
  issuesRefreshTokens: boolean,
  lifetimes: Lifetimes,
  now: number,
): TokenSet => ({
  issuedAt: now,
  accessToken: randomToken(state),
  accessExpiresAt: now + lifetimes.accessMs,
  ...(issuesRefreshTokens
    ? { refreshToken: randomToken(state), refreshExpiresAt: now + lifetimes.refreshMs }
    : {}),
});

export const endSession = (state: State, session: Session, reason: EndReason): void => {
  if (session.end !== undefined) return;
  const at = state.clock();
  session.end = { at, reason };
  state.revision += 1;
  const { clientId, ownerId, id } = session;
  state.emit({ type: 'session-ended', at, clientId, ownerId, sessionId: id, reason });
};

const killOtherAccessTokens = (state: State, session: Session): void => {
  if (state.rules.oneActiveAccessToken !== 'user') return;
  for (const other of sessionsOf(state.sessions, session.clientId, session.ownerId)) {
    if (other !== session) other.accessKilled = true;
  }
};

const makeRoom = (state: State, clientId: string, ownerId: string, now: number): void => {
  const alive = sessionsOf(state.sessions, clientId, ownerId).filter(session => isAlive(session, now));
  const surplus = alive.length - (state.rules.maxSessionsPerUser - 1);
  for (const session of alive.slice(0, Math.max(0, surplus))) endSession(state, session, 'too-many-sessions');
};

export type NewSession = {
  readonly app: App;
  readonly ownerId: string;
  readonly lifetimes: Lifetimes;
  /** Generated where the client sends none. */
  readonly endpointId?: string;
};

/** One more session of this user and app; the oldest ends when there are too many. */
export const startSession = (state: State, { app, ownerId, lifetimes, endpointId }: NewSession): Session => {
  const now = state.clock();
  makeRoom(state, app.clientId, ownerId, now);
  const session: Session = {
    id: randomId(state),
    clientId: app.clientId,
    ownerId,
    endpointId: endpointId ?? randomId(state),
    scope: app.scope,
    startedAt: now,
    lifetimes,
    tokens: newTokens(state, app.issuesRefreshTokens, lifetimes, now),
    accessKilled: false,
    spent: [],
    formerAccess: [],
    refreshes: 0,
    refused: false,
    forgiven: false,
  };
  addSession(state.sessions, session, now);
  killOtherAccessTokens(state, session);
  state.revision += 1;
  return session;
};

/** Spends the refresh token; the old access token is dead at once. */
export const rotateSession = (state: State, session: Session, lifetimes: Lifetimes): void => {
  const now = state.clock();
  // Whoever presents a refresh token has received the answer that it came with.
  for (const spent of session.spent) spent.delivered = true;
  const next = newTokens(state, true, lifetimes, now);
  changeTokens(state.sessions, session, () => rotate(session, next, now));
  session.lifetimes = lifetimes;
  killOtherAccessTokens(state, session);
  state.revision += 1;
};
