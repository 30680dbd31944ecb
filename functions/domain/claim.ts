/** The claim on an owner: it makes sure that an app has one grant per RingCentral user, since two would fight over one token. */
import type { Grant } from './grant.ts';

export type Claim = { readonly app: string; readonly ownerId: string; readonly grantId: string };

/** Whether the grant that a claim names really lives by it. If not, a connection was never finished, or has ended. */
export const livesByClaim = (claim: Claim, holder: Grant | undefined): boolean =>
  holder !== undefined &&
  holder.grantId === claim.grantId &&
  holder.app === claim.app &&
  holder.ownerId === claim.ownerId &&
  holder.state !== 'revoked';
