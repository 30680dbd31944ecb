/** What a caller who wants an access token is to be told, given the record as just read. */
import { attemptIsLive, type Grant, isRenewable } from './grant.ts';
import { mintAllowedAt } from './mint.ts';
import { currentReports, promiseEndsAt, type RefreshReason, reportWindowEnd } from './refresh-writes.ts';
import { accessMarginOf } from './tokens.ts';
import type { Moment } from './write.ts';

export type Request = {
  /** The token must live at least this long; at most the margin that the keeper keeps anyway. */
  readonly minTtlMs: number;
  /** The caller was refused with the token of this generation. */
  readonly rejectedGeneration?: number;
};

export type ServeDecision =
  | { readonly kind: 'serve' }
  /** Nobody may be served and somebody else is at work, or the promise is just running out: look again then. */
  | { readonly kind: 'wait'; readonly until: number }
  | { readonly kind: 'refresh'; readonly reason: RefreshReason }
  /** A verdict, an expiry or a claim is due that needs no provider. */
  | { readonly kind: 'tend' }
  | { readonly kind: 'revoked' }
  | { readonly kind: 'reauthorize'; readonly code?: string }
  | { readonly kind: 'limited'; readonly until: number }
  | { readonly kind: 'unavailable'; readonly until: number; readonly code: string | undefined };

const reauthorize = (code: string | undefined): ServeDecision => ({
  kind: 'reauthorize',
  ...(code !== undefined && { code }),
});

const unavailable = (grant: Grant, until: number): ServeDecision => ({
  kind: 'unavailable',
  until,
  code: grant.lastError?.code,
});

const decideUnrenewable = (grant: Grant, request: Request, now: number): ServeDecision => {
  const endsAt = grant.tokens?.accessExpiresAt ?? 0;
  if (now >= endsAt) return { kind: 'tend' };
  const rejected = request.rejectedGeneration === grant.generation;
  const lasts = now < grant.cacheUntil && now + request.minTtlMs <= endsAt;
  return !rejected && lasts ? { kind: 'serve' } : reauthorize('no-refresh-token');
};

const getterRefresh: ServeDecision = { kind: 'refresh', reason: { kind: 'getter' } };

/** A token reported as rejected is replaced neither too young nor too often: the fault may be the caller's. */
const decideReported = (grant: Grant, { now, settings }: Moment): ServeDecision => {
  const oldEnoughAt = grant.rotatedAt + settings.minTokenAgeMs;
  if (now < oldEnoughAt) return { kind: 'limited', until: oldEnoughAt };
  if (currentReports(grant, now).count >= settings.maxReportsPerHour) {
    return { kind: 'limited', until: reportWindowEnd(grant, now) };
  }
  return { kind: 'refresh', reason: { kind: 'reported', rejectedGeneration: grant.generation } };
};

const isServable = (grant: Grant, request: Request, { now, settings }: Moment): boolean => {
  const { tokens } = grant;
  if (tokens === undefined || grant.sent !== undefined || now >= grant.cacheUntil) return false;
  return now + Math.min(request.minTtlMs, accessMarginOf(tokens, settings)) <= tokens.accessExpiresAt;
};

const decideRenewable = (grant: Grant, request: Request, moment: Moment): ServeDecision => {
  const { now, settings } = moment;
  const rejected = request.rejectedGeneration === grant.generation;
  if (!rejected && isServable(grant, request, moment)) return { kind: 'serve' };
  if (grant.attempt !== undefined && attemptIsLive(grant, now)) {
    return { kind: 'wait', until: grant.attempt.endsAt };
  }
  const silentUntil = Math.max(grant.holdUntil ?? 0, mintAllowedAt(grant, now, settings));
  if (now < silentUntil) return unavailable(grant, silentUntil);
  const endsAt = promiseEndsAt(grant, moment);
  if (grant.sent !== undefined || now >= endsAt) return getterRefresh;
  return rejected ? decideReported(grant, moment) : { kind: 'wait', until: endsAt };
};

export const decideServe = (grant: Grant, request: Request, moment: Moment): ServeDecision => {
  if (grant.state === 'revoking' || grant.state === 'revoked') return { kind: 'revoked' };
  if (grant.state === 'reauthorize') return reauthorize(grant.lastError?.code);
  if (!grant.claimed) return { kind: 'tend' };
  if (grant.refusal !== undefined) {
    const verdictAt = grant.refusal.at + moment.settings.verdictDelayMs;
    return moment.now < verdictAt ? { kind: 'wait', until: verdictAt } : { kind: 'tend' };
  }
  return isRenewable(grant)
    ? decideRenewable(grant, request, moment)
    : decideUnrenewable(grant, request, moment.now);
};
