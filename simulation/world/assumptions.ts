/** What the promises rest on. Each is a parameter of the simulation: `npm run simulate -- --help`. */

const MINUTE = 60_000;

export type Assumptions = {
  /** Largest difference between the clocks of any two machines; the keeper is told the same number. */
  readonly clockSkewMs: number;
  /** How far the clocks really differ. Larger than `clockSkewMs`: the assumption is broken on purpose. */
  readonly actualSkewMs: number;
  /** How long the provider replays the answer to a spent refresh token while its access token is unused; the keeper is told the same. */
  readonly replayWindowMs: number;
  /** Faults come in storms, each at most this long, well inside the replay window. */
  readonly stormMs: number;
  /** Longest `Retry-After`. A penalty is obeyed even where a replay window closes meanwhile. */
  readonly longestPenaltyMs: number;
};

export const defaultAssumptions: Assumptions = {
  clockSkewMs: 2_000,
  actualSkewMs: 2_000,
  replayWindowMs: 60 * MINUTE,
  stormMs: 20 * MINUTE,
  longestPenaltyMs: 5 * MINUTE,
};
