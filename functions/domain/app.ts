/** What is known of an app's standing with the provider: one record per app, beside the grants. */
import type { NothingHappened, Unknown } from './answer.ts';
import { holdEnd } from './hold.ts';
import type { Settings } from './settings.ts';

/** An app as configured in Secrets Manager. */
export type App = {
  readonly name: string;
  /** Base URL, without a trailing slash. */
  readonly server: string;
  readonly clientId: string;
  readonly clientSecret: string;
};

export type AppStanding = {
  readonly name: string;
  readonly holdUntil?: number;
  readonly holdReason?: string;
  readonly failures: number;
  /** Different grants refused since the last success, at most `refusalsToHoldApp`. */
  readonly refused: readonly string[];
};

export const goodStanding = (name: string): AppStanding => ({ name, failures: 0, refused: [] });

export const isHeld = (standing: AppStanding | undefined, now: number): boolean =>
  now < (standing?.holdUntil ?? 0);

/** A row of refusals this long says more about the app than about its grants. */
export const doubtsApp = (standing: AppStanding | undefined, settings: Settings): boolean =>
  (standing?.refused.length ?? 0) >= settings.refusalsToHoldApp;

/** A hold is only ever prolonged: a second failure inside it must not shorten the silence. */
const hold = (standing: AppStanding, until: number, reason: string): AppStanding => ({
  ...standing,
  holdUntil: Math.max(standing.holdUntil ?? 0, until),
  holdReason: reason,
  failures: standing.failures + 1,
});

/** After an answer that concerns the app as a whole: wrong credentials, or its own rate limit. */
export const holdApp = (
  standing: AppStanding,
  answer: NothingHappened,
  now: number,
  settings: Settings,
): AppStanding => hold(standing, holdEnd(answer, standing.failures, undefined, now, settings), answer.code);

/** One more grant refused. From the `refusalsToHoldApp`th in a row on, the app is held and no grant is condemned. */
export const recordRefusal = (
  standing: AppStanding,
  grantId: string,
  now: number,
  settings: Settings,
): AppStanding => {
  const refused = [...new Set([...standing.refused, grantId])].slice(0, settings.refusalsToHoldApp);
  const counted = { ...standing, refused };
  if (!doubtsApp(counted, settings) || isHeld(standing, now)) return counted;
  const doubt: Unknown = { kind: 'unknown', code: 'many-grants-refused' };
  return hold(counted, holdEnd(doubt, standing.failures, undefined, now, settings), doubt.code);
};

/** A success proves the app's credentials good. It does not end a hold: only time does. */
export const recordSuccess = (standing: AppStanding): AppStanding =>
  standing.failures === 0 && standing.refused.length === 0
    ? standing
    : { ...standing, failures: 0, refused: [] };

/** The app that may be shown this grant's tokens: the one they were issued to, at the server that issued them. */
export const isAppOf = (app: App, grant: { readonly server: string; readonly clientId: string }): boolean =>
  app.server === grant.server && app.clientId === grant.clientId;
