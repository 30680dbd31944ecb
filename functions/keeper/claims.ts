/**
 * One grant per app and owner, without transactions: the claim is written before the grant and confirmed after it. Until then
 * the grant is neither served nor refreshed. A crash anywhere leaves a claim that the same grant takes up again, or that another
 * one takes over after seeing that its holder does not live by it.
 */
import { type Claim, livesByClaim } from '../domain/claim.ts';
import { canBeSameSession, type Grant, type SessionIdentity, type Stored } from '../domain/grant.ts';
import * as writes from '../domain/writes.ts';
import { type Context, momentOf } from './attempt.ts';
import { KeeperError } from './errors.ts';
import { update, updateExisting } from './update.ts';

/** `app` and `ownerId` cannot contain the separator together: app names have none. */
const claimIdOf = ({ app, ownerId }: Pick<Claim, 'app' | 'ownerId'>): string => `${app}/${ownerId}`;

/** The other grant's id is not told: the caller may be allowed a prefix of ids only. */
export const ownerAlreadyConnected = (ownerId: string): KeeperError =>
  new KeeperError(
    'owner-already-connected',
    `RingCentral user ${ownerId} is connected as another grant already. Use that grant, or revoke it first.`,
  );

/** Claims the owner for a grant, or throws `owner-already-connected`. */
export const claimOwner = async (context: Context, wanted: Claim): Promise<void> => {
  const { store } = context;
  const id = claimIdOf(wanted);
  const current = await store.claims.get(id);
  const holderId = current?.value.grantId;
  if (holderId !== undefined && holderId !== wanted.grantId) {
    const holder = await store.grants.get(holderId);
    if (livesByClaim(current?.value ?? wanted, holder?.value)) {
      throw ownerAlreadyConnected(wanted.ownerId);
    }
  }
  // Only the very claim that was judged: a holder that has confirmed it meanwhile has written it anew.
  const result = await store.claims.write(id, current, wanted);
  if (!result.ok && result.current?.value.grantId !== wanted.grantId) {
    throw ownerAlreadyConnected(wanted.ownerId);
  }
};

/** Writes the claim once more now that the grant stands: whoever judged it before that can no longer take it over. */
export const confirmClaim = async (context: Context, stored: Stored<Grant>): Promise<Stored<Grant>> => {
  const { store } = context;
  const { grantId, app, ownerId, connectionId } = stored.value;
  const wanted: Claim = { app, ownerId, grantId };
  const { stored: claim } = await update(store.claims, claimIdOf(wanted), current =>
    current === undefined || current.grantId === grantId ? wanted : undefined,
  );
  const confirmed = claim?.value.grantId === grantId;
  const { stored: after = stored } = await updateExisting(
    store.grants,
    grantId,
    grant =>
      confirmed
        ? writes.confirmClaim(grant, connectionId, momentOf(context))
        : writes.withdraw(grant, connectionId, momentOf(context)),
    stored,
  );
  return after;
};

/**
 * Whether another grant lives by the session of this material: the owner's claim is its own, and nothing proves that the two are
 * different sessions. Then it must not be ended.
 */
export const livesElsewhere = async (
  { store }: Context,
  grantId: string,
  material: SessionIdentity,
): Promise<boolean> => {
  const claim = await store.claims.get(claimIdOf(material));
  if (claim === undefined || claim.value.grantId === grantId) return false;
  const holder = await store.grants.get(claim.value.grantId);
  return (
    holder !== undefined &&
    livesByClaim(claim.value, holder.value) &&
    canBeSameSession(holder.value, material)
  );
};
