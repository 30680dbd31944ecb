/** Finds sessions: by id, by any token they ever had, by user and app. Bounded; forgets dead sessions first. */

import { isAlive, type Session } from './session.ts';

/** What a token is to its session now. */
export type TokenKind = 'access' | 'refresh' | 'former-access' | 'spent-refresh';

export type FoundToken = { readonly session: Session; readonly kind: TokenKind };

export type SessionStore = {
  readonly byId: Map<string, Session>;
  readonly byToken: Map<string, Session>;
  readonly byUser: Map<string, Set<Session>>;
  readonly maxSessions: number;
};

export const createSessionStore = (maxSessions: number): SessionStore => ({
  byId: new Map(),
  byToken: new Map(),
  byUser: new Map(),
  maxSessions,
});

const userKey = (clientId: string, ownerId: string): string => JSON.stringify([clientId, ownerId]);

const tokensOf = ({ tokens, spent, formerAccess }: Session): string[] => [
  tokens.accessToken,
  ...(tokens.refreshToken === undefined ? [] : [tokens.refreshToken]),
  ...spent.map(({ token }) => token),
  ...formerAccess.map(({ token }) => token),
];

const forget = (store: SessionStore, session: Session): void => {
  store.byId.delete(session.id);
  for (const token of tokensOf(session)) store.byToken.delete(token);
  const key = userKey(session.clientId, session.ownerId);
  const siblings = store.byUser.get(key);
  siblings?.delete(session);
  if (siblings?.size === 0) store.byUser.delete(key);
};

/** The oldest session that is dead, else the oldest. */
const leastMissed = (store: SessionStore, now: number): Session | undefined => {
  for (const session of store.byId.values()) if (!isAlive(session, now)) return session;
  return store.byId.values().next().value;
};

export const addSession = (store: SessionStore, session: Session, now: number): void => {
  while (store.byId.size >= store.maxSessions) {
    const victim = leastMissed(store, now);
    if (victim === undefined) break;
    forget(store, victim);
  }
  store.byId.set(session.id, session);
  for (const token of tokensOf(session)) store.byToken.set(token, session);
  const key = userKey(session.clientId, session.ownerId);
  store.byUser.set(key, (store.byUser.get(key) ?? new Set()).add(session));
};

/** Runs a change of the session's tokens and keeps them findable, without those that the session itself has forgotten. */
export const changeTokens = (store: SessionStore, session: Session, change: () => void): void => {
  for (const token of tokensOf(session)) store.byToken.delete(token);
  change();
  for (const token of tokensOf(session)) store.byToken.set(token, session);
};

const kindOf = (session: Session, token: string): TokenKind => {
  if (token === session.tokens.accessToken) return 'access';
  if (token === session.tokens.refreshToken) return 'refresh';
  return session.spent.some(spent => spent.token === token) ? 'spent-refresh' : 'former-access';
};

export const findToken = (store: SessionStore, token: string): FoundToken | undefined => {
  const session = store.byToken.get(token);
  return session === undefined ? undefined : { session, kind: kindOf(session, token) };
};

/** Oldest first. */
export const sessionsOf = (store: SessionStore, clientId: string, ownerId: string): Session[] => [
  ...(store.byUser.get(userKey(clientId, ownerId)) ?? []),
];
