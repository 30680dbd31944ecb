/** When the sweep must look at a grant next. The due index is the schedule and the retry queue: it holds what this returns. */
import { attemptIsLive, type Grant, isRenewable } from './grant.ts';
import { mintAllowedAt } from './mint.ts';
import type { Settings } from './settings.ts';

const never = Number.POSITIVE_INFINITY;

/** When this grant's tokens are to be refreshed, or minted, holds and attempts apart. */
export const refreshWantedAt = (grant: Grant, now: number, settings: Settings): number => {
  const wants =
    grant.state === 'active' && grant.claimed && grant.refusal === undefined && isRenewable(grant);
  if (!wants) return never;
  const wantedAt = grant.sent === undefined ? (grant.refreshAt ?? 0) : 0;
  return Math.max(wantedAt, mintAllowedAt(grant, now, settings));
};

/** Work that needs the provider waits for the hold and for the attempt of whoever is calling it now. */
const nextCallAt = (grant: Grant, now: number, settings: Settings): number => {
  const retiredAt = Math.min(never, ...grant.retired.map(({ retryAt = 0 }) => retryAt));
  const endSessionAt = grant.state === 'revoking' ? 0 : retiredAt;
  const wantedAt = Math.min(refreshWantedAt(grant, now, settings), endSessionAt);
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
    active && grant.tokens !== undefined && !isRenewable(grant) ? grant.tokens.accessExpiresAt : never,
  );
};

/**
 * The grant with its due time as everything else in the record demands it; absent when nothing is scheduled. `notCallingBefore`:
 * the provider cannot be asked until then, for a reason that is not in the record.
 */
export const withDueTime = (grant: Grant, now: number, settings: Settings, notCallingBefore = 0): Grant => {
  const { dueAt: _, ...rest } = grant;
  const callAt = Math.max(nextCallAt(grant, now, settings), notCallingBefore);
  const dueAt = Math.min(callAt, nextQuietWorkAt(grant, now, settings));
  return dueAt === never ? rest : { ...rest, dueAt };
};
