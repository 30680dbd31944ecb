/**
 * The table of writes: every change that a grant's record can undergo, as a function from the record as read to the record as it
 * is to be. The store writes the result only onto the very version that was read, so what a function checked still holds when its
 * result lands; on a conflict the caller reads again and decides again. Undefined: the write does not apply.
 */
import type { NothingHappened, Unknown } from './answer.ts';
import { withDueTime } from './due.ts';
import {
  type Announcement,
  attemptIsLive,
  canBeSameSession,
  type Grant,
  isRefreshable,
  maxRetiredTokens,
  type RetiredToken,
} from './grant.ts';
import { holdEnd } from './hold.ts';
import type { Settings } from './settings.ts';
import { present, schedule, type TokenResponse, tokensEndAt, toTokens } from './tokens.ts';

/** When it is, and under which settings. */
export type Moment = { readonly now: number; readonly settings: Settings };

/** What a refresh consumed: the fence of everything that follows from it. */
export type Consumed = {
  readonly connectionId: string;
  readonly generation: number;
  readonly attemptId: string;
};

const isStillStored = (grant: Grant, consumed: Consumed): boolean =>
  grant.connectionId === consumed.connectionId && grant.generation === consumed.generation;

const isMine = (grant: Grant, consumed: Consumed): boolean =>
  isStillStored(grant, consumed) && grant.attempt?.id === consumed.attemptId;

const without = <K extends keyof Grant>(grant: Grant, ...keys: K[]): Omit<Grant, K> => {
  const rest: Partial<Grant> = { ...grant };
  for (const key of keys) delete rest[key];
  return rest as Omit<Grant, K>;
};

const written = (grant: Grant, { now, settings }: Moment): Grant =>
  withDueTime({ ...grant, updatedAt: now }, now, settings);

/** Why a refresh is begun. `rejectedGeneration`: a caller reported this generation's token as rejected. */
export type RefreshReason =
  | { readonly kind: 'due' }
  | { readonly kind: 'getter' }
  | { readonly kind: 'reported'; readonly rejectedGeneration: number };

const isHeld = (grant: Grant, now: number): boolean => now < (grant.holdUntil ?? 0);

const isTakenByOther = (grant: Grant, attemptId: string, now: number): boolean =>
  attemptIsLive(grant, now) && grant.attempt?.id !== attemptId;

/** Whether the promise that went out with the token is over on every machine's clock. */
const promiseIsOver = (grant: Grant, { now, settings }: Moment): boolean =>
  now >= grant.cacheUntil + settings.maxClockSkewMs;

const reasonHolds = (grant: Grant, reason: RefreshReason, moment: Moment): boolean => {
  if (grant.sent !== undefined) return true;
  switch (reason.kind) {
    case 'due':
      return (grant.refreshAt ?? Number.POSITIVE_INFINITY) <= moment.now && promiseIsOver(grant, moment);
    case 'getter':
      return promiseIsOver(grant, moment);
    case 'reported':
      return reason.rejectedGeneration === grant.generation;
  }
};

const reportWindowMs = 3_600_000;

/** Reports of the current hour. */
export const currentReports = (grant: Grant, now: number): { since: number; count: number } =>
  grant.reports !== undefined && now < grant.reports.since + reportWindowMs
    ? grant.reports
    : { since: now, count: 0 };

export const reportWindowEnd = (grant: Grant, now: number): number =>
  currentReports(grant, now).since + reportWindowMs;

/**
 * Takes the attempt and notes, before anything is sent, that a refresh may be on its way. From here until its outcome is known
 * nobody is served. The sweep leaves the due time alone: the index then needs no write, and a crash leaves the grant due.
 */
export const beginRefresh = (
  grant: Grant,
  attemptId: string,
  reason: RefreshReason,
  moment: Moment,
): Grant | undefined => {
  const { now, settings } = moment;
  const applies =
    grant.state === 'active' &&
    grant.claimed &&
    grant.refusal === undefined &&
    isRefreshable(grant) &&
    !isHeld(grant, now) &&
    !isTakenByOther(grant, attemptId, now) &&
    reasonHolds(grant, reason, moment);
  if (!applies) return undefined;
  const { since, count } = currentReports(grant, now);
  const begun: Grant = {
    ...grant,
    attempt: { id: attemptId, endsAt: now + settings.leaseMs },
    sent: grant.sent ?? { at: now, by: attemptId },
    ...(reason.kind === 'reported' && { reports: { since, count: count + 1 } }),
  };
  return reason.kind === 'due' ? { ...begun, updatedAt: now } : written(begun, moment);
};

