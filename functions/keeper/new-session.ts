/** What every way to a new session has in common: when it may be asked for, what comes of no answer, and how one is given up. */
import type { NothingHappened, Unknown } from '../domain/answer.ts';
import { type App, concernsApp, heldUntil } from '../domain/app.ts';
import type { Grant } from '../domain/grant.ts';
import { penaltyEnd } from '../domain/hold.ts';
import { retiredToken } from '../domain/retired.ts';
import { type TokenResponse, tokensEndAt, toTokens } from '../domain/tokens.ts';
import * as writes from '../domain/writes.ts';
import { askWithCurrentCredentials } from './apps.ts';
import { type Context, fitsBefore, momentOf } from './attempt.ts';
import { livesElsewhere } from './claims.ts';
import { KeeperError } from './errors.ts';
import { persist, updateExisting } from './update.ts';

/** A session that was just started, in hand and nowhere else. */
export type Obtained = {
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

/** What was asked for, by whom, and until when what comes of it can be stored. */
export type Asked = { readonly app: App; readonly grantId: string; readonly deadlineAt: number };

/** On the grant, if there is one by now, and on the app where it is the app's limit: tried like a commit, or it would be broken. */
const record = async (
  context: Context,
  { app, grantId, deadlineAt }: Asked,
  answer: NothingHappened | Unknown,
  until: number | undefined,
): Promise<void> => {
  const { standings, store, settings, clock } = context;
  const stubbornly = (operation: () => Promise<unknown>) => persist(operation, deadlineAt, clock);
  await Promise.all([
    concernsApp(answer, settings) && stubbornly(() => standings.hold(app.name, answer)),
    until !== undefined &&
      stubbornly(() =>
        updateExisting(store.grants, grantId, grant =>
          writes.holdGrant(grant, answer.code, until, momentOf(context)),
        ),
      ),
  ]);
};

/** Records an answer without tokens, so that the silence asked for is kept, and says what to do. */
export const noTokens = async (
  context: Context,
  asked: Asked,
  answer: NothingHappened | Unknown,
): Promise<KeeperError> => {
  const { settings, observe, clock } = context;
  const { app, grantId } = asked;
  const { code } = answer;
  const until =
    answer.kind === 'limited' ? penaltyEnd(answer.retryAfterMs, clock.now(), settings) : undefined;
  await record(context, asked, answer, until);
  switch (answer.kind) {
    case 'misconfigured':
      observe({ type: 'misconfigured', app: app.name, code, grantId });
      return new KeeperError(
        'misconfigured',
        answer.flow
          ? `RingCentral does not let the app "${app.name}" ask for tokens in this way (${code}). Allow it in its settings there.`
          : `RingCentral refuses the app "${app.name}" (${code}). Check its client id, secret and server in the apps secret.`,
      );
    case 'unknown':
      return unavailable(`RingCentral did not answer as expected (${code}).`, settings.maxClockSkewMs);
    case 'limited':
      return unavailable(`RingCentral limits requests (${code}).`, (until ?? 0) - clock.now());
  }
};

/**
 * Gives up a session that may not be stored. Where there is a record, it is left to the sweep, which keeps to holds and tries again;
 * otherwise the provider is told once, and a session that it does not hear of dies by itself.
 */
export const discard = async (
  context: Context,
  asked: Asked,
  { response, obtainedAt, connectionId }: Obtained,
): Promise<void> => {
  const { store, apps, tokenEndpoint, settings } = context;
  const { app, grantId, deadlineAt } = asked;
  const tokens = toTokens(response, obtainedAt, undefined, settings);
  const token = tokens.refreshToken ?? tokens.accessToken;
  const { name, server, clientId } = app;
  const issuedTo = { ...response, app: name, server, clientId, startedBy: connectionId };
  const entry = retiredToken(issuedTo, token, tokensEndAt(tokens));
  const { stored } = await updateExisting(store.grants, grantId, grant =>
    writes.retireSession(grant, entry, momentOf(context)),
  );
  if (stored !== undefined || (await livesElsewhere(context, grantId, entry))) return;
  const answer = await askWithCurrentCredentials(
    apps,
    app,
    issuedTo,
    current => tokenEndpoint.revoke(current, token),
    () => fitsBefore(context, deadlineAt),
  );
  if (answer.kind !== 'ended') await record(context, asked, answer, undefined);
};
