/** One refresh or mint of one grant, from the attempt to the commit. */
import type { TokenAnswer } from '../domain/answer.ts';
import type { Grant, Stored } from '../domain/grant.ts';
import { renewalOf } from '../domain/mint.ts';
import { retiredToken } from '../domain/retired.ts';
import { type TokenResponse, tokensEndAt, toTokens } from '../domain/tokens.ts';
import * as writes from '../domain/writes.ts';
import {
  type Attempted,
  type Context,
  defer,
  fitsBefore,
  holdMisconfigured,
  momentOf,
  type NotDone,
  prepare,
  release,
} from './attempt.ts';
import { askForTokens, findMeans, type Means } from './means.ts';
import { persist, updateExisting } from './update.ts';

export type RefreshOutcome =
  | { readonly kind: 'refreshed'; readonly stored: Stored<Grant> }
  | { readonly kind: 'refused' }
  | NotDone;

type Begun = Attempted & {
  readonly sentAt: number;
  readonly replayed: boolean;
  readonly reason: writes.RefreshReason;
};

/**
 * Refreshes a grant as read. The order is what makes a crash at any point recoverable: the attempt and `sent` are stored before the
 * request leaves, and the answer is stored before anyone can see it. A crash in between leaves `sent` standing, and the next attempt
 * presents the same refresh token again, inside the provider's replay window. A mint cannot be asked for again: the session of a lost
 * answer dies by itself, and the next mint keeps its distance (`domain/mint.ts`).
 */
export const refresh = async (
  context: Context,
  read: Stored<Grant>,
  reason: writes.RefreshReason,
  deadlineAt: number,
): Promise<RefreshOutcome> => {
  const ready = await prepare(context, read, deadlineAt);
  if (ready.kind !== 'ready') return ready;
  const found = await findMeans(context, read.value);
  if (!found.ok) return holdMisconfigured(context, read, found.code);
  const begun = await begin(context, read, reason, found.means, deadlineAt);
  if (begun === undefined) return { kind: 'superseded' };
  const endsAt = begun.stored.value.attempt?.endsAt ?? 0;
  const mayAsk = () => fitsBefore(context, Math.min(endsAt, deadlineAt));
  // Writing the attempt may have taken long: a request that could outlive it is not sent.
  if (!mayAsk()) return release(context, begun.stored, begun.consumed);
  const answer = await askForTokens(context, ready.app, begun.stored.value, found.means, mayAsk);
  return settle(context, begun, answer);
};

const begin = async (
  context: Context,
  read: Stored<Grant>,
  reason: writes.RefreshReason,
  { kind }: Means,
  deadlineAt: number,
): Promise<Begun | undefined> => {
  const { grantId, connectionId, generation } = read.value;
  const sentAt = context.clock.now();
  const { written, stored } = await updateExisting(
    context.store.grants,
    grantId,
    grant =>
      grant.connectionId === connectionId &&
      grant.generation === generation &&
      (renewalOf(grant, context.clock.now()) === 'mint') === (kind === 'mint')
        ? // A new id for each decision: one that landed unseen may have been over since, and its `sent` be somebody else's question.
          writes.beginRefresh(grant, context.randomness.id(), reason, momentOf(context))
        : undefined,
    read,
  );
  const attemptId = stored?.value.attempt?.id;
  if (!written || attemptId === undefined) return undefined;
  const mint = kind === 'mint';
  const replayed = !mint && stored.value.sent?.by !== attemptId;
  return {
    stored,
    consumed: { connectionId, generation, attemptId, ...(mint && { mint }) },
    sentAt,
    replayed,
    reason,
    deadlineAt,
  };
};

const settle = (context: Context, begun: Begun, answer: TokenAnswer): Promise<RefreshOutcome> => {
  switch (answer.kind) {
    case 'rotated':
      return isStrangers(begun, answer.response)
        ? refuseStranger(context, begun, answer.response)
        : store(context, begun, answer.response);
    case 'refused':
      return noteRefusal(context, begun, answer.code);
    case 'misconfigured':
    case 'limited':
    case 'unknown':
      return defer(context, begun, answer);
  }
};

