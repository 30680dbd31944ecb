/** When the sweep must look at a grant next. The due index is the schedule and the retry queue: it holds what this returns. */
import { attemptIsLive, type Grant, isRefreshable } from './grant.ts';
import type { Settings } from './settings.ts';

const never = Number.POSITIVE_INFINITY;

/** When this grant's tokens are to be refreshed, holds and attempts apart. */
export const refreshWantedAt = (grant: Grant): number => {
  const wants =
    grant.state === 'active' && grant.claimed && grant.refusal === undefined && isRefreshable(grant);
  if (!wants) return never;
  return grant.sent === undefined ? (grant.refreshAt ?? 0) : 0;
};

/** Work that needs the provider waits for the hold and for the attempt of whoever is calling it now. */
const nextCallAt = (grant: Grant, now: number): number => {
  const retiredAt = Math.min(never, ...grant.retired.map(({ retryAt = 0 }) => retryAt));
  const endSessionAt = grant.state === 'revoking' ? 0 : retiredAt;
  const wantedAt = Math.min(refreshWantedAt(grant), endSessionAt);
  const attemptEndsAt = grant.attempt && attemptIsLive(grant, now) ? grant.attempt.endsAt : 0;
  // What is wanted at once is due now, so that the index tells how long it has been waiting.
  const fromNow = wantedAt === 0 ? now : wantedAt;
  return Math.max(fromNow, grant.holdUntil ?? 0, attemptEndsAt);
};

/** Work within the keeper waits for nothing. */
const nextQuietWorkAt = (grant: Grant, now: number, settings: Settings): number => {
  const active = grant.state === 'active';
  return Math.min(
    grant.announcement !== undefined || (active && !grant.claimed) ? now : never,
    active && grant.refusal !== undefined ? grant.refusal.at + settings.verdictDelayMs : never,
    active && grant.tokens !== undefined && !isRefreshable(grant) ? grant.tokens.accessExpiresAt : never,
  );
};

/**
 * The grant with its due time as everything else in the record demands it; absent when nothing is scheduled. `notCallingBefore`:
 * the provider cannot be asked until then, for a reason that is not in the record.
 */
export const withDueTime = (grant: Grant, now: number, settings: Settings, notCallingBefore = 0): Grant => {
  const { dueAt: _, ...rest } = grant;
  const callAt = Math.max(nextCallAt(grant, now), notCallingBefore);
  const dueAt = Math.min(callAt, nextQuietWorkAt(grant, now, settings));
  return dueAt === never ? rest : { ...rest, dueAt };
};
