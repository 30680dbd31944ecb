/** What the doctor knows, each fact by itself: one that cannot be had says why. */
import type { RateLimitScope, Settings } from '../../functions/domain/settings.ts';
import type { App } from '../keeper.ts';
import type { Listing } from '../listing.ts';

export type Fact<T> =
  | { readonly known: true; readonly value: T }
  | {
      readonly known: false;
      /** Not asked for, deliberately; otherwise it could not be had. */
      readonly skipped: boolean;
      /** AWS's name of the error, or the API's code. */
      readonly code?: string;
      readonly why: string;
      readonly todo?: string;
    };

export const fact = <T>(value: T): Fact<T> => ({ known: true, value });
export const skipped = (why: string): Fact<never> => ({ known: false, skipped: true, why });

/** Another clock, as an HTTP `Date` header shows it: to the second. */
export type ClockReading = {
  /** Positive: it is ahead of this machine's. */
  readonly offsetMs: number;
  /** The true offset is within so much of it. */
  readonly uncertaintyMs: number;
};

export type Verdict =
  /** The credentials are good: only the token was refused. */
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly code: string; readonly elsewhere?: Elsewhere }
  | { readonly kind: 'limited'; readonly code: string; readonly retryAfterMs?: number }
  | { readonly kind: 'unknown'; readonly code: string };

/** What RingCentral's other environment says to the same credentials. */
export type Elsewhere = { readonly server: string; readonly accepted: boolean };

export type Probe = {
  readonly app: string;
  readonly server: string;
  readonly verdict: Fact<Verdict>;
  readonly clock: Fact<ClockReading>;
};

export type ScheduleFact = {
  readonly name: string;
  readonly enabled: boolean;
  readonly expression: string;
  /** Epoch milliseconds. */
  readonly endsAt?: number;
  /** Of the function that it invokes. */
  readonly target: string;
};

export type Metrics = {
  /** How long the oldest due grant had waited, newest first. */
  readonly oldestDueAge: readonly { readonly at: number; readonly ageMs: number }[];
  /** Over how long they reach back. */
  readonly spanMs: number;
  /** Of the last day. */
  readonly sums: Readonly<Record<CountedMetric, number>>;
};

/** What must not happen at all. */
export const countedMetrics = ['CommitFailed', 'Unreadable', 'UnreadableLane', 'EventNotSent'] as const;
export type CountedMetric = (typeof countedMetrics)[number];

export type Facts = {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly local: boolean;
  readonly title: string;
  readonly stackStatus: Fact<string>;
  readonly settings: Fact<Settings>;
  /** Given on the command line: it outweighs the setting. */
  readonly rateLimitScope?: RateLimitScope;
  readonly apps: Fact<readonly App[]>;
  readonly grants: Fact<Listing>;
  readonly awsClock: Fact<ClockReading>;
  readonly probes: readonly Probe[];
  /** Name of the function that schedules must invoke. */
  readonly sweepFunction?: string;
  readonly schedules: Fact<readonly ScheduleFact[]>;
  readonly deadLetters: Fact<number>;
  readonly metrics: Fact<Metrics>;
};
