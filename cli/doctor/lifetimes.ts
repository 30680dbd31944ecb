/** When a grant is refreshed, from what is known of its tokens. Pure. */
import { marginShare, type Settings } from '../../functions/domain/settings.ts';
import type { Grant } from '../keeper.ts';

const sinceStored = (grant: Grant, end: string): number => Date.parse(end) - Date.parse(grant.rotatedAt);

/** A margin never takes more than a third of what was granted. */
const lessMargin = (lifetimeMs: number, marginMs: number): number =>
  Math.max(1, lifetimeMs - Math.min(marginMs, lifetimeMs * marginShare));

export const refreshMarginOf = (grant: Grant, { refreshMarginMs }: Settings): number =>
  Math.min(
    refreshMarginMs,
    grant.refreshExpiresAt === undefined
      ? refreshMarginMs
      : sinceStored(grant, grant.refreshExpiresAt) * marginShare,
  );

/** Time between two refreshes: of a grant that is always in use, and of one that nobody uses. */
export const refreshIntervals = (
  grant: Grant,
  settings: Settings,
): { readonly inUseMs: number; readonly unusedMs: number } => {
  const { accessExpiresAt, refreshExpiresAt, strategy } = grant;
  const accessMs =
    accessExpiresAt === undefined ? settings.accessLifetimeMs : sinceStored(grant, accessExpiresAt);
  const refreshMs =
    refreshExpiresAt === undefined ? settings.refreshLifetimeMs : sinceStored(grant, refreshExpiresAt);
  const weeklyMs = lessMargin(refreshMs, settings.refreshMarginMs);
  const inUseMs = Math.min(lessMargin(accessMs, settings.accessMarginMs), weeklyMs);
  return { inUseMs, unusedMs: strategy === 'hourly' ? inUseMs : weeklyMs };
};

/** How long a grant may be due before the sweep is late: two rounds, and the attempt of a worker that died. */
export const lateAfterMs = ({ sweepIntervalMs, leaseMs }: Settings): number => 2 * sweepIntervalMs + leaseMs;

/** One that a person authorised; others are minted again by themselves. */
export const isOfUser = (grant: Grant): boolean => grant.kind !== 'jwt';
