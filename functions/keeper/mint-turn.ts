/** Mints for a new connection take turns, so that requests repeated after lost answers leave no pile of sessions. */
import { goodStanding, heldUntil } from '../domain/app.ts';
import type { Grant, Stored } from '../domain/grant.ts';
import { mintDistanceMs } from '../domain/mint.ts';
import type { RequestedTtls } from '../domain/tokens.ts';
import * as writes from '../domain/writes.ts';
import { type Context, momentOf } from './attempt.ts';
import { KeeperError } from './errors.ts';
import { update, updateExisting } from './update.ts';

/** Gives the turn back: nothing can have been minted. */
export type GiveBack = () => Promise<void>;

const tooSoon = (retryAfterMs: number): KeeperError =>
  new KeeperError(
    'provider-unavailable',
    'RingCentral was asked for this a moment ago, and has asked for silence or not answered yet. Ask again after that time.',
    retryAfterMs,
  );

/** Where there is a record, it keeps the time, for the grant's own mints as well. */
const takeGrantsTurn = async (
  context: Context,
  { value: { grantId } }: Stored<Grant>,
  ttls: RequestedTtls,
): Promise<GiveBack> => {
  const { store, clock, settings } = context;
  const { written, stored } = await updateExisting(store.grants, grantId, grant =>
    writes.noteMint(grant, ttls, momentOf(context)),
  );
  const { mintedAt = 0, holdUntil = 0 } = stored?.value ?? {};
  if (!written) throw tooSoon(Math.max(mintedAt + mintDistanceMs(ttls, settings), holdUntil) - clock.now());
  return async () => {
    await updateExisting(store.grants, grantId, grant =>
      writes.forgetMint(grant, mintedAt, momentOf(context)),
    );
  };
};

/** Before there is one, a standing of the credential's own does. No app has such a name. */
const standingOf = (credential: string): string => `jwt/${credential}`;

const takeCredentialsTurn = async (
  { store, clock, settings }: Context,
  credential: string,
  ttls: RequestedTtls,
): Promise<GiveBack> => {
  const name = standingOf(credential);
  const probeUntil = clock.now() + mintDistanceMs(ttls, settings);
  const { written, stored } = await update(store.standings, name, (current = goodStanding(name)) =>
    clock.now() < heldUntil(current) ? undefined : { ...current, probeUntil },
  );
  if (!written) throw tooSoon(heldUntil(stored?.value ?? goodStanding(name)) - clock.now());
  return async () => {
    await update(store.standings, name, current =>
      current?.probeUntil === probeUntil ? goodStanding(name) : undefined,
    );
  };
};

/** Throws `provider-unavailable` where the mint before is too near. */
export const takeTurn = (
  context: Context,
  credential: string,
  ttls: RequestedTtls,
  before: Stored<Grant> | undefined,
): Promise<GiveBack> =>
  before === undefined
    ? takeCredentialsTurn(context, credential, ttls)
    : takeGrantsTurn(context, before, ttls);
