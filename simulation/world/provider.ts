/**
 * RingCentral's authorisation server as a state machine: sessions, rotation, the replay window, limits. With `strict` rules it is the
 * provider that RFC 9700 §4.14.2 describes: a refresh token presented twice ends its session.
 */
import type { RawAnswer } from '../../functions/domain/answer.ts';
import { createRateLimit, type RateLimit } from './rate-limit.ts';
import type { ProviderRules } from './scenario.ts';

export type Death = 'rotated' | 'superseded' | 'revoked' | 'user-ended' | 'too-many-sessions' | 'reuse';

export type Session = {
  readonly id: string;
  readonly app: string;
  readonly ownerId: string;
  readonly startedAt: number;
  /** As the client asked for it. */
  readonly endpointId?: string;
  /** The client started it, by a code or a JWT. */
  readonly exchanged: boolean;
  /** As asked for last. */
  lifetimes: Lifetimes;
  access: string;
  accessExpiresAt: number;
  refresh: string | undefined;
  refreshExpiresAt: number;
  /** The refresh token that was exchanged last, and when. */
  spent?: { readonly token: string; readonly at: number };
  firstUsedAt?: number;
  end?: { readonly at: number; readonly reason: Death };
  /** Every token it ever had. */
  readonly tokens: string[];
};

/** When and why an access token stopped working, other than by its age. */
export type TokenEnd = { readonly at: number; readonly reason: Death };

/** What a request did, for those who watch. */
export type Processed = {
  readonly answer: RawAnswer;
  readonly effect:
    | 'started'
    | 'rotated'
    | 'replayed'
    | 'refused'
    | 'limited'
    | 'misconfigured'
    | 'ended'
    | 'none';
  readonly session?: Session;
  /** The access token that this rotation ended. */
  readonly replaced?: string;
  /** Silence is demanded until then. */
  readonly penaltyUntil?: number;
};

export type TokenBody = Readonly<Record<string, string | number>>;

export type Authorization = {
  readonly app: string;
  readonly ownerId: string;
  readonly at: number;
  readonly refreshable: boolean;
  readonly endpointId?: string;
};

/** Milliseconds; absent: the provider's own. */
export type Lifetimes = { readonly accessMs?: number; readonly refreshMs?: number };

export type Asking = { readonly endpointId?: string; readonly lifetimes?: Lifetimes };

export type JwtCredential = { readonly app: string; readonly ownerId: string; readonly refreshable: boolean };

type Code = Omit<Authorization, 'at' | 'endpointId'> & { readonly expiresAt: number };

export type Provider = {
  /** A user authorises the app: a new session. */
  authorize(authorization: Authorization): TokenBody;
  /** A user allows it in a browser: a code, which works once and not for long. */
  consent(authorization: Authorization): string;
  exchange(request: ProviderRequest & Asking): Processed;
  mint(request: ProviderRequest & Asking): Processed;
  refresh(request: ProviderRequest & Asking): Processed;
  revoke(request: ProviderRequest): Processed;
  /** Answers 429 whatever the window holds. */
  limit(request: ProviderRequest): Processed;
  /** An API call with an access token: whether it is accepted. */
  use(accessToken: string, now: number): boolean;
  /** Starts a penalty, whatever the window holds. */
  penalise(app: string, ownerId: string, now: number): void;
  endSessions(app: string, ownerId: string, now: number): void;
  sessionOf(token: string): Session | undefined;
  sessions(): readonly Session[];
  endOf(accessToken: string): TokenEnd | undefined;
  /** Whether presenting this refresh token would bring tokens. */
  canRefresh(refreshToken: string, now: number): boolean;
  readonly secrets: Map<string, string>;
  /** JWTs that it takes. */
  readonly credentials: Map<string, JwtCredential>;
  /** Refuses every refresh and every mint with a definite code though nothing is wrong with it. */
  lying: boolean;
};

export type ProviderRequest = {
  readonly app: string;
  readonly clientSecret: string | undefined;
  readonly token: string;
  readonly now: number;
};

type State = {
  readonly rules: ProviderRules;
  readonly sessions: Session[];
  readonly byToken: Map<string, Session>;
  readonly byRefreshToken: Map<string, Session>;
  readonly ends: Map<string, TokenEnd>;
  readonly limits: RateLimit;
  readonly codes: Map<string, Code>;
  readonly credentials: Map<string, JwtCredential>;
};

const json = (status: number, body: unknown): RawAnswer => ({ status, body: JSON.stringify(body) });

const refusal: RawAnswer = json(400, { error: 'invalid_grant', errors: [{ errorCode: 'OAU-213' }] });
const wrongCredentials: RawAnswer = json(401, {
  error: 'invalid_client',
  errors: [{ errorCode: 'OAU-153' }],
});

const isAlive = (session: Session, now: number): boolean =>
  session.end === undefined && (now < session.accessExpiresAt || now < session.refreshExpiresAt);

