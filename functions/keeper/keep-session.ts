/** A session that was just started becomes a grant's, or is ended. */
import type { Grant, Stored } from '../domain/grant.ts';
import type { TokenResponse } from '../domain/tokens.ts';
import * as writes from '../domain/writes.ts';
import { type Context, momentOf } from './attempt.ts';
import { claimOwner, confirmClaim, ownerAlreadyConnected } from './claims.ts';
import { KeeperError } from './errors.ts';
import { type Asked, discard, type Obtained } from './new-session.ts';
import { persist, update } from './update.ts';

/** What is to become of the grant, given each version that is written upon. */
export type Newcomer = {
  /** Why these tokens may not become the grant's. */
  readonly objection: (current: Grant | undefined) => KeeperError | undefined;
  readonly connectionOf: (current: Grant | undefined) => writes.Connection;
};

/** The answer's tokens with their owner; throws where there is none, and ends the session that nobody could be given. */
export const withOwner = async (
  context: Context,
  { app }: Asked,
  response: TokenResponse,
): Promise<Obtained['response']> => {
  const { ownerId, refreshToken, accessToken } = response;
  if (ownerId !== undefined) return { ...response, ownerId };
  await context.tokenEndpoint.revoke(app, refreshToken ?? accessToken);
  throw new KeeperError('misconfigured', "RingCentral's answer names no user (owner_id).");
};

/**
 * The tokens are in hand and nowhere else: storing them is tried until the invocation's time is nearly over. The fence is the
 * connection as read before they were asked for: another one that came since stays, and is what is returned.
 */
const store = async (
  context: Context,
  { app, grantId, deadlineAt }: Asked,
  obtained: Obtained,
  before: Stored<Grant> | undefined,
  { objection, connectionOf }: Newcomer,
): Promise<Stored<Grant>> => {
  const { store: records, randomness, clock } = context;
  const { ownerId } = obtained.response;
  // Before the claim: an owner that is refused must not leave one behind.
  const atOnce = objection(before?.value);
  if (atOnce !== undefined) throw atOnce;
  await persist(() => claimOwner(context, { app: app.name, ownerId, grantId }), deadlineAt, clock);
  const jitter = randomness.fraction();
  let refused: KeeperError | undefined;
  const { stored } = await persist(
    () =>
      update(records.grants, grantId, current => {
        refused = objection(current);
        if (refused !== undefined) return undefined;
        // Stored already, by a first try whose answer was lost; or replaced since then, and its session ended.
        if (current?.connectionId !== before?.value.connectionId) return undefined;
        return writes.connect(current, connectionOf(current), jitter, momentOf(context));
      }),
    deadlineAt,
    clock,
  );
  if (refused !== undefined) throw refused;
  if (stored === undefined) throw new Error('a grant that was connected is always stored');
  return stored;
};

/** After a write whose outcome is not known. What may be the live session is never ended. */
const maybeStored = async (
  context: Context,
  grantId: string,
  { connectionId }: Obtained,
): Promise<boolean> => {
  try {
    return (await context.store.grants.get(grantId))?.value.connectionId === connectionId;
  } catch {
    return true;
  }
};

/** Returns what is stored then: this connection, or another one that came before it. What is not stored is ended. */
export const keepSession = async (
  context: Context,
  asked: Asked,
  obtained: Obtained,
  before: Stored<Grant> | undefined,
  newcomer: Newcomer,
): Promise<Stored<Grant>> => {
  const { grantId, deadlineAt } = asked;
  try {
    const stored = await store(context, asked, obtained, before, newcomer);
    if (stored.value.connectionId !== obtained.connectionId) {
      await discard(context, asked, obtained);
      return stored;
    }
    context.observe({ type: 'connected', grantId, generation: stored.value.generation });
    const confirmed = await persist(() => confirmClaim(context, stored), deadlineAt, context.clock);
    const { claimed, connectionId, ownerId } = confirmed.value;
    if (!claimed && connectionId === obtained.connectionId) throw ownerAlreadyConnected(ownerId);
    return confirmed;
  } catch (error) {
    if (error instanceof KeeperError || !(await maybeStored(context, grantId, obtained))) {
      await discard(context, asked, obtained).catch(() => undefined);
    }
    throw error;
  }
};
