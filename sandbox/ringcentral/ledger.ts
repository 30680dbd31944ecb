/**
 * What was asked of the provider: a log of every request to the token and revoke endpoints, and counts. No token ever enters it.
 *
 * The count that matters to a test is `needless`: requests that a careful client would not have made. Each request is
 * counted there once at most, under the first reason that applies:
 *
 * - `in-penalty`: it arrived during a penalty of which a 429 had already told somebody.
 * - `concurrent`: it arrived while another refresh of the same session was in flight (arrived, neither answered nor given up).
 * - `after-refusal`: it was refused, and an earlier refusal of the same session had reached its client.
 * - `replay-after-delivery`: it presented a spent refresh token although the answer of the request that spent it, or of
 *   its latest replay, was handed over to a connection that was still open.
 *
 * Not needless: presenting a spent token after a lost answer (dropped, cut, replaced by a fault, or the client had gone):
 * `replaysAfterLoss`. A client that received the answer and died before it stored it looks like the last case from here: whoever
 * kills it says so with `forgiveNext`, and the session's next refresh is not held against it (a penalty is never forgiven).
 */

import type { RefusalCode } from './answers.ts';
import type { GrantType } from './config.ts';
import type { Delivery } from './session.ts';

export type NeedlessReason = 'in-penalty' | 'concurrent' | 'after-refusal' | 'replay-after-delivery';

/** `unprocessed`: a fault swallowed it before the provider saw it. `unknown`, `spent`: tokens presented to revoke. */
export type Outcome =
  | 'unprocessed'
  | 'issued'
  | 'refreshed'
  | 'replayed'
  | 'refused'
  | 'limited'
  | 'revoked'
  | 'unknown'
  | 'spent';

export type LogEntry = {
  readonly seq: number;
  /** When it arrived, epoch ms. */
  readonly at: number;
  readonly endpoint: 'token' | 'revoke';
  readonly grantType?: GrantType;
  readonly clientId?: string;
  readonly ownerId?: string;
  sessionId?: string;
  outcome: Outcome;
  code?: RefusalCode;
  /** A spent refresh token was answered with the tokens it had been exchanged for. */
  replay: boolean;
  needless?: NeedlessReason;
  delivery: Delivery;
  /** Kind of the fault that was applied. */
  fault?: string;
};

const names = [
  'tokenRequests',
  'issued',
  'refreshed',
  'replayed',
  'refused',
  'limited',
  'unprocessed',
  'refusedRefreshes',
  'replaysAfterLoss',
  'replaysAfterDelivery',
  'refreshesAfterRefusal',
  'concurrentRefreshes',
  'inPenalty',
  'needless',
  'revokeRequests',
  'revoked',
  'revokedUnknown',
  'revokedSpent',
  'resourceAccepted',
  'resourceRefused',
] as const;

export type CountName = (typeof names)[number];
export type Counts = Record<CountName, number>;

export type Ledger = {
  readonly counts: Counts;
  entries: LogEntry[];
  nextSeq: number;
  readonly maxEntries: number;
};

export const zeroCounts = (): Counts => Object.fromEntries(names.map(name => [name, 0])) as Counts;

export const createLedger = (maxEntries: number): Ledger => ({
  counts: zeroCounts(),
  entries: [],
  nextSeq: 1,
  maxEntries,
});

export const addEntry = (
  ledger: Ledger,
  entry: Omit<LogEntry, 'seq' | 'outcome' | 'replay' | 'delivery'>,
): LogEntry => {
  const added: LogEntry = {
    seq: ledger.nextSeq,
    ...entry,
    outcome: 'unprocessed',
    replay: false,
    delivery: 'pending',
  };
  ledger.nextSeq += 1;
  ledger.entries.push(added);
  // Trimmed in halves, so that a long run does not copy the whole log at every request.
  if (ledger.entries.length >= 2 * ledger.maxEntries)
    ledger.entries = ledger.entries.slice(-ledger.maxEntries);
  ledger.counts[entry.endpoint === 'token' ? 'tokenRequests' : 'revokeRequests'] += 1;
  ledger.counts.unprocessed += 1;
  return added;
};

const countOfOutcome: Readonly<Record<Outcome, CountName>> = {
  unprocessed: 'unprocessed',
  issued: 'issued',
  refreshed: 'refreshed',
  replayed: 'replayed',
  refused: 'refused',
  limited: 'limited',
  revoked: 'revoked',
  unknown: 'revokedUnknown',
  spent: 'revokedSpent',
};

export const setOutcome = (ledger: Ledger, entry: LogEntry, outcome: Outcome): void => {
  ledger.counts[countOfOutcome[entry.outcome]] -= 1;
  ledger.counts[countOfOutcome[outcome]] += 1;
  entry.outcome = outcome;
  entry.replay = outcome === 'replayed';
};

const countOfReason: Readonly<Record<NeedlessReason, CountName>> = {
  'in-penalty': 'inPenalty',
  concurrent: 'concurrentRefreshes',
  'after-refusal': 'refreshesAfterRefusal',
  'replay-after-delivery': 'replaysAfterDelivery',
};

/** The first reason stays. */
export const markNeedless = (ledger: Ledger, entry: LogEntry, reason: NeedlessReason): void => {
  if (entry.needless !== undefined) return;
  entry.needless = reason;
  ledger.counts[countOfReason[reason]] += 1;
  ledger.counts.needless += 1;
};
