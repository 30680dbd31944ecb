/**
 * Grants with a JWT credential (RFC 7523): how they come by their next tokens, and how their sessions are kept from piling up.
 *
 * A mint cannot be asked for again as a refresh can: each one starts a session, and if its answer is lost nobody knows that session's
 * tokens. So a mint asks for a short life, which the refresh after it prolongs, and mints keep a distance: whatever is lost, no more than
 * {@link maxUnansweredSessions} that nobody knows are alive at once, besides the one that the grant lives by. RingCentral allows five.
 */
import type { Grant } from './grant.ts';
import type { Settings } from './settings.ts';
import type { RequestedTtls } from './tokens.ts';

/** A JWT credential of one RingCentral user for one app, as configured in Secrets Manager. */
export type Credential = { readonly name: string; readonly app: string; readonly jwt: string };

/** How the next tokens are asked for: by the refresh token, by the credential, or not at all. */
export type Renewal = 'refresh' | 'mint' | 'none';

/**
 * A refresh token that has expired is not presented, unless a refresh with it was sent: then only the provider's word ends it, since it
 * may have bought a session.
 */
export const renewalOf = ({ tokens, credential, mustMint, sent }: Grant, now: number): Renewal => {
  const hasToken = tokens?.refreshToken !== undefined;
  if (credential === undefined) return hasToken ? 'refresh' : 'none';
  const expired = sent === undefined && now >= (tokens?.refreshExpiresAt ?? Number.POSITIVE_INFINITY);
  return hasToken && mustMint === undefined && !expired ? 'refresh' : 'mint';
};

export const maxUnansweredSessions = 3;

/** A sixth of the access token's usual life is the shortest that RingCentral grants: 10 minutes. */
const shortestShare = 6;

/** How long a minted session shall live unless it is prolonged: until the sweep has come round twice, each time with an attempt. */
const shortLifetimeMs = ({ accessLifetimeMs, sweepIntervalMs, leaseMs }: Settings): number =>
  Math.min(accessLifetimeMs, Math.max(accessLifetimeMs / shortestShare, 2 * (sweepIntervalMs + leaseMs)));

type Wanted = Pick<Grant, 'accessTokenTtlSeconds' | 'refreshTokenTtlSeconds'>;

const isNeverRefreshed = ({ refreshTokenTtlSeconds }: Wanted): boolean => refreshTokenTtlSeconds === 0;

const seconds = (ms: number): number => Math.ceil(ms / 1000);

/** A session without a refresh token cannot be prolonged: it has at once the life that was asked for, if one was. */
export const mintTtls = (grant: Wanted, settings: Settings): Required<RequestedTtls> => {
  const short = seconds(shortLifetimeMs(settings));
  return isNeverRefreshed(grant)
    ? { accessTokenTtlSeconds: grant.accessTokenTtlSeconds ?? short, refreshTokenTtlSeconds: 0 }
    : { accessTokenTtlSeconds: short, refreshTokenTtlSeconds: short };
};

/** Said with each refresh: a provider may otherwise give the session what it was minted with. */
export const fullTtls = (
  { accessTokenTtlSeconds, refreshTokenTtlSeconds }: Wanted,
  { accessLifetimeMs, refreshLifetimeMs }: Settings,
): Required<RequestedTtls> => ({
  accessTokenTtlSeconds: accessTokenTtlSeconds ?? seconds(accessLifetimeMs),
  refreshTokenTtlSeconds: refreshTokenTtlSeconds ?? seconds(refreshLifetimeMs),
});

/**
 * The distance between two mints. A request leaves within its lease, so two sessions that are n mints apart begin at least n distances
 * less a lease apart; from {@link maxUnansweredSessions} on the older one is over.
 */
export const mintDistanceMs = (grant: Wanted, settings: Settings): number => {
  const { accessTokenTtlSeconds } = mintTtls(grant, settings);
  return Math.ceil(
    (1000 * accessTokenTtlSeconds + settings.leaseMs + settings.maxClockSkewMs) / maxUnansweredSessions,
  );
};

/** Whether the mint before was long enough ago. */
export const isDistant = (
  mintedAt: number | undefined,
  grant: Wanted,
  now: number,
  settings: Settings,
): boolean => mintedAt === undefined || now >= mintedAt + mintDistanceMs(grant, settings);

/** Before this no mint is sent. 0 where the next tokens are not minted. */
export const mintAllowedAt = (grant: Grant, now: number, settings: Settings): number =>
  grant.mintedAt !== undefined && renewalOf(grant, now) === 'mint'
    ? grant.mintedAt + mintDistanceMs(grant, settings)
    : 0;
