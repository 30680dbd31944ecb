/** Revoking a grant and undoing a verdict. */
import type { Grant, Stored } from '../domain/grant.ts';
import * as writes from '../domain/writes.ts';
import { type Context, momentOf } from './attempt.ts';
import { finishRevocation } from './end-session.ts';
import { grantNotFound, KeeperError } from './errors.ts';
import { updateExisting } from './update.ts';

/**
 * Recorded here first: from that write on nobody is served, whatever happens upstream. Then the provider is told, if it can be asked
 * now; otherwise the state stays `revoking` and the sweep finishes it.
 */
export const revokeGrant = async (context: Context, grantId: string, deadlineAt: number): Promise<Grant> => {
  const { written, stored } = await updateExisting(context.store.grants, grantId, grant =>
    writes.revoke(grant, momentOf(context)),
  );
  if (stored === undefined) throw grantNotFound();
  const { state, generation } = stored.value;
  if (written) context.observe({ type: 'revoking', grantId, generation });
  return state === 'revoking' ? tellUpstream(context, stored, deadlineAt) : stored.value;
};

/** The revocation is recorded: a failure from here on is the sweep's to mend, not the caller's. */
const tellUpstream = async (context: Context, stored: Stored<Grant>, deadlineAt: number): Promise<Grant> => {
  try {
    const outcome = await finishRevocation(context, stored, deadlineAt);
    const after = outcome.kind === 'ended' ? outcome.stored.value : stored.value;
    // The account may have been connected anew meanwhile: the answer is about what was revoked.
    return after.connectionId === stored.value.connectionId ? after : stored.value;
  } catch (error) {
    context.observe({ type: 'failed', grantId: stored.value.grantId, error: (error as Error).name });
    return stored.value;
  }
};

/** Has a condemned grant tried again by the sweep; an active one is left as it is. */
export const reinstateGrant = async (context: Context, grantId: string): Promise<Stored<Grant>> => {
  const { written, stored } = await updateExisting(context.store.grants, grantId, grant =>
    writes.reinstate(grant, momentOf(context)),
  );
  if (stored === undefined) throw grantNotFound();
  const { state } = stored.value;
  if (state === 'revoking' || state === 'revoked') {
    throw new KeeperError(
      'grant-revoked',
      'A revoked grant cannot be reinstated. Connect the account again.',
    );
  }
  if (state === 'reauthorize') {
    throw new KeeperError(
      'reauthorization-required',
      'The grant has no refresh token to try again with. Its owner must authorise again.',
    );
  }
  if (written) context.observe({ type: 'reinstated', grantId });
  return stored;
};
