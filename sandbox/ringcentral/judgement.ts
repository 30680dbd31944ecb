/** Whether a request was needless, and what its client has learnt: the definitions stand in `ledger.ts`. */

import { type Arrival, spentToken } from './arrival.ts';
import type { GrantResult } from './grants.ts';
import { markNeedless } from './ledger.ts';
import { isPenalised } from './rate-limit.ts';
import type { State } from './state.ts';

/** Marks the request as needless for this reason, unless a crash of its client was declared: then that is used up. */
const blame = (
  state: State,
  { entry, session }: Arrival,
  reason: 'concurrent' | 'after-refusal' | 'replay-after-delivery',
) => {
  if (session?.forgiven) session.forgiven = false;
  else markNeedless(state.ledger, entry, reason);
};

/** At arrival: what is avoidable whatever becomes of the request. */
export const judgeArrival = (state: State, arrival: Arrival): void => {
  const { bucket, entry, concurrent } = arrival;
  if (bucket?.penalty?.announced && isPenalised(bucket, entry.at))
    markNeedless(state.ledger, entry, 'in-penalty');
  else if (concurrent) blame(state, arrival, 'concurrent');
};

export const judgeResult = (state: State, arrival: Arrival, result: GrantResult): void => {
  const { counts } = state.ledger;
  const { entry, session, refusedBefore, spentDelivered, concurrent } = arrival;
  if (session === undefined) return;
  const before = entry.needless;
  if (result.outcome === 'refused' && refusedBefore) blame(state, arrival, 'after-refusal');
  else if (spentDelivered) blame(state, arrival, 'replay-after-delivery');
  if (result.outcome !== 'replayed') return;
  if (before === undefined && entry.needless === undefined && !concurrent) counts.replaysAfterLoss += 1;
  session.forgiven = false;
};

/** Codes that say that the presented refresh token is dead. */
export const deadTokenCodes: ReadonlySet<string> = new Set(['OAU-140', 'OAU-210', 'OAU-211', 'OAU-213']);

/** What the client knows from now on. */
export const noteDelivered = (arrival: Arrival): void => {
  const { entry, session, bucket } = arrival;
  const answered =
    entry.outcome === 'refreshed' || entry.outcome === 'replayed' ? spentToken(arrival) : undefined;
  if (answered) answered.delivered = true;
  if (entry.outcome === 'refused' && session && deadTokenCodes.has(entry.code ?? '')) session.refused = true;
  if (entry.outcome === 'limited' && bucket?.penalty) bucket.penalty.announced = true;
};