/** The answer is in hand and nowhere else: storing it is tried until the invocation's time is nearly over. */
const store = async (context: Context, begun: Begun, response: TokenResponse): Promise<RefreshOutcome> => {
  const { clock, randomness, observe } = context;
  const { grantId } = begun.stored.value;
  const jitter = randomness.fraction();
  const { sentAt, consumed } = begun;
  const { connectionId: _, generation: __, ...attempt } = consumed;
  const lost = { grant: begun.stored.value, ...attempt, response, sentAt };
  try {
    const { written, stored } = await persist(
      () =>
        updateExisting(
          context.store.grants,
          grantId,
          grant =>
            // Stored already, by a first try whose answer was lost or by another worker's replay.
            grant.tokens?.accessToken === response.accessToken
              ? undefined
              : (writes.commit(grant, consumed, response, sentAt, jitter, momentOf(context)) ??
                writes.retire(grant, lost, momentOf(context))),
          begun.stored,
        ),
      begun.deadlineAt,
      clock,
    );
    const holdsAnswer = stored?.value.tokens?.accessToken === response.accessToken;
    if (stored === undefined || !holdsAnswer) {
      if (written) observe({ type: 'late-answer-retired', grantId });
      return { kind: 'superseded' };
    }
    if (written) await succeeded(context, begun, stored.value);
    return { kind: 'refreshed', stored };
  } catch (error) {
    observe({ type: 'commit-failed', grantId, error: (error as Error).name });
    throw error;
  }
};

const succeeded = async (context: Context, begun: Begun, grant: Grant): Promise<void> => {
  const { grantId, strategy, generation, tokens, dueAt } = grant;
  context.observe({
    type: begun.consumed.mint ? 'minted' : 'refreshed',
    grantId,
    reason: begun.reason.kind,
    strategy,
    generation,
    replayed: begun.replayed,
    accessExpiresAt: tokens?.accessExpiresAt ?? 0,
    ...(tokens?.refreshExpiresAt !== undefined && { refreshExpiresAt: tokens.refreshExpiresAt }),
    ...(dueAt !== undefined && { dueAt }),
  });
  if (context.settings.refreshedEvents) {
    await context.events.publish({ type: 'Grant Refreshed', detail: { grantId, generation, strategy } });
  }
  // The token is stored: whatever fails from here on must not look like a failed refresh.
  await context.standings.succeeded(grant.app).catch(() => undefined);
};

/** The credential has been replaced by another user's. */
const isStrangers = ({ consumed, stored }: Begun, { ownerId }: TokenResponse): boolean =>
  consumed.mint === true && ownerId !== undefined && ownerId !== stored.value.ownerId;

/** Another user's session is never a grant's: it is ended, and the credential is refused as if the provider had done so. */
const refuseStranger = async (
  context: Context,
  begun: Begun,
  response: TokenResponse,
): Promise<RefreshOutcome> => {
  const { store, settings, clock } = context;
  const { consumed, sentAt, deadlineAt, stored } = begun;
  const { app, server, clientId, ownerId } = stored.value;
  const tokens = toTokens(response, sentAt, undefined, settings);
  const issued = { ownerId, ...response, app, server, clientId, startedBy: consumed.attemptId };
  const entry = retiredToken(issued, tokens.refreshToken ?? tokens.accessToken, tokensEndAt(tokens));
  await persist(
    () =>
      updateExisting(store.grants, stored.value.grantId, grant =>
        writes.retireSession(grant, entry, momentOf(context)),
      ),
    deadlineAt,
    clock,
  );
  return noteRefusal(context, begun, 'owner-mismatch');
};

/** The app's row of refusals first, so that no verdict can be passed without this one in it. */
const noteRefusal = async (context: Context, begun: Begun, code: string): Promise<RefreshOutcome> => {
  const { value: grant } = begun.stored;
  const { grantId } = grant;
  const { written } = await persist(
    async () => {
      await context.standings.refused(grant);
      return updateExisting(
        context.store.grants,
        grantId,
        current => writes.refuse(current, begun.consumed, verdictOf(begun, code), momentOf(context)),
        begun.stored,
      );
    },
    begun.deadlineAt,
    context.clock,
  );
  if (!written) return { kind: 'superseded' };
  context.observe({ type: 'refused', grantId, code });
  return { kind: 'refused' };
};

/** What the grant's verdict is to say: a refused credential is not mended by its owner logging in. */
const verdictOf = ({ consumed }: Begun, code: string): string =>
  consumed.mint === true ? 'credential-refused' : code;
