/** What every way to a new session has in common: when it may be asked for, what comes of no answer, and how one is given up. */
import type { NothingHappened, Unknown } from '../domain/answer.ts';
import { type App, concernsApp, heldUntil } from '../domain/app.ts';
import type { Grant, Stored } from '../domain/grant.ts';
import { penaltyEnd } from '../domain/hold.ts';
import { retiredToken } from '../domain/retired.ts';
import { type TokenResponse, tokensEndAt, toTokens } from '../domain/tokens.ts';
import * as writes from '../domain/writes.ts';
import { type Context, momentOf } from './attempt.ts';
import { KeeperError } from './errors.ts';
import { updateExisting } from './update.ts';

/** A session that was just started, in hand and nowhere else. */
export type Obtained = {
  readonly app: App;
  readonly response: TokenResponse & { readonly ownerId: string };
  /** When it was asked for, in epoch milliseconds: lifetimes are counted from then. */
  readonly obtainedAt: number;
  readonly connectionId: string;
};

const unavailable = (why: string, retryAfterMs: number): KeeperError =>
  new KeeperError('provider-unavailable', `${why} Begin again after that time.`, retryAfterMs);

/** Throws `provider-unavailable` in a hold: each request sent in a penalty would begin it anew. */
export const checkHolds = async (context: Context, app: App, before: Grant | undefined): Promise<void> => {
  const { standings, clock } = context;
  const ofGrant = before?.app === app.name ? (before.holdUntil ?? 0) : 0;
  const waitMs = Math.max(heldUntil(await standings.current(app.name)), ofGrant) - clock.now();
  if (waitMs > 0) throw unavailable('RingCentral cannot be asked now.', waitMs);
};

const recordPenalty = async (
  context: Context,
  before: Stored<Grant> | undefined,
  code: string,
  until: number,
): Promise<void> => {
  if (before === undefined) return;
  await updateExisting(
    context.store.grants,
    before.value.grantId,
    grant => writes.holdGrant(grant, code, until, momentOf(context)),
    before,
  );
};

/** Records an answer without tokens where it concerns the app or the grant, so that the silence asked for is kept. */
export const noTokens = async (
  context: Context,
  { app, grantId, before }: { app: App; grantId: string; before: Stored<Grant> | undefined },
  answer: NothingHappened | Unknown,
): Promise<KeeperError> => {
  const { standings, settings, observe, clock } = context;
  const { code } = answer;
  if (concernsApp(answer, settings)) await standings.hold(app.name, answer);
  switch (answer.kind) {
    case 'misconfigured':
      observe({ type: 'misconfigured', app: app.name, code, grantId });
      return new KeeperError(
        'misconfigured',
        `RingCentral refuses the app "${app.name}" (${code}). Check its client id, secret and server in the apps secret.`,
      );
    case 'unknown':
      return unavailable(`RingCentral did not answer as expected (${code}).`, settings.maxClockSkewMs);
    case 'limited': {
      const until = penaltyEnd(answer.retryAfterMs, clock.now(), settings);
      await recordPenalty(context, before, code, until);
      return unavailable(`RingCentral limits requests (${code}).`, until - clock.now());
    }
  }
};

/**
 * Gives up a session that may not be stored. Where there is a record, it is left to the sweep, which keeps to holds and tries again;
 * otherwise the provider is told once, and a session that it does not hear of dies by itself.
 */
export const discard = async (context: Context, grantId: string, obtained: Obtained): Promise<void> => {
  const { store, tokenEndpoint, settings } = context;
  const { app, response, obtainedAt, connectionId } = obtained;
  const tokens = toTokens(response, obtainedAt, undefined, settings);
  const token = tokens.refreshToken ?? tokens.accessToken;
  const { name, server, clientId } = app;
  const identity = { ...response, app: name, server, clientId, startedBy: connectionId };
  const entry = retiredToken(identity, token, tokensEndAt(tokens));
  const { stored } = await updateExisting(store.grants, grantId, grant =>
    writes.retireSession(grant, entry, momentOf(context)),
  );
  if (stored === undefined) await tokenEndpoint.revoke(app, token);
};
