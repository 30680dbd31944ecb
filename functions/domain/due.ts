/** When the sweep must look at a grant next. The due index is the schedule and the retry queue: it holds what this returns. */
import { attemptIsLive, type Grant, isRefreshable } from './grant.ts';
import type { Settings } from './settings.ts';

const never = Number.POSITIVE_INFINITY;

/** Work that needs the provider waits for the hold and for the attempt of whoever is calling it now. */
const nextCallAt = (grant: Grant, now: number): number => {
  const awaitsRefresh = grant.state === 'active' && isRefreshable(grant) && grant.refusal === undefined;
  const refreshAt = awaitsRefresh && grant.claimed ? (grant.sent ? now : (grant.refreshAt ?? now)) : never;
  const retiredAt = Math.min(never, ...grant.retired.map(({ retryAt = now }) => retryAt));
  const endSessionAt = grant.state === 'revoking' ? now : retiredAt;
  const attemptEndsAt = grant.attempt && attemptIsLive(grant, now) ? grant.attempt.endsAt : 0;
  return Math.max(Math.min(refreshAt, endSessionAt), grant.holdUntil ?? 0, attemptEndsAt);
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

/** The grant with its due time as everything else in the record demands it; absent when nothing is scheduled. */
export const withDueTime = (grant: Grant, now: number, settings: Settings): Grant => {
  const { dueAt: _, ...rest } = grant;
  const dueAt = Math.min(nextCallAt(grant, now), nextQuietWorkAt(grant, now, settings));
  return dueAt === never ? rest : { ...rest, dueAt };
};
