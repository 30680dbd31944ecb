/**
 * One session: what an authorisation of one user for one app started, and every token that came of it.
 * Pure rules about it; nothing here keeps or finds sessions. All times are epoch milliseconds.
 */

import type { Rules } from './config.ts';

/** Whether an answer reached its client. `pending`: it is not known yet. */
export type Delivery = 'pending' | 'delivered' | 'lost';

export type Lifetimes = { readonly accessMs: number; readonly refreshMs: number };

export type TokenSet = {
  readonly issuedAt: number;
  readonly accessToken: string;
  readonly accessExpiresAt: number;
  /** Absent where the app issues none. */
  readonly refreshToken?: string;
  readonly refreshExpiresAt?: number;
};

/** A refresh token that was exchanged; `delivered`: the answer, or its latest replay, is known to have arrived. */
export type SpentToken = { readonly token: string; readonly at: number; delivered: boolean };

export type FormerAccessToken = { readonly token: string; readonly expiresAt: number };

/** `user-ended`: by the user or an administrator. `reuse`: a spent token was presented under strict single use. */
export type EndReason = 'revoked' | 'user-ended' | 'password-changed' | 'too-many-sessions' | 'reuse';

export type Session = {
  readonly id: string;
  readonly clientId: string;
  readonly ownerId: string;
  readonly endpointId: string;
  readonly scope: string;
  readonly startedAt: number;
  /** As asked for by the latest `access_token_ttl` and `refresh_token_ttl`. */
  lifetimes: Lifetimes;
  tokens: TokenSet;
  /** The access token died early: another session of the user and app got one. */
  accessKilled: boolean;
  accessFirstUsedAt?: number;
  /** Newest last, bounded. */
  spent: SpentToken[];
  /** Newest last, bounded. */
  formerAccess: FormerAccessToken[];
  refreshes: number;
  /** A refusal of this session's refresh token reached the client. */
  refused: boolean;
  /** A crash was declared: the next refresh that would count as needless does not. */
  forgiven: boolean;
  end?: { readonly at: number; readonly reason: EndReason };
};

const maxFormerTokens = 16;

/** Tokens that may still do something: an unexpired access or refresh token, in a session that has not ended. */
export const isAlive = (session: Session, now: number): boolean =>
  session.end === undefined &&
  (now < session.tokens.accessExpiresAt || now < (session.tokens.refreshExpiresAt ?? 0));

export const newestSpent = (session: Session): SpentToken | undefined => session.spent.at(-1);

/**
 * Whether a spent refresh token still answers with the tokens it was exchanged for: only the newest one does, for the replay
 * window, and no longer than a moment once the new access token has been used. (RingCentral, "Refresh tokens".)
 */
export const replayIsOpen = (session: Session, token: string, rules: Rules, now: number): boolean => {
  const spent = newestSpent(session);
  if (!rules.replay || spent?.token !== token) return false;
  const unusedUntil = spent.at + rules.replayWindowMs;
  const usedUntil = (session.accessFirstUsedAt ?? Number.POSITIVE_INFINITY) + rules.replayAfterUseMs;
  return now < Math.min(unusedUntil, usedUntil);
};

/** The refresh token that is exchanged, together with its access token, becomes a former one. */
export const rotate = (session: Session, next: TokenSet, now: number): void => {
  const { accessToken, accessExpiresAt, refreshToken } = session.tokens;
  session.formerAccess = [...session.formerAccess, { token: accessToken, expiresAt: accessExpiresAt }].slice(
    -maxFormerTokens,
  );
  if (refreshToken !== undefined) {
    const spent: SpentToken = { token: refreshToken, at: now, delivered: false };
    session.spent = [...session.spent, spent].slice(-maxFormerTokens);
  }
  session.tokens = next;
  session.accessKilled = false;
  delete session.accessFirstUsedAt;
  session.refreshes += 1;
  session.refused = false;
  session.forgiven = false;
};

/** Seconds, rounded down: an answer never promises more than there is. */
export const secondsLeft = (expiresAt: number, now: number): number =>
  Math.max(0, Math.floor((expiresAt - now) / 1000));

/** The body of a token response, RFC 6749 §5.1 with RingCentral's additions. Lifetimes are in seconds. */
export type TokenResponse = {
  readonly access_token: string;
  readonly token_type: 'bearer';
  readonly expires_in: number;
  readonly refresh_token?: string;
  readonly refresh_token_expires_in?: number;
  readonly scope: string;
  readonly owner_id: string;
  readonly endpoint_id: string;
  readonly session_id: string;
};

/** The tokens as they are now, with what is left of their lifetimes: the same for the first answer and for replays. */
export const tokenResponse = (session: Session, now: number): TokenResponse => {
  const { accessToken, accessExpiresAt, refreshToken, refreshExpiresAt } = session.tokens;
  return {
    access_token: accessToken,
    token_type: 'bearer',
    expires_in: session.accessKilled ? 0 : secondsLeft(accessExpiresAt, now),
    ...(refreshToken === undefined
      ? {}
      : { refresh_token: refreshToken, refresh_token_expires_in: secondsLeft(refreshExpiresAt ?? now, now) }),
    scope: session.scope,
    owner_id: session.ownerId,
    endpoint_id: session.endpointId,
    session_id: session.id,
  };
};

const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

/** `undefined`: the parameter is not a whole number. */
const ttlMs = (seconds: string | undefined, otherwiseMs: number): number | undefined => {
  if (seconds === undefined || seconds === '') return otherwiseMs;
  return /^-?\d{1,10}$/.test(seconds) ? Number(seconds) * 1000 : undefined;
};

/**
 * `access_token_ttl` and `refresh_token_ttl` (seconds), put into their ranges rather than refused: RingCentral's own SDK sends
 * `access_token_ttl=-1` after a 401. `undefined`: not numbers.
 */
export const askedLifetimes = (
  params: { readonly access_token_ttl?: string; readonly refresh_token_ttl?: string },
  otherwise: Lifetimes,
  rules: Rules,
): Lifetimes | undefined => {
  const accessMs = ttlMs(params.access_token_ttl, otherwise.accessMs);
  const refreshMs = ttlMs(params.refresh_token_ttl, otherwise.refreshMs);
  if (accessMs === undefined || refreshMs === undefined) return undefined;
  return {
    accessMs: clamp(accessMs, rules.minAccessTokenMs, rules.accessTokenMs),
    refreshMs: clamp(refreshMs, 0, rules.maxRefreshTokenMs),
  };
};
