/** Ending sessions at the provider: a revoked grant's own, and those left over from old connections and late answers. */
import type { RevokeAnswer } from '../domain/answer.ts';
import { type App, concernsApp, isHeld } from '../domain/app.ts';
import {
  canBeSameSession,
  type Grant,
  hasUnansweredRefresh,
  type RetiredToken,
  retiredIsDue,
  type Stored,
} from '../domain/grant.ts';
import { penaltyEnd } from '../domain/hold.ts';
import { tokensEndAt } from '../domain/tokens.ts';
import * as writes from '../domain/writes.ts';
import { askWithCurrentCredentials, findApp } from './apps.ts';
import {
  type Attempted,
  type Context,
  defer,
  fitsBefore,
  momentOf,
  type NotDone,
  prepare,
  release,
} from './attempt.ts';
import { livesElsewhere } from './claims.ts';
import { announce } from './tend.ts';
import { persist, updateExisting } from './update.ts';

export type EndOutcome = { readonly kind: 'ended'; readonly stored: Stored<Grant> } | NotDone;

type Token = { readonly token: string; readonly maybeSpent: boolean };
type IssuedTo = Pick<Grant, 'app' | 'server' | 'clientId'>;

/**
 * Ends the session of a token. A refresh with it may have been sent with an outcome nobody knows; then presenting it may end
 * nothing, and the tokens it bought are asked for again and presented too.
 */
const endSession = async (
  context: Context,
  app: App,
  issuedTo: IssuedTo,
  { token, maybeSpent }: Token,
  mayAsk: () => boolean,
): Promise<RevokeAnswer> => {
  const { apps, tokenEndpoint } = context;
  const revoke = (presented: string) =>
    askWithCurrentCredentials(
      apps,
      app,
      issuedTo,
      current => tokenEndpoint.revoke(current, presented),
      mayAsk,
    );
  const revoked = await revoke(token);
  if (revoked.kind !== 'ended' || !maybeSpent) return revoked;
  if (!mayAsk()) return { kind: 'unknown', code: 'no-time' };
  const replayed = await askWithCurrentCredentials(
    apps,
    app,
    issuedTo,
    current => tokenEndpoint.refresh(current, token),
    mayAsk,
  );
  if (replayed.kind === 'refused') return { kind: 'ended' };
  if (replayed.kind !== 'rotated') return replayed;
  if (!mayAsk()) return { kind: 'unknown', code: 'no-time' };
  return revoke(replayed.response.refreshToken ?? replayed.response.accessToken);
};

type Begun = Attempted & { readonly mayAsk: () => boolean };

type Take = (grant: Grant, attemptId: string) => Grant | undefined;

const begin = async (
  context: Context,
  read: Stored<Grant>,
  deadlineAt: number,
  take: Take,
): Promise<Begun | undefined> => {
  const { written, stored } = await updateExisting(
    context.store.grants,
    read.value.grantId,
    grant => take(grant, context.randomness.id()),
    read,
  );
  const attempt = stored?.value.attempt;
  if (!written || attempt === undefined) return undefined;
  const { connectionId, generation } = stored.value;
  const endsAt = Math.min(attempt.endsAt, deadlineAt);
  return {
    stored,
    consumed: { connectionId, generation, attemptId: attempt.id },
    deadlineAt,
    mayAsk: () => fitsBefore(context, endsAt),
  };
};

const recordRevoked = async (
  context: Context,
  stored: Stored<Grant>,
  deadlineAt: number,
): Promise<EndOutcome> => {
  const { grantId, generation } = stored.value;
  const { written, stored: after = stored } = await persist(
    () =>
      updateExisting(
        context.store.grants,
        grantId,
        grant => writes.revoked(grant, generation, momentOf(context)),
        stored,
      ),
    deadlineAt,
    context.clock,
  );
  if (!written) return { kind: 'superseded' };
  context.observe({ type: 'revoked', grantId });
  return { kind: 'ended', stored: await announce(context, after) };
};

/** Whether every token of a grant has died by itself, those included that an unanswered refresh may have bought. */
const hasDied = (grant: Grant, { now, settings }: writes.Moment): boolean => {
  const { tokens, sent } = grant;
  const isAnswered = !hasUnansweredRefresh(grant) || (sent?.at ?? 0) + settings.replayWindowMs <= now;
  return tokens === undefined || (tokensEndAt(tokens) <= now && isAnswered);
};

