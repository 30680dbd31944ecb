/**
 * The limit of the Auth group: so many requests in a sliding window, then a penalty that every further request starts again.
 * Pure but for the bucket it is given. (RingCentral, "API rate limits".)
 */

import type { Rules } from './config.ts';

export type Penalty = {
  until: number;
  /** How long it lasts each time it starts again. */
  readonly lengthMs: number;
  /** A 429 of this penalty has reached a client: from then on its requests are avoidable. */
  announced: boolean;
};

export type Bucket = { requestedAt: number[]; penalty?: Penalty };

export type Verdict = { readonly limited: boolean; readonly headers: Readonly<Record<string, string>> };

export const isPenalised = (bucket: Bucket, now: number): boolean => now < (bucket.penalty?.until ?? 0);

/** Nothing in it matters any more. */
export const isIdle = (bucket: Bucket, rules: Rules, now: number): boolean =>
  !isPenalised(bucket, now) && (bucket.requestedAt.at(-1) ?? 0) + rules.rateLimitWindowMs <= now;

const headersFor = (remaining: number, rules: Rules): Record<string, string> =>
  rules.rateLimitScope === 'off'
    ? {}
    : {
        'x-rate-limit-group': 'auth',
        'x-rate-limit-limit': String(rules.rateLimitRequests),
        'x-rate-limit-remaining': String(remaining),
        'x-rate-limit-window': String(Math.ceil(rules.rateLimitWindowMs / 1000)),
      };

/** Starts a penalty, whatever the window holds. */
export const penalise = (bucket: Bucket, lengthMs: number, rules: Rules, now: number): Verdict => {
  const announced = bucket.penalty?.announced === true && isPenalised(bucket, now);
  bucket.penalty = { until: now + lengthMs, lengthMs, announced };
  bucket.requestedAt = [];
  const retryAfter = String(Math.ceil(lengthMs / 1000));
  return { limited: true, headers: { ...headersFor(0, rules), 'retry-after': retryAfter } };
};

/** Counts one request, and says whether it may pass. */
export const admit = (bucket: Bucket, rules: Rules, now: number): Verdict => {
  if (bucket.penalty && isPenalised(bucket, now))
    return penalise(bucket, bucket.penalty.lengthMs, rules, now);
  delete bucket.penalty;
  if (rules.rateLimitScope === 'off') return { limited: false, headers: {} };
  const recent = bucket.requestedAt.filter(at => now < at + rules.rateLimitWindowMs);
  if (recent.length >= rules.rateLimitRequests) return penalise(bucket, rules.penaltyMs, rules, now);
  bucket.requestedAt = [...recent, now];
  return { limited: false, headers: headersFor(rules.rateLimitRequests - bucket.requestedAt.length, rules) };
};
