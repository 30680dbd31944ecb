/** Writes around a verdict: what ends a grant that the provider refuses, and what undoes it. */
import { type Grant, isRenewable } from './grant.ts';
import { type Consumed, deleteAt, isMine, isStillStored, type Moment, without, written } from './write.ts';

/** Notes a definite refusal. The verdict comes later: a refusal of many grants at once must be seen as such first. */
export const refuse = (grant: Grant, consumed: Consumed, code: string, moment: Moment): Grant | undefined => {
  const applies = isMine(grant, consumed) && isStillStored(grant, consumed) && grant.state === 'active';
  if (!applies) return undefined;
  const refusal = { code, at: moment.now };
  // A mint that was refused has started no session: the next one need not keep its distance from it.
  const rest = without(grant, 'attempt', 'sent', ...(consumed.mint ? (['mintedAt'] as const) : []));
  return written({ ...rest, refusal, lastError: refusal }, moment);
};

const condemned = (grant: Grant, code: string, moment: Moment): Grant =>
  written(
    {
      ...without(grant, 'refusal', 'refreshAt', 'absolvedAt'),
      state: 'reauthorize',
      condemnedAt: moment.now,
      lastError: { code, at: moment.now },
      announcement: 'Grant Needs Reauthorization',
    },
    moment,
  );

/** A refusal of its refresh token ends a session, and not a grant that has a credential: the next tokens are minted. */
const mayMint = ({ credential, mustMint }: Grant): boolean =>
  credential !== undefined && mustMint === undefined;

/** The dead token is kept until the mint has brought another session: then it is retired with its own. */
const startedOver = (grant: Grant, moment: Moment): Grant =>
  written({ ...without(grant, 'refusal'), mustMint: true, cacheUntil: 0, refreshAt: moment.now }, moment);

/** Passes the verdict on a refusal once its delay is over. */
export const condemn = (grant: Grant, moment: Moment): Grant | undefined => {
  const { state, refusal } = grant;
  const isDue = refusal !== undefined && moment.now >= refusal.at + moment.settings.verdictDelayMs;
  if (state !== 'active' || !isDue) return undefined;
  return mayMint(grant) ? startedOver(grant, moment) : condemned(grant, refusal.code, moment);
};

/**
 * Drops a refusal that came while the app itself was in doubt: the grant is tried again when the app's hold is over; by a mint where it has
 * a credential, since that can prove the app good while every refresh token is dead.
 */
export const absolve = (grant: Grant, until: number, moment: Moment): Grant | undefined =>
  grant.state === 'active' && grant.refusal !== undefined
    ? written(
        {
          ...without(grant, 'refusal'),
          holdUntil: Math.max(grant.holdUntil ?? 0, until),
          failures: grant.failures + 1,
          cacheUntil: 0,
          refreshAt: moment.now,
          absolvedAt: moment.now,
          ...(grant.credential !== undefined && { mustMint: true as const }),
        },
        moment,
      )
    : undefined;

/** A grant that cannot be renewed ends with its access token. */
export const expire = (grant: Grant, moment: Moment): Grant | undefined =>
  grant.state === 'active' &&
  grant.tokens !== undefined &&
  !isRenewable(grant) &&
  moment.now >= grant.tokens.accessExpiresAt
    ? condemned(grant, 'access-token-expired', moment)
    : undefined;

/**
 * Withdraws a grant whose owner turned out to be another grant's. Its session may be that grant's too, so the provider is not told, and
 * nobody is: whoever connected it is answered that the owner is connected already.
 */
export const withdraw = (grant: Grant, connectionId: string, moment: Moment): Grant | undefined =>
  grant.state === 'active' && !grant.claimed && grant.connectionId === connectionId
    ? written(
        {
          ...without(grant, 'tokens', 'refreshAt', 'announcement'),
          state: 'revoked',
          generation: grant.generation + 1,
          cacheUntil: 0,
          deleteAt: deleteAt(moment),
        },
        moment,
      )
    : undefined;

/** Tries a condemned grant again. What it has stored is served to nobody before a refresh has succeeded. */
export const reinstate = (grant: Grant, moment: Moment): Grant | undefined =>
  grant.state === 'reauthorize' && isRenewable(grant)
    ? written(
        {
          ...without(grant, 'announcement', 'refusal'),
          state: 'active',
          cacheUntil: 0,
          refreshAt: moment.now,
        },
        moment,
      )
    : undefined;