/** Tells the provider of a revocation that is recorded already, unless there is nothing left, or nothing of its own, to tell. */
export const finishRevocation = async (
  context: Context,
  read: Stored<Grant>,
  deadlineAt: number,
): Promise<EndOutcome> => {
  const { grantId, generation } = read.value;
  if (hasDied(read.value, momentOf(context)) || (await livesElsewhere(context, grantId, read.value))) {
    return recordRevoked(context, read, deadlineAt);
  }
  const ready = await prepare(context, read, deadlineAt);
  if (ready.kind !== 'ready') return ready;
  const begun = await begin(context, read, deadlineAt, (grant, attemptId) =>
    writes.beginRevocation(grant, generation, attemptId, momentOf(context)),
  );
  if (begun === undefined) return { kind: 'superseded' };
  if (!begun.mayAsk()) return release(context, begun.stored, begun.consumed);
  const { tokens } = begun.stored.value;
  const token = tokens?.refreshToken ?? tokens?.accessToken ?? '';
  const presented = { token, maybeSpent: hasUnansweredRefresh(begun.stored.value) };
  const answer = await endSession(context, ready.app, begun.stored.value, presented, begun.mayAsk);
  return answer.kind === 'ended'
    ? recordRevoked(context, begun.stored, deadlineAt)
    : defer(context, begun, answer);
};

const livesByIt = (grant: Grant, retired: RetiredToken): boolean =>
  (grant.state === 'active' || grant.state === 'reauthorize') && canBeSameSession(grant, retired);

const endRetired = async (
  context: Context,
  { stored: { value: grant }, deadlineAt, mayAsk }: Begun,
  retired: RetiredToken,
): Promise<RevokeAnswer> => {
  const { apps, standings, clock, settings } = context;
  // Not to be ended: somebody lives by it.
  if (livesByIt(grant, retired) || (await livesElsewhere(context, grant.grantId, retired))) {
    return { kind: 'ended' };
  }
  const found = await findApp(apps, retired);
  // An app that is configured no longer can never be asked: the session is left to die by itself.
  if (!found.ok) {
    return found.code === 'apps-unreadable' ? { kind: 'unknown', code: found.code } : { kind: 'ended' };
  }
  if (isHeld(await standings.cached(retired.app), clock.now())) return { kind: 'unknown', code: 'app-held' };
  const token = { token: retired.token, maybeSpent: retired.maybeSpent === true };
  const answer = await endSession(context, found.app, retired, token, mayAsk);
  if (concernsApp(answer, settings)) {
    // If it cannot be recorded on the app, the next grant to ask hears it anew.
    await persist(() => standings.hold(retired.app, answer), deadlineAt, clock).catch(() => undefined);
  }
  return answer;
};

const endEachRetired = async (context: Context, begun: Begun): Promise<writes.Endings> => {
  const { clock, settings, observe } = context;
  const grant = begun.stored.value;
  const ended = new Set<string>();
  const failed = new Set<string>();
  for (const entry of grant.retired.filter(each => retiredIsDue(each, clock.now()))) {
    if (!begun.mayAsk()) break;
    const answer = await endRetired(context, begun, entry);
    (answer.kind === 'ended' ? ended : failed).add(entry.token);
    if (answer.kind === 'ended') observe({ type: 'retired-session-ended', grantId: grant.grantId });
    if (answer.kind === 'limited') {
      return { ended, failed, silentUntil: penaltyEnd(answer.retryAfterMs, clock.now(), settings) };
    }
  }
  return { ended, failed };
};

const noEndings: writes.Endings = { ended: new Set(), failed: new Set() };

/** Ends the sessions that no grant lives by any more, one after the other. Only a rate limit holds the grant itself. */
export const endRetiredSessions = async (
  context: Context,
  read: Stored<Grant>,
  deadlineAt: number,
): Promise<EndOutcome> => {
  if (!fitsBefore(context, deadlineAt)) return { kind: 'no-time' };
  const died = read.value.retired.every(({ expiresAt }) => expiresAt <= context.clock.now());
  const begun = died
    ? undefined
    : await begin(context, read, deadlineAt, (grant, attemptId) =>
        writes.beginRetired(grant, attemptId, momentOf(context)),
      );
  if (begun === undefined && !died) return { kind: 'superseded' };
  const endings = begun === undefined ? noEndings : await endEachRetired(context, begun);
  const { stored = read } = await persist(
    () =>
      updateExisting(
        context.store.grants,
        read.value.grantId,
        grant => writes.settleRetired(grant, begun?.consumed.attemptId ?? '', endings, momentOf(context)),
        begun?.stored ?? read,
      ),
    deadlineAt,
    context.clock,
  );
  return { kind: 'ended', stored };
};