/** Takes the attempt for ending a session: no refresh is sent, so the stored token stays servable. */
export const beginEnding = (grant: Grant, attemptId: string, moment: Moment): Grant | undefined => {
  const { now, settings } = moment;
  const hasWork = grant.state === 'revoking' || grant.retired.length > 0;
  if (!hasWork || isHeld(grant, now) || isTakenByOther(grant, attemptId, now)) return undefined;
  return { ...grant, attempt: { id: attemptId, endsAt: now + settings.leaseMs }, updatedAt: now };
};

/** Leaves `sent` standing unless this very attempt set it and nothing can have happened since. */
const withoutOwnSent = (grant: Grant, attemptId: string): Grant =>
  grant.sent?.by === attemptId ? without(grant, 'sent') : grant;

/**
 * Stores a new token set. The fence is what was consumed, connection and generation: not the lease, not a clock. A worker whose
 * lease ran out long ago still commits if nobody else has, and heals a verdict that came in between.
 */
export const commit = (
  grant: Grant,
  consumed: Consumed,
  response: TokenResponse,
  sentAt: number,
  jitter: number,
  moment: Moment,
): Grant | undefined => {
  if (!isStillStored(grant, consumed)) return undefined;
  if (grant.state !== 'active' && grant.state !== 'reauthorize') return undefined;
  // A replayed answer's tokens were issued when the first request arrived, so their life is counted from the first.
  const from = Math.min(sentAt, grant.sent?.at ?? sentAt);
  const tokens = toTokens(response, from, grant.tokens, moment.settings);
  const committed: Grant = {
    ...without(grant, 'attempt', 'sent', 'refusal', 'condemnedAt', 'lastError', 'refreshAt', 'announcement'),
    state: 'active',
    generation: grant.generation + 1,
    tokens,
    ...present(schedule(tokens, from, grant.strategy, jitter, moment.settings)),
    ...present({
      endpointId: response.endpointId ?? grant.endpointId,
      sessionId: response.sessionId ?? grant.sessionId,
      announcement:
        grant.condemnedAt === undefined ? grant.announcement : ('Grant Recovered' as Announcement),
    }),
    failures: 0,
    rotatedAt: moment.now,
  };
  return written(committed, moment);
};

/**
 * Gives the attempt back after an answer that settled nothing. If nothing can have happened, the stored access token lives on and
 * nobody rotates it before the hold ends: the promise is prolonged until then.
 */
export const defer = (
  grant: Grant,
  consumed: Consumed,
  answer: NothingHappened | Unknown,
  moment: Moment,
): Grant | undefined => {
  const { now, settings } = moment;
  if (!isMine(grant, consumed)) return undefined;
  const nothingHappened = answer.kind !== 'unknown';
  const settled = nothingHappened ? withoutOwnSent(grant, consumed.attemptId) : grant;
  const until = holdEnd(answer, grant.failures, settled.sent?.at, now, settings);
  const holdUntil = Math.max(grant.holdUntil ?? 0, until);
  const servable = nothingHappened && settled.sent === undefined && settled.state === 'active';
  const safeUntil = Math.min(holdUntil, grant.tokens?.accessExpiresAt ?? 0) - settings.maxClockSkewMs;
  const deferred: Grant = {
    ...without(settled, 'attempt'),
    holdUntil,
    failures: grant.failures + 1,
    lastError: { code: answer.code, at: now },
    cacheUntil: servable ? Math.max(grant.cacheUntil, safeUntil) : grant.cacheUntil,
  };
  return written(deferred, moment);
};

/** Holds a grant that cannot be refreshed as it stands (its app is gone or has another client id), without an attempt. */
export const holdGrant = (grant: Grant, code: string, until: number, moment: Moment): Grant =>
  written(
    { ...grant, holdUntil: Math.max(grant.holdUntil ?? 0, until), lastError: { code, at: moment.now } },
    moment,
  );

/** Gives the attempt back with nothing sent. */
export const release = (grant: Grant, consumed: Consumed, moment: Moment): Grant | undefined =>
  isMine(grant, consumed)
    ? written(without(withoutOwnSent(grant, consumed.attemptId), 'attempt'), moment)
    : undefined;

/** Notes a definite refusal. The verdict comes later: a refusal of many grants at once must be seen as such first. */
export const refuse = (grant: Grant, consumed: Consumed, code: string, moment: Moment): Grant | undefined => {
  if (!isMine(grant, consumed) || grant.state !== 'active') return undefined;
  const refusal = { code, at: moment.now };
  return written({ ...without(grant, 'attempt', 'sent'), refusal, lastError: refusal }, moment);
};