const endAccess = ({ ends }: State, { access }: Session, at: number, reason: Death): void => {
  if (!ends.has(access)) ends.set(access, { at, reason });
};

const endSession = (state: State, session: Session, at: number, reason: Death): void => {
  if (session.end !== undefined) return;
  session.end = { at, reason };
  endAccess(state, session, at, reason);
};

const issue = (state: State, session: Session, now: number): void => {
  const { rules, byToken, byRefreshToken, sessions } = state;
  const { accessMs = rules.accessLifetimeMs, refreshMs = rules.refreshLifetimeMs } = session.lifetimes;
  const serial = `${session.id}-${session.tokens.length + 1}`;
  session.access = `SECRET-access-${serial}`;
  session.accessExpiresAt = now + Math.min(accessMs, rules.accessLifetimeMs);
  delete session.firstUsedAt;
  byToken.set(session.access, session);
  session.tokens.push(session.access);
  if (session.refresh !== undefined) {
    session.refresh = `SECRET-refresh-${serial}`;
    session.refreshExpiresAt = now + Math.min(refreshMs, rules.refreshLifetimeMs);
    byToken.set(session.refresh, session);
    byRefreshToken.set(session.refresh, session);
    session.tokens.push(session.refresh);
  }
  if (!rules.oneAccessTokenPerOwner) return;
  for (const other of sessions) {
    if (other === session || other.app !== session.app || other.ownerId !== session.ownerId) continue;
    endAccess(state, other, now, 'superseded');
  }
};

const secondsLeft = (expiresAt: number, now: number): number =>
  Math.max(0, Math.floor((expiresAt - now) / 1000));

/** What is left of the lifetimes: the same tokens for the first answer and for its replays. */
const bodyOf = ({ rules, ends }: State, session: Session, now: number): TokenBody => ({
  access_token: session.access,
  token_type: 'bearer',
  expires_in: ends.has(session.access) ? 0 : secondsLeft(session.accessExpiresAt, now),
  ...(session.refresh !== undefined && {
    refresh_token: session.refresh,
    refresh_token_expires_in: secondsLeft(session.refreshExpiresAt, now),
  }),
  owner_id: session.ownerId,
  ...(rules.identifies === 'session' && { session_id: session.id }),
  ...(rules.identifies === 'endpoint' && { endpoint_id: session.endpointId ?? `endpoint-${session.id}` }),
});

const replayIsOpen = (
  { rules }: State,
  { spent, firstUsedAt }: Session,
  token: string,
  now: number,
): boolean => {
  if (rules.kind !== 'replay' || spent?.token !== token) return false;
  const unusedUntil = spent.at + rules.replayWindowMs;
  const usedUntil = (firstUsedAt ?? Number.POSITIVE_INFINITY) + rules.replayAfterUseMs;
  return now < Math.min(unusedUntil, usedUntil);
};

const start = (
  state: State,
  { app, ownerId, at, refreshable, endpointId }: Authorization,
  exchanged: boolean,
  lifetimes: Lifetimes = {},
): Session => {
  const { sessions, rules } = state;
  const alive = sessions.filter(s => s.app === app && s.ownerId === ownerId && isAlive(s, at));
  const [oldest] = alive;
  if (alive.length >= rules.maxSessions && oldest !== undefined)
    endSession(state, oldest, at, 'too-many-sessions');
  const session: Session = {
    id: `s${sessions.length + 1}`,
    app,
    ownerId,
    startedAt: at,
    exchanged,
    lifetimes,
    ...(endpointId !== undefined && { endpointId }),
    access: '',
    accessExpiresAt: 0,
    refresh: refreshable ? '' : undefined,
    refreshExpiresAt: 0,
    tokens: [],
  };
  sessions.push(session);
  issue(state, session, at);
  return session;
};

const codeLifetimeMs = 60_000;

const consent = ({ codes }: State, { app, ownerId, at, refreshable }: Authorization): string => {
  const code = `SECRET-code-${codes.size + 1}`;
  codes.set(code, { app, ownerId, refreshable, expiresAt: at + codeLifetimeMs });
  return code;
};

/** A code is used up by whoever presents it, even if nobody hears the answer (RFC 6749 §4.1.2). */
const exchange = (state: State, request: ProviderRequest & Asking): Processed => {
  const { app, token, now, endpointId } = request;
  const code = state.codes.get(token);
  if (code?.app !== app || now >= code.expiresAt) return { answer: refusal, effect: 'refused' };
  state.codes.set(token, { ...code, expiresAt: now });
  const asked = { ...code, at: now, ...(endpointId !== undefined && { endpointId }) };
  const session = start(state, asked, true);
  return { answer: json(200, bodyOf(state, session, now)), effect: 'started', session };
};

