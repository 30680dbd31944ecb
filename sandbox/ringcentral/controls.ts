/** What an administrator, a user or a test can do to the provider from outside the protocol. */

import { endSession, startSession } from './issue.ts';
import { type Counts, type LogEntry, zeroCounts } from './ledger.ts';
import {
  askedLifetimes,
  type EndReason,
  isAlive,
  type Session,
  type TokenResponse,
  tokenResponse,
} from './session.ts';
import { randomToken, type State } from './state.ts';

/** A session as it may be shown: no tokens. Times are epoch ms. */
export type SessionView = {
  readonly sessionId: string;
  readonly clientId: string;
  readonly ownerId: string;
  readonly endpointId: string;
  readonly alive: boolean;
  readonly startedAt: number;
  readonly refreshes: number;
  readonly accessExpiresAt: number;
  readonly accessFirstUsedAt?: number;
  readonly refreshExpiresAt?: number;
  readonly endedAt?: number;
  readonly endReason?: EndReason;
};

export type Stats = {
  readonly counts: Counts;
  readonly sessions: { readonly alive: number; readonly remembered: number };
  /** The provider's clock, epoch ms. */
  readonly now: number;
};

export type AuthorizeOptions = {
  readonly accessTokenTtlSeconds?: number;
  readonly refreshTokenTtlSeconds?: number;
  readonly endpointId?: string;
};

/** A control was given an app, user or session that does not exist. */
export class UnknownSubjectError extends Error {
  override readonly name = 'UnknownSubjectError';
}

const view = (session: Session, now: number): SessionView => {
  const {
    id: sessionId,
    clientId,
    ownerId,
    endpointId,
    startedAt,
    refreshes,
    tokens,
    accessFirstUsedAt,
    end,
  } = session;
  return {
    sessionId,
    clientId,
    ownerId,
    endpointId,
    alive: isAlive(session, now),
    startedAt,
    refreshes,
    accessExpiresAt: tokens.accessExpiresAt,
    ...(accessFirstUsedAt === undefined ? {} : { accessFirstUsedAt }),
    ...(tokens.refreshExpiresAt === undefined ? {} : { refreshExpiresAt: tokens.refreshExpiresAt }),
    ...(end === undefined ? {} : { endedAt: end.at, endReason: end.reason }),
  };
};

export const listSessions = (state: State): SessionView[] => {
  const now = state.clock();
  return [...state.sessions.byId.values()].map(session => view(session, now));
};

export const stats = (state: State): Stats => {
  const now = state.clock();
  const sessions = [...state.sessions.byId.values()];
  const alive = sessions.filter(session => isAlive(session, now)).length;
  return { counts: { ...state.ledger.counts }, sessions: { alive, remembered: sessions.length }, now };
};

export const readLog = (state: State): LogEntry[] =>
  state.ledger.entries.slice(-state.ledger.maxEntries).map(entry => ({ ...entry }));

export const resetCounts = (state: State): void => {
  Object.assign(state.ledger.counts, zeroCounts());
  state.ledger.entries = [];
  state.revision += 1;
};

const requireUser = (state: State, ownerId: string): void => {
  if (!state.users.has(ownerId)) throw new UnknownSubjectError(`no such user: ${ownerId}`);
};

const requireApp = (state: State, clientId: string) => {
  const app = state.apps.get(clientId);
  if (app === undefined) throw new UnknownSubjectError(`no such app: ${clientId}`);
  return app;
};

const sessionsOfOwner = (state: State, ownerId: string): Session[] =>
  [...state.sessions.byId.values()].filter(session => session.ownerId === ownerId);

/** Ends every session of this user that is alive; says how many. */
export const endUserSessions = (
  state: State,
  ownerId: string,
  reason: 'user-ended' | 'password-changed',
): number => {
  requireUser(state, ownerId);
  const now = state.clock();
  const alive = sessionsOfOwner(state, ownerId).filter(session => isAlive(session, now));
  for (const session of alive) endSession(state, session, reason);
  return alive.length;
};

export const disableUser = (state: State, ownerId: string): void => {
  requireUser(state, ownerId);
  state.disabledUsers.add(ownerId);
  state.revision += 1;
  state.emit({ type: 'login-disabled', at: state.clock(), ownerId });
};

/** What was refused meanwhile may be tried again without being needless. */
export const enableUser = (state: State, ownerId: string): void => {
  requireUser(state, ownerId);
  state.disabledUsers.delete(ownerId);
  for (const session of sessionsOfOwner(state, ownerId)) session.refused = false;
  state.revision += 1;
  state.emit({ type: 'login-enabled', at: state.clock(), ownerId });
};

/** The new secret; the old one is refused from now on. */
export const rotateSecret = (state: State, clientId: string, clientSecret = randomToken(state)): string => {
  const app = requireApp(state, clientId);
  if (app.clientSecret === undefined)
    throw new UnknownSubjectError(`${clientId} is a public client: it has no secret`);
  state.apps.set(clientId, { ...app, clientSecret });
  state.revision += 1;
  state.emit({ type: 'secret-rotated', at: state.clock(), clientId });
  return clientSecret;
};

/** Declares that a client died after it had received an answer: see `ledger.ts`. Says how many live sessions that concerns. */
export const forgiveNext = (state: State, id: string): number => {
  const now = state.clock();
  const session = state.sessions.byId.get(id);
  const forgiven = session ? [session] : sessionsOfOwner(state, id).filter(each => isAlive(each, now));
  for (const each of forgiven) each.forgiven = true;
  state.revision += 1;
  return forgiven.length;
};

const ttlParams = ({ accessTokenTtlSeconds, refreshTokenTtlSeconds }: AuthorizeOptions) => ({
  ...(accessTokenTtlSeconds === undefined ? {} : { access_token_ttl: String(accessTokenTtlSeconds) }),
  ...(refreshTokenTtlSeconds === undefined ? {} : { refresh_token_ttl: String(refreshTokenTtlSeconds) }),
});

/** As if the user had consented and the app had exchanged the code: a session, without any request. */
export const authorize = (
  state: State,
  ownerId: string,
  clientId: string,
  options: AuthorizeOptions,
): TokenResponse => {
  requireUser(state, ownerId);
  const app = requireApp(state, clientId);
  const { accessTokenMs: accessMs, refreshTokenMs: refreshMs } = state.rules;
  const lifetimes = askedLifetimes(ttlParams(options), { accessMs, refreshMs }, state.rules);
  if (lifetimes === undefined) throw new RangeError('token lifetimes must be whole numbers of seconds');
  const { endpointId } = options;
  const session = startSession(state, {
    app,
    ownerId,
    lifetimes,
    ...(endpointId === undefined ? {} : { endpointId }),
  });
  state.emit({ type: 'issued', at: state.clock(), clientId, ownerId, sessionId: session.id });
  return tokenResponse(session, session.tokens.issuedAt);
};
