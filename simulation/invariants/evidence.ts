/** What the invariants are judged on: the truth of a world, which no worker sees as a whole. */

import { doubtsApp } from '../../functions/domain/app.ts';
import type { Operation } from '../world/operation.ts';
import type { Provider } from '../world/provider.ts';
import type { Scenario } from '../world/scenario.ts';
import type { Tables } from '../world/tables.ts';

/** Where a token was first stored. */
export type Origin = { readonly grantId: string; readonly connectionId: string; readonly storedAt: number };

export type Exchange = {
  readonly operation: Operation;
  /** The code, or the JWT. */
  readonly code: string;
  readonly grantId: string;
  /** It reached the provider after its attempt may have ended. */
  readonly late: boolean;
  /** Whether the tokens arrived. */
  heard?: boolean;
  /** Whether the provider was asked to end it and did not. */
  toldInVain?: boolean;
};

export type Evidence = {
  readonly scenario: Scenario;
  readonly tables: Tables;
  readonly provider: Provider;
  now(): number;
  /** By access and by refresh token. */
  readonly origins: Map<string, Origin>;
  /** For which grant an authorization code was given. */
  readonly codes: Map<string, { readonly grantId: string; readonly app: string }>;
  /** From which JWT credentials a grant is minted. */
  readonly credentials: Map<string, { readonly grantId: string; readonly app: string }>;
  /** Sessions, by id, that were started for a code or a JWT, and who was given their tokens. */
  readonly exchanges: Map<string, Exchange>;
  /** When a grant was last revoked. */
  readonly revokedAt: Map<string, number>;
  /** Access tokens that a caller reported as rejected and that are replaced for it. */
  readonly reported: Set<string>;
  /** When users authorised: where only one access token may live, that ends the others. */
  readonly authorisedAt: Set<number>;
  /** Refresh tokens that were refused though nothing was wrong with them. */
  readonly liedAbout: Set<string>;
  /** When a request brought tokens that had reached the provider only after its attempt may have ended. */
  readonly lateRotationAt: Set<number>;
  /** When an app was last held as a whole: in doubt, since so many of its grants were refused, or over its own rate limit. */
  readonly heldUpAt: Map<string, number>;
  /** Retired tokens that had no place in the list any more. */
  readonly crowdedOut: Set<string>;
  /** Whose write is landing. */
  acting: Operation | undefined;
  violate(invariant: string, what: string): void;
  /** Something that is allowed, and counted: a loss that nobody could prevent, an exception that is stated. */
  count(what: string): void;
};

/** Of a token that was never stored: the origin of the first of its session that was. */
export const originOf = (token: string, { origins, provider }: Evidence): Origin | undefined => {
  const known = origins.get(token);
  if (known !== undefined) return known;
  for (const other of provider.sessionOf(token)?.tokens ?? []) {
    const origin = origins.get(other);
    if (origin !== undefined) return origin;
  }
  return undefined;
};

/**
 * Every due grant is dealt with within this time: the longest hold that a storm can leave on an app, the longest after it on a grant or an
 * old session, and then the rounds of the sweep in which one thing follows from another (an answer, a verdict, an announcement).
 */
export const restBoundMs = ({ settings, assumptions }: Pick<Scenario, 'settings' | 'assumptions'>): number =>
  2 * Math.max(settings.holdStepsMs.at(-1) ?? 0, assumptions.longestPenaltyMs) +
  6 * settings.sweepIntervalMs +
  2 * settings.leaseMs;

/** Whether an app was held as a whole so lately that what its grants need may still be waiting. */
export const wasHeldUp = (app: string, { tables, scenario, heldUpAt, now }: Evidence): boolean =>
  doubtsApp(tables.standings.get(app)?.value, scenario.settings) ||
  now() - (heldUpAt.get(app) ?? Number.NEGATIVE_INFINITY) < restBoundMs(scenario);

/** The fault that an operation met after a moment at which it had met `before`. */
export const faultSince = (operation: Operation, before: number): string | undefined =>
  operation.faults[before];