/** A JWT starts a session whenever it is presented (RFC 7523): what nobody hears of cannot be asked for again. */
const mint = (
  state: State,
  { app, token, now, endpointId, lifetimes = {} }: ProviderRequest & Asking,
): Processed => {
  const credential = state.credentials.get(token);
  if (credential?.app !== app) return { answer: refusal, effect: 'refused' };
  const refreshable = credential.refreshable && lifetimes.refreshMs !== 0;
  const asked = { ...credential, refreshable, at: now, ...(endpointId !== undefined && { endpointId }) };
  const session = start(state, asked, true, lifetimes);
  return { answer: json(200, bodyOf(state, session, now)), effect: 'started', session };
};

const refresh = (state: State, { app, token, now, lifetimes = {} }: ProviderRequest & Asking): Processed => {
  const session = state.byRefreshToken.get(token);
  if (session?.app !== app || session.end !== undefined) return { answer: refusal, effect: 'refused' };
  if (session.refresh === token && now < session.refreshExpiresAt) {
    const replaced = session.access;
    session.lifetimes = { ...session.lifetimes, ...lifetimes };
    session.spent = { token, at: now };
    endAccess(state, session, now, 'rotated');
    issue(state, session, now);
    return { answer: json(200, bodyOf(state, session, now)), effect: 'rotated', session, replaced };
  }
  if (replayIsOpen(state, session, token, now)) {
    return { answer: json(200, bodyOf(state, session, now)), effect: 'replayed', session };
  }
  if (state.rules.kind === 'strict' && session.refresh !== token) endSession(state, session, now, 'reuse');
  return { answer: refusal, effect: 'refused', session };
};

/** RFC 7009 §2: whatever is not known, another app's, or spent, is answered 200 as well, and ends nothing. */
const revoke = (state: State, { app, token, now }: ProviderRequest): Processed => {
  const session = state.byToken.get(token);
  const answer = { status: 200, body: '' };
  const isCurrent = session?.access === token || session?.refresh === token;
  if (session?.app !== app || !isCurrent || session.end !== undefined) return { answer, effect: 'none' };
  endSession(state, session, now, 'revoked');
  return { answer, effect: 'ended', session };
};

const use = ({ byToken, ends }: State, accessToken: string, now: number): boolean => {
  const session = byToken.get(accessToken);
  if (session === undefined || ends.has(accessToken) || session.access !== accessToken) return false;
  if (now >= session.accessExpiresAt) return false;
  session.firstUsedAt ??= now;
  return true;
};

const canRefresh = (state: State, token: string, now: number): boolean => {
  const session = state.byToken.get(token);
  if (session === undefined || session.end !== undefined) return false;
  const isCurrent = session.refresh === token && now < session.refreshExpiresAt;
  return isCurrent || replayIsOpen(state, session, token, now);
};

export const createProvider = (rules: ProviderRules): Provider => {
  const state: State = {
    rules,
    sessions: [],
    byToken: new Map(),
    byRefreshToken: new Map(),
    ends: new Map(),
    limits: createRateLimit(rules),
    codes: new Map(),
    credentials: new Map(),
  };
  const ownerOf = (token: string): string =>
    (state.byToken.get(token) ?? state.codes.get(token) ?? state.credentials.get(token))?.ownerId ?? '';
  const limited = (penaltyUntil: number, now: number): Processed => ({
    answer: state.limits.answer(penaltyUntil, now),
    effect: 'limited',
    penaltyUntil,
  });
  /** Undefined: the request may pass. */
  const stopped = ({ app, clientSecret, token, now }: ProviderRequest): Processed | undefined => {
    if (clientSecret !== provider.secrets.get(app))
      return { answer: wrongCredentials, effect: 'misconfigured' };
    const penaltyUntil = state.limits.admit(app, ownerOf(token), now);
    return penaltyUntil === undefined ? undefined : limited(penaltyUntil, now);
  };
  const provider: Provider = {
    secrets: new Map(),
    credentials: state.credentials,
    lying: false,
    sessions: () => state.sessions,
    sessionOf: token => state.byToken.get(token),
    endOf: accessToken => state.ends.get(accessToken),
    authorize: authorization => bodyOf(state, start(state, authorization, false), authorization.at),
    consent: authorization => consent(state, authorization),
    exchange: request => stopped(request) ?? exchange(state, request),
    mint: request =>
      stopped(request) ?? (provider.lying ? { answer: refusal, effect: 'refused' } : mint(state, request)),
    limit: ({ app, token, now }) => limited(state.limits.penalise(app, ownerOf(token), now), now),
    refresh: request =>
      stopped(request) ?? (provider.lying ? { answer: refusal, effect: 'refused' } : refresh(state, request)),
    revoke: request => stopped(request) ?? revoke(state, request),
    use: (accessToken, now) => use(state, accessToken, now),
    penalise: (app, ownerId, now) => void state.limits.penalise(app, ownerId, now),
    endSessions: (app, ownerId, now) => {
      for (const session of state.sessions) {
        // What is over already ended by itself: the owner is not the reason.
        if (session.app === app && session.ownerId === ownerId && isAlive(session, now))
          endSession(state, session, now, 'user-ended');
      }
    },
    canRefresh: (token, now) => canRefresh(state, token, now),
  };
  return provider;
};
