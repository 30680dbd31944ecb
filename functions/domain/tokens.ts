/** Token responses, and the arithmetic of expiries: when to refresh, and until when a served token is promised. */
import type { Grant, Strategy, Tokens } from './grant.ts';
import { jitterShare, marginShare, type Settings } from './settings.ts';

/** The fields of a token response (RFC 6749 §5.1 and RingCentral's own) that the keeper uses. Lifetimes in milliseconds. */
export type TokenResponse = {
  readonly accessToken: string;
  readonly tokenType: string;
  readonly accessLifetimeMs?: number;
  readonly refreshToken?: string;
  readonly refreshLifetimeMs?: number;
  /** Time until the session ends, whatever is refreshed: the shorter of its absolute end and its idle timeout. */
  readonly sessionLifetimeMs?: number;
  readonly scope?: string;
  readonly ownerId?: string;
  readonly endpointId?: string;
  readonly sessionId?: string;
};

/** Lifetimes to ask of the provider, in seconds; absent: its own defaults. A refresh token of 0 seconds is none. */
export type RequestedTtls = {
  readonly accessTokenTtlSeconds?: number;
  readonly refreshTokenTtlSeconds?: number;
};

/** Those that are asked for, and nothing else. */
export const ttlsOf = ({ accessTokenTtlSeconds, refreshTokenTtlSeconds }: RequestedTtls): RequestedTtls =>
  present({ accessTokenTtlSeconds, refreshTokenTtlSeconds });

/** Longer values are taken for garbage: a record may hold 400 KB. */
export const maxTokenLength = 16_384;
const maxFieldLength = 4_096;

const text = (value: unknown, maxLength: number): string | undefined =>
  typeof value === 'string' && value.length > 0 && value.length <= maxLength && value.isWellFormed()
    ? value
    : undefined;

const identifier = (value: unknown): string | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : text(value, 256);

/** Seconds as a number or as digits, as some brands send them. */
const lifetimeMs = (value: unknown): number | undefined => {
  const seconds = typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 0 || seconds > 1e10)
    return undefined;
  return Math.floor(seconds * 1000);
};

/** An access token that a replay hands out again may have less than nothing left. */
const isOver = (value: unknown): boolean => typeof value === 'number' && value < 0;

const shortest = (...values: (number | undefined)[]): number | undefined => {
  const known = values.filter(value => value !== undefined && value > 0) as number[];
  return known.length > 0 ? Math.min(...known) : undefined;
};

type Optional<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Leaves out what is undefined, so that "absent" has one representation. */
export const present = <T extends object>(fields: T): Optional<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Optional<T>;

/**
 * Reads a token response leniently: of a 200 that carries a usable access token nothing else may make it unreadable, since the
 * refresh token that bought it is spent. Undefined where there is no access token.
 */
export const readTokenResponse = (json: unknown): TokenResponse | undefined => {
  if (typeof json !== 'object' || json === null) return undefined;
  const fields = json as Record<string, unknown>;
  const accessToken = text(fields.access_token, maxTokenLength);
  if (accessToken === undefined) return undefined;
  return present({
    accessToken,
    tokenType: text(fields.token_type, 32) ?? 'bearer',
    accessLifetimeMs: isOver(fields.expires_in) ? 0 : lifetimeMs(fields.expires_in),
    refreshToken: text(fields.refresh_token, maxTokenLength),
    refreshLifetimeMs: lifetimeMs(fields.refresh_token_expires_in),
    sessionLifetimeMs: shortest(
      lifetimeMs(fields.session_expires_in),
      lifetimeMs(fields.session_idle_timeout),
    ),
    scope: text(fields.scope, maxFieldLength),
    ownerId: identifier(fields.owner_id),
    endpointId: identifier(fields.endpoint_id),
    sessionId: identifier(fields.session_id),
  }) as TokenResponse;
};

