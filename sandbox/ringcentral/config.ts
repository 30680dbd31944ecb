/**
 * What the simulated RingCentral knows beforehand (apps, users) and the rules it goes by.
 * Every default is the documented one; every duration is in milliseconds.
 */

/** RFC 7523 §2.1. */
export const jwtBearerGrantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

export type GrantType = 'authorization_code' | 'refresh_token' | 'jwt-bearer';
export const grantTypes: readonly GrantType[] = ['authorization_code', 'refresh_token', 'jwt-bearer'];

/** One app of the developer console. */
export type AppConfig = {
  readonly clientId: string;
  /** Absent: a public client ("Client-side web app"), known by `client_id` in the body alone. */
  readonly clientSecret?: string;
  /** Compared character by character, RFC 9700 §4.1.3. */
  readonly redirectUris: readonly string[];
  /** Default: all of them. */
  readonly grantTypes?: readonly GrantType[];
  /** Default true. */
  readonly issuesRefreshTokens?: boolean;
  readonly scope?: string;
};

/** One RingCentral user; nobody has a password, the consent page lists them. */
export type UserConfig = { readonly ownerId: string; readonly name: string };

/** How the provider behaves. Sources: RingCentral's guides on authentication, tokens and rate limits. */
export type Rules = {
  /** Lifetime of an access token, and the longest `access_token_ttl`. Default 3600 s. */
  readonly accessTokenMs: number;
  /** The shortest `access_token_ttl`. Default a sixth of `accessTokenMs`: 600 s of 3600 s. */
  readonly minAccessTokenMs: number;
  /** Default 604 800 s, 7 days. */
  readonly refreshTokenMs: number;
  /** The longest `refresh_token_ttl`. Default 30/7 of `refreshTokenMs`: 30 days of 7. */
  readonly maxRefreshTokenMs: number;
  /** Lifetime of an authorization code. Default 60 s. */
  readonly codeMs: number;
  /** False: strict single use; a spent refresh token presented again ends the session, RFC 9700 §4.14.2. */
  readonly replay: boolean;
  /** How long a spent refresh token answers while the new access token is unused. Default 60 min. */
  readonly replayWindowMs: number;
  /** How long it goes on answering once the new access token has been used. Default 10 s. */
  readonly replayAfterUseMs: number;
  /** One RingCentral article says that a refresh token works only while its access token lives. Default false. */
  readonly refreshNeedsLiveAccessToken: boolean;
  /** Whose other access tokens die when one is issued: those of this session, or of this user and app. */
  readonly oneActiveAccessToken: 'session' | 'user';
  /** The oldest session of a user and app ends when one more than this starts. Default 5. */
  readonly maxSessionsPerUser: number;
  /** Whom the Auth limit counts: each user and app, or each app. Default 'user'. */
  readonly rateLimitScope: 'user' | 'app' | 'off';
  /** Requests to the token and revoke endpoints allowed in a window. Default 5. */
  readonly rateLimitRequests: number;
  /** Default 60 s. */
  readonly rateLimitWindowMs: number;
  /** Silence asked for after a 429; each request sent during it starts it again. Default 60 s. */
  readonly penaltyMs: number;
  /** How many requests the log keeps. Default 1000. */
  readonly maxLogEntries: number;
  /** How many sessions are remembered, ended ones included. Default 20 000. */
  readonly maxSessions: number;
};

const SECOND = 1000;
const MINUTE = 60 * SECOND;

const durations = [
  'accessTokenMs',
  'minAccessTokenMs',
  'refreshTokenMs',
  'maxRefreshTokenMs',
  'codeMs',
  'replayWindowMs',
  'replayAfterUseMs',
  'rateLimitWindowMs',
  'penaltyMs',
] as const;

const counts = ['maxSessionsPerUser', 'rateLimitRequests', 'maxLogEntries', 'maxSessions'] as const;

const defaults = (accessTokenMs: number, refreshTokenMs: number): Rules => ({
  accessTokenMs,
  minAccessTokenMs: Math.ceil(accessTokenMs / 6),
  refreshTokenMs,
  maxRefreshTokenMs: Math.floor((refreshTokenMs * 30) / 7),
  codeMs: MINUTE,
  replay: true,
  replayWindowMs: 60 * MINUTE,
  replayAfterUseMs: 10 * SECOND,
  refreshNeedsLiveAccessToken: false,
  oneActiveAccessToken: 'session',
  maxSessionsPerUser: 5,
  rateLimitScope: 'user',
  rateLimitRequests: 5,
  rateLimitWindowMs: MINUTE,
  penaltyMs: MINUTE,
  maxLogEntries: 1000,
  maxSessions: 20_000,
});

/** Defaults filled in; nothing but rules is kept. Throws on a number that makes no sense. */
export const completeRules = (given: Partial<Rules>): Rules => {
  const rules = defaults(given.accessTokenMs ?? 60 * MINUTE, given.refreshTokenMs ?? 7 * 24 * 60 * MINUTE);
  const names = new Set(Object.keys(rules));
  const chosen = Object.entries(given).filter(([name, value]) => names.has(name) && value !== undefined);
  const complete: Rules = { ...rules, ...Object.fromEntries(chosen) };
  for (const name of [...durations, ...counts]) {
    const least = name === 'replayWindowMs' || name === 'replayAfterUseMs' ? 0 : 1;
    if (!Number.isSafeInteger(complete[name]) || complete[name] < least) {
      throw new RangeError(`${name} must be a whole number of at least ${least}, not ${complete[name]}`);
    }
  }
  return complete;
};

/** An app as it is now: its secret can be rotated while the provider runs. */
export type App = {
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly redirectUris: readonly string[];
  readonly grantTypes: readonly GrantType[];
  readonly issuesRefreshTokens: boolean;
  readonly scope: string;
};

export const completeApp = (given: AppConfig): App => ({
  clientId: given.clientId,
  ...(given.clientSecret === undefined ? {} : { clientSecret: given.clientSecret }),
  redirectUris: given.redirectUris,
  grantTypes: given.grantTypes ?? grantTypes,
  issuesRefreshTokens: given.issuesRefreshTokens ?? true,
  scope: given.scope ?? 'ReadAccounts ReadCallLog',
});
