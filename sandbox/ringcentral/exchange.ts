/**
 * One request to the token or revoke endpoint, in the three moments that matter: it arrives, it is processed, and its answer
 * is delivered or lost. They are apart so that whoever carries the bytes (or a test) can fail between any two of them.
 */

import { type Answer, empty, json, type RefusalCode, refuse } from './answers.ts';
import { type Arrival, type AuthRequest, look, spentToken } from './arrival.ts';
import type { App } from './config.ts';
import { claimedCredentials, credentialsAreRight, type Params } from './credentials.ts';
import { grant } from './grants.ts';
import { endSession } from './issue.ts';
import { deadTokenCodes, judgeArrival, judgeResult, noteDelivered } from './judgement.ts';
import { type LogEntry, setOutcome } from './ledger.ts';
import { admit, penalise, type Verdict } from './rate-limit.ts';
import { type Session, tokenResponse } from './session.ts';
import { findToken } from './session-store.ts';
import type { State } from './state.ts';

export type Exchange = {
  /** Whose token, code or credential the request carries, if known. */
  readonly ownerId: string | undefined;
  /** Has its effects, and says what is to be answered. Once at most. */
  readonly process: () => Answer;
  /** Answers 429 instead and starts a penalty. Default length: the provider's own. */
  readonly penalise: (penaltyMs?: number) => Answer;
  /** Notes the fault that was applied. */
  readonly faulted: (fault: string) => void;
  /** Where the answer went; the first call counts. May come before {@link process}: a client that has gone. */
  readonly settle: (delivery: 'delivered' | 'lost') => void;
};

const countInFlight = (state: State, session: Session | undefined, change: 1 | -1): void => {
  if (session === undefined) return;
  const count = (state.inFlight.get(session.id) ?? 0) + change;
  if (count > 0) state.inFlight.set(session.id, count);
  else state.inFlight.delete(session.id);
};

const partyOf = ({ at, clientId, ownerId, sessionId }: LogEntry) => ({
  at,
  ...(clientId === undefined ? {} : { clientId }),
  ...(ownerId === undefined ? {} : { ownerId }),
  ...(sessionId === undefined ? {} : { sessionId }),
});

const needlessOf = ({ needless }: LogEntry) => (needless === undefined ? {} : { needless });

const limited = (state: State, { entry }: Arrival, verdict: Verdict): Answer => {
  setOutcome(state.ledger, entry, 'limited');
  entry.code = 'CMN-301';
  state.revision += 1;
  state.emit({ type: 'limited', ...partyOf(entry), ...needlessOf(entry) });
  return refuse('CMN-301', undefined, verdict.headers);
};

const refused = (state: State, { entry }: Arrival, code: RefusalCode, detail?: string): Answer => {
  setOutcome(state.ledger, entry, 'refused');
  entry.code = code;
  state.emit({ type: 'refused', ...partyOf(entry), errorCode: code, ...needlessOf(entry) });
  return refuse(code, detail);
};

const token = (state: State, arrival: Arrival, app: App, params: Params): Answer => {
  const { entry } = arrival;
  const result = grant(state, app, params);
  if (result.session !== undefined) entry.sessionId = result.session.id;
  judgeResult(state, arrival, result);
  if (result.outcome === 'refused') {
    if (entry.grantType === 'refresh_token' && deadTokenCodes.has(result.code))
      state.ledger.counts.refusedRefreshes += 1;
    return refused(state, arrival, result.code, result.detail);
  }
  setOutcome(state.ledger, entry, result.outcome);
  const spent = spentToken(arrival);
  // Whoever asks again may have died in between. A request whose client has left says nothing of that kind.
  if (spent !== undefined && entry.delivery === 'pending') spent.delivered = false;
  state.emit({
    type: result.outcome,
    ...partyOf(entry),
    ownerId: result.session.ownerId,
    ...needlessOf(entry),
  });
  // Fresh tokens are answered with their whole lifetime, however long the processing took.
  const asOf = result.outcome === 'replayed' ? state.clock() : result.session.tokens.issuedAt;
  return json(200, tokenResponse(result.session, asOf));
};

/**
 * RFC 7009 §2: any live token of a session ends all of it; what is unknown, or another app's, is answered 200 as well. A spent
 * token ends nothing.
 */
const revoke = (state: State, { entry }: Arrival, app: App, params: Params): Answer => {
  const found = findToken(state.sessions, params.token ?? '');
  if (found?.session.clientId !== app.clientId || found.session.end !== undefined) {
    setOutcome(state.ledger, entry, 'unknown');
    return empty(200);
  }
  entry.sessionId = found.session.id;
  if (found.kind === 'spent-refresh' || found.kind === 'former-access') {
    setOutcome(state.ledger, entry, 'spent');
    return empty(200);
  }
  setOutcome(state.ledger, entry, 'revoked');
  endSession(state, found.session, 'revoked');
  return empty(200);
};

const processRequest = (state: State, arrival: Arrival): Answer => {
  const { request, params, app, bucket } = arrival;
  if (params === undefined) return refused(state, arrival, 'CMN-101');
  const credentials = claimedCredentials(request.authorization, params);
  if (app === undefined || credentials === undefined || !credentialsAreRight(app, credentials)) {
    return refused(state, arrival, 'OAU-153');
  }
  const verdict = bucket && admit(bucket, state.rules, state.clock());
  if (verdict?.limited) return limited(state, arrival, verdict);
  state.revision += 1;
  if (request.endpoint === 'revoke' && params.token === undefined) {
    return refused(state, arrival, 'CMN-101', 'Parameter [token] is missing');
  }
  const answer =
    request.endpoint === 'token' ? token(state, arrival, app, params) : revoke(state, arrival, app, params);
  return { ...answer, headers: { ...answer.headers, ...verdict?.headers } };
};

/** A request has arrived. Nothing has an effect yet. */
export const arrive = (state: State, request: AuthRequest): Exchange => {
  const arrival = look(state, request);
  const { entry, session, bucket } = arrival;
  judgeArrival(state, arrival);
  countInFlight(state, session, 1);
  return {
    ownerId: entry.ownerId,
    process: () => processRequest(state, arrival),
    penalise: (penaltyMs = state.rules.penaltyMs) => {
      const verdict = penalise(bucket ?? { requestedAt: [] }, penaltyMs, state.rules, state.clock());
      return limited(state, arrival, verdict);
    },
    faulted: fault => {
      entry.fault = fault;
    },
    settle: delivery => {
      if (entry.delivery !== 'pending') return;
      entry.delivery = delivery;
      state.revision += 1;
      countInFlight(state, session, -1);
      if (delivery === 'delivered') noteDelivered(arrival);
    },
  };
};