const condemned = (grant: Grant, code: string, moment: Moment): Grant =>
  written(
    {
      ...without(grant, 'refusal', 'refreshAt'),
      state: 'reauthorize',
      condemnedAt: moment.now,
      lastError: { code, at: moment.now },
      announcement: 'Grant Needs Reauthorization',
    },
    moment,
  );

/** Passes the verdict on a refusal once its delay is over. */
export const condemn = (grant: Grant, moment: Moment): Grant | undefined =>
  grant.state === 'active' &&
  grant.refusal !== undefined &&
  moment.now >= grant.refusal.at + moment.settings.verdictDelayMs
    ? condemned(grant, grant.refusal.code, moment)
    : undefined;

/** Drops a refusal that came while the app itself was in doubt: the grant is tried again when the app's hold is over. */
export const absolve = (grant: Grant, until: number, moment: Moment): Grant | undefined =>
  grant.state === 'active' && grant.refusal !== undefined
    ? written(
        {
          ...without(grant, 'refusal'),
          holdUntil: Math.max(grant.holdUntil ?? 0, until),
          failures: grant.failures + 1,
          cacheUntil: 0,
          refreshAt: moment.now,
        },
        moment,
      )
    : undefined;

export const accessTokenExpiredCode = 'access-token-expired';

/** A grant without a refresh token ends with its access token. */
export const expire = (grant: Grant, moment: Moment): Grant | undefined =>
  grant.state === 'active' &&
  grant.tokens !== undefined &&
  !isRefreshable(grant) &&
  moment.now >= grant.tokens.accessExpiresAt
    ? condemned(grant, accessTokenExpiredCode, moment)
    : undefined;

/** Withdraws a grant whose owner turned out to be another grant's. Its session may be that grant's too, so it is not ended. */
export const withdraw = (
  grant: Grant,
  connectionId: string,
  code: string,
  moment: Moment,
): Grant | undefined =>
  grant.state === 'active' && !grant.claimed && grant.connectionId === connectionId
    ? condemned(grant, code, moment)
    : undefined;

/** Tries a condemned grant again. What it has stored is served to nobody before a refresh has succeeded. */
export const reinstate = (grant: Grant, moment: Moment): Grant | undefined =>
  grant.state === 'reauthorize' && isRefreshable(grant)
    ? written(
        {
          ...without(grant, 'announcement', 'refusal'),
          state: 'active',
          cacheUntil: 0,
          refreshAt: moment.now,
        },
        moment,
      )
    : undefined;

/** Withdraws the token material first: from here on nobody is served, and no refresh under way can be committed. */
export const revoke = (grant: Grant, moment: Moment): Grant | undefined =>
  grant.state === 'active' || grant.state === 'reauthorize'
    ? written(
        {
          ...without(grant, 'refusal', 'refreshAt', 'announcement', 'condemnedAt', 'lastError'),
          state: 'revoking',
          generation: grant.generation + 1,
          cacheUntil: 0,
          failures: 0,
        },
        moment,
      )
    : undefined;

/** The session is over upstream, or every token of it has expired. */
export const revoked = (grant: Grant, generation: number, moment: Moment): Grant | undefined =>
  grant.state === 'revoking' && grant.generation === generation
    ? written(
        {
          ...without(grant, 'tokens', 'attempt', 'sent', 'lastError'),
          state: 'revoked',
          announcement: 'Grant Revoked',
          // DynamoDB's TTL knows whole seconds only.
          deleteAt: Math.ceil((moment.now + moment.settings.revokedRetentionMs) / 1000) * 1000,
        },
        moment,
      )
    : undefined;

/** What a new connection brings. */
export type Connection = Pick<
  Grant,
  'grantId' | 'connectionId' | 'strategy' | 'app' | 'server' | 'clientId' | 'ownerId' | 'label' | 'importHash'
> & { readonly response: TokenResponse; readonly obtainedAt: number };

const retirable = (grant: Grant | undefined, connection: Connection): RetiredToken[] => {
  const token = grant?.tokens?.refreshToken ?? grant?.tokens?.accessToken;
  if (grant?.tokens === undefined || token === undefined) return [];
  const { endpointId, sessionId } = connection.response;
  if (canBeSameSession(grant, present({ ...connection, endpointId, sessionId }))) return [];
  return [
    {
      ...retiredToken(grant, token, tokensEndAt(grant.tokens)),
      ...(grant.sent !== undefined && { maybeSpent: true as const }),
    },
  ];
};

const retiredToken = (grant: Grant, token: string, expiresAt: number): RetiredToken =>
  present({
    app: grant.app,
    server: grant.server,
    clientId: grant.clientId,
    ownerId: grant.ownerId,
    endpointId: grant.endpointId,
    sessionId: grant.sessionId,
    token,
    expiresAt,
  }) as RetiredToken;

