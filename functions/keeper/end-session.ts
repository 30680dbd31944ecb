/** Ending sessions at the provider: a revoked grant's own, and those left over from old connections and late answers. */
import type { NothingHappened, RevokeAnswer } from '../domain/answer.ts';
import { type App, isHeld } from '../domain/app.ts';
import { type Grant, type RetiredToken, retiredIsDue, type Stored } from '../domain/grant.ts';
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

const begin = async (
  context: Context,
  read: Stored<Grant>,
  deadlineAt: number,
): Promise<Begun | undefined> => {
  const attemptId = context.randomness.id();
  const { grantId } = read.value;
  const { written, stored } = await updateExisting(
    context.store.grants,
    grantId,
    grant => writes.beginEnding(grant, attemptId, momentOf(context)),
    read,
  );
  if (!written) return undefined;
  const { connectionId, generation, attempt } = stored.value;
  const endsAt = Math.min(attempt?.endsAt ?? 0, deadlineAt);
  return {
    stored,
    consumed: { connectionId, generation, attemptId },
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

/** Tells the provider of a revocation that is recorded already. When every token has died by itself there is nothing to tell. */
export const finishRevocation = async (
  context: Context,
  read: Stored<Grant>,
  deadlineAt: number,
): Promise<EndOutcome> => {
  const { tokens } = read.value;
  if (tokens === undefined || tokensEndAt(tokens) <= context.clock.now()) {
    return recordRevoked(context, read, deadlineAt);
  }
  const ready = await prepare(context, read, deadlineAt);
  if (ready.kind !== 'ready') return ready;
  const begun = await begin(context, read, deadlineAt);
  if (begun === undefined) return { kind: 'superseded' };
  if (!begun.mayAsk()) return release(context, begun.stored, begun.consumed);
  const token = tokens.refreshToken ?? tokens.accessToken;
  const maybeSpent = begun.stored.value.sent !== undefined;
  const answer = await endSession(context, ready.app, read.value, { token, maybeSpent }, begun.mayAsk);
  return answer.kind === 'ended'
    ? recordRevoked(context, begun.stored, deadlineAt)
    : defer(context, begun, answer);
};

const endRetired = async (
  context: Context,
  retired: RetiredToken,
  mayAsk: () => boolean,
): Promise<RevokeAnswer> => {
  const found = await findApp(context.apps, retired);
  // An app that is configured no longer can never be asked: the session is left to die by itself.
  if (!found.ok) {
    return found.code === 'apps-unreadable' ? { kind: 'unknown', code: found.code } : { kind: 'ended' };
  }
  if (isHeld(await context.standings.cached(retired.app), context.clock.now())) {
    return { kind: 'unknown', code: 'app-held' };
  }
  const token = { token: retired.token, maybeSpent: retired.maybeSpent === true };
  return endSession(context, found.app, retired, token, mayAsk);
};

const endEachRetired = async (
  context: Context,
  begun: Begun,
): Promise<{ endings: writes.Endings; limited?: NothingHappened }> => {
  const { grantId, retired } = begun.stored.value;
  const ended = new Set<string>();
  const failed = new Set<string>();
  for (const token of retired.filter(entry => retiredIsDue(entry, context.clock.now()))) {
    if (!begun.mayAsk()) break;
    const answer = await endRetired(context, token, begun.mayAsk);
    if (answer.kind === 'limited') return { endings: { ended, failed }, limited: answer };
    (answer.kind === 'ended' ? ended : failed).add(token.token);
    if (answer.kind === 'ended') context.observe({ type: 'retired-session-ended', grantId });
  }
  return { endings: { ended, failed } };
};

/** Ends the sessions that no grant lives by any more, one after the other. Only a rate limit holds the grant itself. */
export const endRetiredSessions = async (
  context: Context,
  read: Stored<Grant>,
  deadlineAt: number,
): Promise<EndOutcome> => {
  const ready = await prepare(context, read, deadlineAt);
  if (ready.kind !== 'ready') return ready;
  const begun = await begin(context, read, deadlineAt);
  if (begun === undefined) return { kind: 'superseded' };
  const { endings, limited } = await endEachRetired(context, begun);
  if (limited !== undefined) return defer(context, begun, limited);
  const { stored = begun.stored } = await updateExisting(
    context.store.grants,
    begun.stored.value.grantId,
    grant => writes.settleRetired(grant, begun.consumed.attemptId, endings, momentOf(context)),
    begun.stored,
  );
  return { kind: 'ended', stored };
};
