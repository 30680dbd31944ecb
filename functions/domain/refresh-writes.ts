/** Writes of a refresh: from the attempt to the commit, or to a hold. */
import type { NothingHappened, Unknown } from './answer.ts';
import { refreshWantedAt } from './due.ts';
import {
  type Announcement,
  attemptIsLive,
  type Grant,
  isRenewable,
  type SessionIdentity,
  type Tokens,
} from './grant.ts';
import { holdEnd } from './hold.ts';
import { mintAllowedAt, renewalOf } from './mint.ts';
import { bounded, replaced } from './retired.ts';
import { present, schedule, type TokenResponse, toTokens } from './tokens.ts';
import { type Consumed, isHeld, isMine, isStillStored, type Moment, without, written } from './write.ts';

/** Why a refresh is begun. `rejectedGeneration`: a caller reported this generation's token as rejected. */
export type RefreshReason =
  | { readonly kind: 'due' }
  | { readonly kind: 'getter' }
  | { readonly kind: 'reported'; readonly rejectedGeneration: number };

/** When the promise that went out with the token is over on every machine's clock, behind as it may be. */
export const promiseEndsAt = (grant: Grant, { settings }: Moment): number =>
  grant.cacheUntil + settings.maxClockSkewMs;

const promiseIsOver = (grant: Grant, moment: Moment): boolean => moment.now >= promiseEndsAt(grant, moment);

const reasonHolds = (grant: Grant, reason: RefreshReason, moment: Moment): boolean => {
  const { now, settings } = moment;
  if (grant.sent !== undefined) return true;
  switch (reason.kind) {
    case 'due':
      return now >= refreshWantedAt(grant, now, settings) && promiseIsOver(grant, moment);
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
 * Takes the attempt and notes, before anything is sent, that a refresh or a mint may be on its way. From here until its outcome is known
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
    isRenewable(grant) &&
    now >= mintAllowedAt(grant, now, settings) &&
    !isHeld(grant, now) &&
    !attemptIsLive(grant, now) &&
    reasonHolds(grant, reason, moment);
  if (!applies) return undefined;
  const { since, count } = currentReports(grant, now);
  const begun: Grant = {
    ...grant,
    attempt: { id: attemptId, endsAt: now + settings.leaseMs },
    sent: grant.sent ?? { at: now, by: attemptId },
    ...(renewalOf(grant, now) === 'mint' && { mustMint: true as const, mintedAt: now }),
    ...(reason.kind === 'reported' && { reports: { since, count: count + 1 } }),
  };
  return reason.kind === 'due' ? { ...begun, updatedAt: now } : written(begun, moment);
};

/**
 * What the attempt noted before it sent anything, taken back since nothing can have happened. Another one's `sent` stays; the mint before
 * this one was a distance ago.
 */
const withoutOwnNotes = (grant: Grant, { attemptId, mint }: Consumed): Grant => {
  const settled = mint ? without(grant, 'mintedAt') : grant;
  return settled.sent?.by === attemptId ? without(settled, 'sent') : settled;
};

/** What a mint has brought: another session, whose short life is to be prolonged before anybody is served. */
const minted = (grant: Grant, session: string, response: TokenResponse, tokens: Tokens, moment: Moment) => {
  const { app, ownerId } = grant;
  const identity: SessionIdentity = present({
    app,
    ownerId,
    startedBy: session,
    endpointId: response.endpointId,
    sessionId: response.sessionId,
  });
  return {
    startedBy: session,
    retired: bounded([...grant.retired, ...replaced(grant, identity, moment.settings)], moment.now),
    ...(tokens.refreshToken !== undefined && { cacheUntil: 0, refreshAt: moment.now }),
  };
};

/**
 * Stores a new token set. The fence is what was consumed, connection and generation: not the lease, not a clock. A worker whose
 * lease ran out long ago still commits if nobody else has, and heals a verdict that came in between. The answer to a mint is that of
 * its own request, never of one before it.
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
  const { mint = false } = consumed;
  const from = mint ? sentAt : Math.min(sentAt, grant.sent?.at ?? sentAt);
  const tokens = toTokens(response, from, mint ? undefined : grant.tokens, moment.settings);
  const committed: Grant = {
    ...without(
      grant,
      'attempt',
      'sent',
      'refusal',
      'absolvedAt',
      'condemnedAt',
      'lastError',
      'refreshAt',
      'announcement',
      'mustMint',
      'sessionId',
      ...(mint ? [] : (['mintedAt'] as const)),
    ),
    state: 'active',
    generation: grant.generation + 1,
    tokens,
    ...present(schedule(tokens, from, grant, jitter, moment.settings)),
    ...present({
      endpointId: response.endpointId ?? grant.endpointId,
      sessionId: response.sessionId ?? (mint ? undefined : grant.sessionId),
      announcement:
        grant.condemnedAt === undefined ? grant.announcement : ('Grant Recovered' as Announcement),
    }),
    failures: 0,
    rotatedAt: moment.now,
    ...(mint && minted(grant, consumed.attemptId, response, tokens, moment)),
  };
  return written(committed, moment);
};

/** The promise of a token that nobody rotates before a hold ends. One that was withdrawn is not given again. */
const prolonged = (grant: Grant, holdUntil: number, { settings }: Moment): number => {
  const keepsPromise = grant.state === 'active' && grant.sent === undefined && grant.cacheUntil > 0;
  const safeUntil = Math.min(holdUntil, grant.tokens?.accessExpiresAt ?? 0) - settings.maxClockSkewMs;
  return keepsPromise ? Math.max(grant.cacheUntil, safeUntil) : grant.cacheUntil;
};

/**
 * Gives the attempt back after an answer that settled nothing. If nothing can have happened, the stored access token lives on and
 * nobody rotates it before the hold ends: the promise is prolonged until then. A penalty is recorded even by a worker whose attempt
 * is over.
 */
export const defer = (
  grant: Grant,
  consumed: Consumed,
  answer: NothingHappened | Unknown,
  moment: Moment,
): Grant | undefined => {
  const { now, settings } = moment;
  const mine = isMine(grant, consumed);
  if (!mine && answer.kind !== 'limited') return undefined;
  const nothingHappened = answer.kind !== 'unknown';
  const settled = nothingHappened ? withoutOwnNotes(grant, consumed) : grant;
  const until = holdEnd(answer, grant.failures, settled, now, settings);
  const holdUntil = Math.max(grant.holdUntil ?? 0, until);
  if (!mine) return written({ ...grant, holdUntil }, moment);
  const deferred: Grant = {
    ...without(settled, 'attempt'),
    holdUntil,
    failures: grant.failures + 1,
    lastError: { code: answer.code, at: now },
    cacheUntil: nothingHappened ? prolonged(settled, holdUntil, moment) : grant.cacheUntil,
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
  isMine(grant, consumed) ? written(without(withoutOwnNotes(grant, consumed), 'attempt'), moment) : undefined;