const bounded = (retired: readonly RetiredToken[], now: number): RetiredToken[] =>
  retired
    .filter(({ expiresAt }) => expiresAt > now)
    .sort((a, b) => b.expiresAt - a.expiresAt)
    .slice(0, maxRetiredTokens);

/** Starts a connection on a new grant, or on an existing one as read before its code or response was obtained. */
export const connect = (
  previous: Grant | undefined,
  connection: Connection,
  jitter: number,
  moment: Moment,
): Grant => {
  const { response, obtainedAt, ...fields } = connection;
  const tokens = toTokens(response, obtainedAt, undefined, moment.settings);
  const connected = {
    ...fields,
    ...present({ endpointId: response.endpointId, sessionId: response.sessionId }),
    ...present({ holdUntil: previous?.holdUntil, label: connection.label ?? previous?.label }),
    ...(previous?.state === 'reauthorize' && { announcement: 'Grant Recovered' as Announcement }),
    state: 'active' as const,
    generation: (previous?.generation ?? 0) + 1,
    tokens,
    ...present(schedule(tokens, obtainedAt, connection.strategy, jitter, moment.settings)),
    failures: 0,
    retired: bounded([...(previous?.retired ?? []), ...retirable(previous, connection)], moment.now),
    claimed: false,
    connectedAt: moment.now,
    rotatedAt: moment.now,
    updatedAt: moment.now,
  };
  return written(connected as Grant, moment);
};

/** The claim on the owner was confirmed after this connection was written: it may be served. */
export const confirmClaim = (grant: Grant, connectionId: string, moment: Moment): Grant | undefined =>
  grant.connectionId === connectionId && !grant.claimed
    ? written({ ...grant, claimed: true }, moment)
    : undefined;

/**
 * Keeps token material that came too late to be stored, so that the sweep can end its session. Never material that can belong
 * to the session the grant lives by.
 */
export const retire = (
  grant: Grant,
  lost: { readonly grant: Grant; readonly response: TokenResponse; readonly sentAt: number },
  moment: Moment,
): Grant | undefined => {
  const identity = { ...lost.grant, ...present({ sessionId: lost.response.sessionId }) };
  const lives = grant.state === 'active' || grant.state === 'reauthorize';
  if (lives && canBeSameSession(grant, identity)) return undefined;
  const tokens = toTokens(lost.response, lost.sentAt, undefined, moment.settings);
  const token = tokens.refreshToken ?? tokens.accessToken;
  const others = grant.retired.filter(known => known.token !== token);
  const entry = retiredToken(identity, token, tokensEndAt(tokens));
  return written({ ...grant, retired: bounded([...others, entry], moment.now) }, moment);
};

/** How the tries to end retired sessions went, by token. */
export type Endings = { readonly ended: ReadonlySet<string>; readonly failed: ReadonlySet<string> };

/** Forgets retired tokens whose sessions are over, puts off those that failed, and gives the attempt back. */
export const settleRetired = (
  grant: Grant,
  attemptId: string,
  { ended, failed }: Endings,
  moment: Moment,
): Grant | undefined => {
  const { now, settings } = moment;
  const putOff = (retired: RetiredToken): RetiredToken => {
    const { failures = 0 } = retired;
    const retryAt = holdEnd({ kind: 'unknown', code: 'not-ended' }, failures, undefined, now, settings);
    return failed.has(retired.token) ? { ...retired, failures: failures + 1, retryAt } : retired;
  };
  const retired = grant.retired
    .filter(({ token, expiresAt }) => !ended.has(token) && expiresAt > now)
    .map(putOff);
  const mine = grant.attempt?.id === attemptId;
  return written({ ...(mine ? without(grant, 'attempt') : grant), retired }, moment);
};

/** Subscribers were told. */
export const announced = (grant: Grant, announcement: Announcement, moment: Moment): Grant | undefined =>
  grant.announcement === announcement ? written(without(grant, 'announcement'), moment) : undefined;

/** Nothing to do now: due again when the record says so. */
export const settle = (grant: Grant, moment: Moment): Grant | undefined => {
  const settled = withDueTime(grant, moment.now, moment.settings);
  return settled.dueAt === grant.dueAt ? undefined : settled;
};

/** Leaves a grant alone until its app's hold is over. */
export const postpone = (grant: Grant, until: number, { now }: Moment): Grant | undefined =>
  grant.dueAt !== undefined && grant.dueAt < until ? { ...grant, dueAt: until, updatedAt: now } : undefined;
