/** RingCentral's Auth limit: so many requests in a window, then a penalty that each further request starts again. */
import type { RawAnswer } from '../../functions/domain/answer.ts';
import type { ProviderRules } from './scenario.ts';

export type RateLimit = {
  /** Counts a request. Until when silence is demanded; undefined: it may pass. */
  admit(app: string, ownerId: string, now: number): number | undefined;
  /** Starts a penalty, whatever the window holds. */
  penalise(app: string, ownerId: string, now: number): number;
  answer(penaltyUntil: number, now: number): RawAnswer;
};

type Bucket = { requestedAt: number[]; penaltyUntil: number };

const body = JSON.stringify({ errors: [{ errorCode: 'CMN-301' }] });

export const createRateLimit = (rules: ProviderRules): RateLimit => {
  const buckets = new Map<string, Bucket>();
  const bucketOf = (app: string, ownerId: string): Bucket => {
    const key = rules.rateLimitScope === 'app' ? app : `${app}/${ownerId}`;
    const bucket = buckets.get(key) ?? { requestedAt: [], penaltyUntil: 0 };
    buckets.set(key, bucket);
    return bucket;
  };
  const penalise = (app: string, ownerId: string, now: number): number => {
    const bucket = bucketOf(app, ownerId);
    bucket.penaltyUntil = now + rules.penaltyMs;
    bucket.requestedAt = [];
    return bucket.penaltyUntil;
  };
  return {
    penalise,
    admit: (app, ownerId, now) => {
      const bucket = bucketOf(app, ownerId);
      const recent = bucket.requestedAt.filter(at => now < at + rules.rateLimitWindowMs);
      if (rules.rateLimitScope === 'off')
        return now < bucket.penaltyUntil ? penalise(app, ownerId, now) : undefined;
      if (now < bucket.penaltyUntil || recent.length >= rules.rateLimitRequests)
        return penalise(app, ownerId, now);
      bucket.requestedAt = [...recent, now];
      return undefined;
    },
    answer: (penaltyUntil, now) => {
      switch (rules.retryAfter) {
        case 'absent':
          return { status: 429, body };
        case 'seconds':
          return { status: 429, body, retryAfter: String(Math.ceil((penaltyUntil - now) / 1000)) };
        case 'date':
          return {
            status: 429,
            body,
            retryAfter: new Date(Math.ceil(penaltyUntil / 1000) * 1000).toUTCString(),
          };
      }
    },
  };
};
