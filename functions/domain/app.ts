/** What is known of an app's standing with the provider: one record per app, beside the grants. */
import type { NothingHappened } from './answer.ts';
import { penaltyEnd, stepEnd } from './hold.ts';
import type { Settings } from './settings.ts';

/** An app as configured in Secrets Manager. */
export type App = {
  readonly name: string;
  /** Base URL, without a trailing slash. */
  readonly server: string;
  readonly clientId: string;
  /** Absent: a public client, which cannot keep one (RFC 6749 §2.1). */
  readonly clientSecret?: string;
  /** False: authorisation requests carry no code challenge (RFC 7636). For confidential clients only. */
  readonly pkce?: false;
};

export type AppStanding = {
  readonly name: string;
  readonly holdUntil?: number;
  readonly holdReason?: string;
  /** One grant is asking for all, since the app is in doubt. */
  readonly probeUntil?: number;
  readonly failures: number;
  /** Different grants refused since the last success, at most `refusalsToHoldApp`. */
  readonly refused: readonly string[];
  /** When a success last ended a row of refusals or failures. */
  readonly succeededAt?: number;
};

export const goodStanding = (name: string): AppStanding => ({ name, failures: 0, refused: [] });

/** When the provider may be asked for this app's grants again. */
export const heldUntil = (standing: AppStanding): number =>
  Math.max(standing.holdUntil ?? 0, standing.probeUntil ?? 0);

export const isHeld = (standing: AppStanding | undefined, now: number): boolean =>
  standing !== undefined && now < heldUntil(standing);

/** A row of refusals this long says more about the app than about its grants. */
export const doubtsApp = (standing: AppStanding | undefined, settings: Settings): boolean =>
  (standing?.refused.length ?? 0) >= settings.refusalsToHoldApp;

type Suspect = { readonly absolvedAt?: number };

/** Whether the app has proved itself good since a refusal of this grant was dropped: a new one is then the grant's own. */
export const isCleared = (standing: AppStanding, { absolvedAt }: Suspect): boolean =>
  absolvedAt !== undefined && (standing.succeededAt ?? 0) > absolvedAt;

/**
 * A hold is only ever prolonged: a second failure inside it must not shorten the silence. Answers that were on their way when it
 * began are no further failures, and those that say nearly the same need no write.
 */
const hold = (
  standing: AppStanding,
  until: number,
  reason: string,
  now: number,
  settings: Settings,
): AppStanding => {
  const current = standing.holdUntil ?? 0;
  if (now >= current)
    return { ...standing, holdUntil: until, holdReason: reason, failures: standing.failures + 1 };
  return until <= current + settings.maxClockSkewMs / 2 ? standing : { ...standing, holdUntil: until };
};

/** Whether an answer says something of the app as a whole, and not only of the grant that was asked for. */
export const concernsApp = (
  answer: { readonly kind: string; readonly flow?: true },
  { rateLimitScope }: Settings,
): answer is NothingHappened =>
  (answer.kind === 'misconfigured' && answer.flow !== true) ||
  (answer.kind === 'limited' && rateLimitScope === 'app');

/** After an answer that concerns the app as a whole: wrong credentials, or its own rate limit. */
export const holdApp = (
  standing: AppStanding,
  answer: NothingHappened,
  now: number,
  settings: Settings,
): AppStanding => {
  if (answer.kind === 'limited') {
    return hold(standing, penaltyEnd(answer.retryAfterMs, now, settings), answer.code, now, settings);
  }
  const inHold = now < (standing.holdUntil ?? 0);
  return inHold
    ? standing
    : hold(standing, stepEnd(standing.failures, now, settings), answer.code, now, settings);
};

/** One more grant refused. From the `refusalsToHoldApp`th in a row on, the app is held and no grant is condemned. */
export const recordRefusal = (
  standing: AppStanding,
  grant: Suspect & { readonly grantId: string },
  now: number,
  settings: Settings,
): AppStanding => {
  if (isCleared(standing, grant)) return standing;
  const refused = [...new Set([...standing.refused, grant.grantId])].slice(0, settings.refusalsToHoldApp);
  const counted = refused.length === standing.refused.length ? standing : { ...standing, refused };
  if (!doubtsApp(counted, settings) || now < (standing.holdUntil ?? 0)) return counted;
  return hold(counted, stepEnd(standing.failures, now, settings), 'many-grants-refused', now, settings);
};

/** While the app is in doubt one suspect at a time asks, for all of them. Undefined: another one is asking. */
export const probe = (standing: AppStanding, now: number, settings: Settings): AppStanding | undefined =>
  isHeld(standing, now) ? undefined : { ...standing, probeUntil: now + settings.leaseMs };

/** A success proves the app's credentials good. It does not end a hold: only time does. */
export const recordSuccess = (standing: AppStanding, now: number): AppStanding =>
  standing.failures === 0 && standing.refused.length === 0
    ? standing
    : { ...standing, failures: 0, refused: [], succeededAt: now };

/** The app that may be shown this grant's tokens: the one they were issued to, at the server that issued them. */
export const isAppOf = (app: App, grant: { readonly server: string; readonly clientId: string }): boolean =>
  app.server === grant.server && app.clientId === grant.clientId;