const newRefreshToken = (
  response: TokenResponse,
  from: number,
  settings: Settings,
): Pick<Tokens, 'refreshToken' | 'refreshExpiresAt'> => {
  const { refreshToken, refreshLifetimeMs = settings.refreshLifetimeMs } = response;
  if (refreshToken === undefined || refreshLifetimeMs === 0) return {};
  const lifetime = Math.min(refreshLifetimeMs, response.sessionLifetimeMs ?? Number.POSITIVE_INFINITY);
  return { refreshToken, refreshExpiresAt: from + lifetime };
};

const keptRefreshToken = (previous: Tokens | undefined): Pick<Tokens, 'refreshToken' | 'refreshExpiresAt'> =>
  present({ refreshToken: previous?.refreshToken, refreshExpiresAt: previous?.refreshExpiresAt });

/**
 * The tokens of a response, their expiries counted from `from`: the time when the request was first sent, so never late.
 * An answer without a refresh token leaves the previous one in force (RFC 6749 §6); one whose lifetime is 0 withdraws it.
 */
export const toTokens = (
  response: TokenResponse,
  from: number,
  previous: Tokens | undefined,
  settings: Settings,
): Tokens => {
  const accessLifetimeMs = Math.min(
    response.accessLifetimeMs ?? settings.accessLifetimeMs,
    response.sessionLifetimeMs ?? Number.POSITIVE_INFINITY,
  );
  const keepsPrevious = response.refreshToken === undefined && response.refreshLifetimeMs !== 0;
  return present({
    accessToken: response.accessToken,
    tokenType: response.tokenType,
    scope: response.scope ?? previous?.scope,
    accessExpiresAt: from + accessLifetimeMs,
    accessLifetimeMs,
    ...(keepsPrevious ? keptRefreshToken(previous) : newRefreshToken(response, from, settings)),
  }) as Tokens;
};

const clampedMargin = (marginMs: number, lifetimeMs: number): number =>
  Math.min(marginMs, Math.floor(Math.max(0, lifetimeMs) * marginShare));

/** No served token has less than this left, as long as it can be renewed; nor can a caller ask for more. */
export const accessMarginOf = (tokens: Tokens, settings: Settings): number =>
  clampedMargin(settings.accessMarginMs, tokens.accessLifetimeMs);

/** What of a grant says when its tokens are to be renewed. */
type Renewed = { readonly strategy: Strategy; readonly credential?: string };

/**
 * When tokens obtained at `from` are to be refreshed, or minted again where only a credential can bring others. `jitter` in [0, 1) brings
 * the time forward, so that grants connected together do not fall due together for ever. Undefined where nothing can.
 */
const refreshTime = (
  tokens: Tokens,
  from: number,
  { strategy, credential }: Renewed,
  jitter: number,
  settings: Settings,
): number | undefined => {
  const early = (latest: number) => latest - Math.floor(jitter * jitterShare * Math.max(0, latest - from));
  const hourly = tokens.accessExpiresAt - accessMarginOf(tokens, settings);
  if (tokens.refreshToken === undefined) return credential === undefined ? undefined : early(hourly);
  const refreshExpiresAt = tokens.refreshExpiresAt ?? from + settings.refreshLifetimeMs;
  const weekly = refreshExpiresAt - clampedMargin(settings.refreshMarginMs, refreshExpiresAt - from);
  return early(strategy === 'hourly' ? Math.min(hourly, weekly) : weekly);
};

/** The promise and the next refresh of a new token set. */
export const schedule = (
  tokens: Tokens,
  from: number,
  renewed: Renewed,
  jitter: number,
  settings: Settings,
): Pick<Grant, 'cacheUntil'> & { refreshAt: number | undefined } => {
  const refreshAt = refreshTime(tokens, from, renewed, jitter, settings);
  const margin = refreshAt === undefined ? 0 : accessMarginOf(tokens, settings);
  const end = Math.min(tokens.accessExpiresAt - margin, refreshAt ?? Number.POSITIVE_INFINITY);
  return { cacheUntil: end - settings.maxClockSkewMs, refreshAt };
};

/** When the last token of a set has died by itself. */
export const tokensEndAt = (tokens: Tokens): number =>
  Math.max(tokens.accessExpiresAt, tokens.refreshExpiresAt ?? 0);
